"""Tables with a row per sample that policies of cadence `step` keep of their own."""

from __future__ import annotations

import torch
from torch import Tensor

from ferkit.contracts.policies import Beliefs


def table_for(table: Tensor | None, beliefs: Beliefs) -> Tensor:
    """The table, on the device of the beliefs and with a row for each sample of the split.

    Args:
        table: (M, K), or None where there is none yet.
        beliefs: of some samples. Where `total` is not told, rows reach to the largest id.
    Returns: (N, K) of the probabilities' dtype; rows that are new are zeros.
    """
    probs = beliefs.probs
    ids = beliefs.ids
    total = beliefs.total or (int(ids.max()) + 1 if len(ids) else 0)
    if table is None:
        return probs.new_zeros((total, probs.shape[1]))
    table = table.to(probs)
    if len(table) < total:
        table = torch.cat([table, table.new_zeros((total - len(table), table.shape[1]))])
    return table


def last_places(ids: Tensor) -> Tensor:
    """Where each sample of a step stands last in it, as one may be in a step more than once.

    Writing rows `values[last_places(ids)]` at `ids` gives the same on every device: rows of the
    same sample are equal.

    Args:
        ids: (n,) int64.
    Returns: (n,) int64; 0 .. n-1 where no id is there twice.
    """
    places = torch.arange(len(ids), device=ids.device)
    if len(ids) < 2:
        return places
    return ((ids[:, None] == ids) * places).amax(1)
