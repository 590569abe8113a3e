"""The label update `scn_relabel`."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from ferkit.contracts.policies import Beliefs, Cadence, Progress, Targets
from ferkit.plugin import Context
from ferkit.training.sample_tables import last_places, table_for
from ferkit_scn.params import ScnRelabelParams


def contradicted(probs: Tensor, labels: Tensor, margin: float) -> Tensor:
    """Where the largest probability exceeds that of the label by more than the margin.

    Args:
        probs: (n, K). labels: (n,) int64.
    Returns: (n,) bool.
    Source: Wang et al. (arXiv:2002.10392), section 3, relabelling.
    """
    largest = probs.amax(-1)
    own = probs.gather(-1, labels[:, None]).flatten()
    return largest - own > margin


class ScnRelabelling:
    """What it is handed, but for samples that have been relabelled: the class they got.

    A sample gets its new label when it is used the next time. From then on that one is compared
    with the predictions, and may be replaced again. Where nothing is given (unlabelled samples), a
    relabelling ends with the round: the next teacher labels them anew.
    """

    every: Cadence = "step"

    def __init__(self, params: ScnRelabelParams) -> None:
        self.params = params
        self._table: Tensor | None = None  # (N, K): the new label, one-hot; zeros: none
        self._round = 0
        self._told: dict[str, Tensor | float] = {"relabelled": 0.0, "relabels": 0.0}

    def update(self, beliefs: Beliefs, progress: Progress) -> Targets:
        """By what the student says in this step, its logits scaled as a weighting wants it; where
        it is not told, by `beliefs.probs`."""
        ids, handed = beliefs.ids, beliefs.targets
        if progress.round != self._round:
            self._round = progress.round
            if bool((beliefs.given < 0).all()):
                self._table = None
        table = table_for(self._table, beliefs)
        self._table = table
        known = table[ids]
        new = known.any(-1)
        target = torch.where(new[:, None], known.to(handed), handed)
        self._told = {"relabelled": _share(new), "relabels": 0.0}
        if progress.epoch + 1 >= self.params.start_epoch:
            said = beliefs.probs if beliefs.student_probs is None else beliefs.student_probs
            last = last_places(ids)
            probs, labels = said.detach().float()[last], target.argmax(-1)[last]
            wrong = contradicted(probs, labels, self.params.margin)
            label = one_hot(probs.argmax(-1), probs.shape[1]).to(table)
            table[ids] = torch.where(wrong[:, None], label, known)
            self._told["relabels"] = _share(wrong)
        return Targets(target)

    def scalars(self) -> Mapping[str, Tensor | float]:
        """Shares of the step's samples: `relabelled`, of those that have a new label; `relabels`,
        of those that get one in this step."""
        return self._told

    def state_dict(self) -> dict[str, Tensor]:
        """The new labels, once there may be any."""
        if self._table is None:
            return {}
        return {"table": self._table, "round": torch.tensor(self._round)}

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Take back what `state_dict` gave."""
        self._table = state.get("table")
        self._round = int(state["round"]) if "round" in state else 0


def _share(which: Tensor) -> Tensor | float:
    return which.float().mean() if len(which) else 0.0


def make_scn_relabel(params: ScnRelabelParams, context: Context) -> ScnRelabelling:
    """Factory of the component `scn_relabel`."""
    return ScnRelabelling(params)
