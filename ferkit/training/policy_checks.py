"""What policies may answer, checked."""

from __future__ import annotations

from collections.abc import Collection
from itertools import pairwise

import torch
from torch import Tensor

from ferkit.contracts.policies import Cadence, LabelUpdate, SampleWeighting
from ferkit.contracts.training import Split
from ferkit.errors import FerkitError, RunError

ORDER: tuple[Cadence, ...] = ("start", "round", "epoch", "step")


def check_order(split: Split, updates: Collection[LabelUpdate]) -> None:
    """Refuse a list in which a seldom update follows one that acts more often.

    The later one would be handed tables that the earlier one has not made yet. One of cadence
    `start` may stand anywhere: it acts again on whatever those before it say anew.
    """
    ranks = [ORDER.index(update.every) for update in updates if update.every != "start"]
    for before, after in pairwise(ranks):
        if after < before:
            raise FerkitError(
                f"a label update that acts every '{ORDER[after]}' can't follow one that acts "
                f"every '{ORDER[before]}'.",
                where=f"{split}.label_updates",
                hint="Put those that act seldom first.",
            )


def checked_targets(said: Tensor, like: Tensor, policy: LabelUpdate) -> Tensor:
    """`said`, if it is (N, K), finite, not negative, and its rows sum to 1; else a RunError."""
    name = type(policy).__name__
    if said.shape != like.shape:
        raise RunError(f"{name} answered {tuple(said.shape)}, not {tuple(like.shape)}.")
    said = said.detach()
    sums = said.sum(-1)
    if not (torch.allclose(sums, torch.ones_like(sums), atol=1e-3) and bool((said >= 0).all())):
        raise RunError(f"{name} answered rows that are not distributions.")
    return said


def checked_weight(said: Tensor, like: Tensor, policy: SampleWeighting) -> Tensor:
    """`said`, if it is (N,), finite and not negative; else a RunError."""
    name = type(policy).__name__
    if said.shape != like.shape:
        raise RunError(f"{name} answered {tuple(said.shape)}, not {tuple(like.shape)}.")
    said = said.detach()
    if not bool((torch.isfinite(said) & (said >= 0)).all()):
        raise RunError(f"{name} answered weights that are negative or not finite.")
    return said
