"""Label updates and sample weightings: what they are told and what they answer.

K classes, N samples, D features. `ids` are positions within a split (0 .. N-1), the same in every
epoch.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, Protocol

from torch import Tensor, nn

Cadence = Literal["start", "round", "epoch", "step"]
"""When a policy acts. `start`: once, from the given labels alone, and in every phase, and again
whenever a label update before it says something new; the others only in adaptive phases: at the
start of each round or epoch with beliefs over the whole split, or within each step with beliefs
over the batch."""


class Beliefs(NamedTuple):
    """What is known of some samples when a policy acts. All but `student_*` are detached.

    ids: (N,) int64.
    given: (N,) int64, the given label, -1 if none.
    given_probs: (N, K) given votes as a distribution, one-hot where there is only a label,
        zeros where nothing is given.
    probs: (N, K) of the labelling network on the clean or weak view.
    targets: (N, K) in force: for a weighting of cadence `epoch`, those the finished epoch used;
        for a label update, what the update before it in the list answered (the first one gets
        `given_probs` for the labelled and `probs` for the unlabelled split).
    losses: (N,) cross-entropy of `probs` against the targets in force.
    student_probs: (N, K) of the student on the view it trains on, with gradient, or None.
    student_features: (N, D) of the same, with gradient, or None.
    labelled: the labelled split's beliefs, for policies on the unlabelled split.
    total: how many samples the whole split has; `ids` are below it.
    """

    ids: Tensor
    given: Tensor
    given_probs: Tensor
    probs: Tensor
    targets: Tensor
    losses: Tensor
    student_probs: Tensor | None = None
    student_features: Tensor | None = None
    labelled: Beliefs | None = None
    total: int = 0


class Progress(NamedTuple):
    """Where training stands.

    phase, round: name and number of the phase. epoch: within the phase, from 0.
    epochs: at most, in this phase. step, steps: within the phase; steps is an estimate.
    validation_losses: one per finished epoch of this phase, mean cross-entropy, unweighted.
    """

    phase: str
    round: int
    epoch: int
    epochs: int
    step: int
    steps: int
    validation_losses: tuple[float, ...]


class Targets(NamedTuple):
    """What samples are to answer.

    target: (N, K) float, rows sum to 1. probs: (N, K), what the policies after this one are to take
    for the predictions (`Beliefs.probs`), such as aligned ones; None: the same as before.
    """

    target: Tensor
    probs: Tensor | None = None


class Weights(NamedTuple):
    """weight: (N,) float >= 0. penalty: () added to the loss. logit_scale: (N,) or None."""

    weight: Tensor
    penalty: Tensor
    logit_scale: Tensor | None = None


class LabelUpdate(Protocol):
    """Says what the network is to answer.

    May have `state_dict`/`load_state_dict` (tensors indexed by sample id), which then travel with
    the checkpoint. May have `scalars() -> Mapping[str, float]`: numbers on its last action. It is
    asked right after each action on a whole split, and after each step with samples of the split
    for cadence `step`; metrics.csv shows them, or their mean over the steps, in the columns
    `<split>_<name>`. What there is no number for is left out. (On the labelled split, `start`
    policies act before the first epoch and are not asked.)
    """

    every: Cadence

    def update(self, beliefs: Beliefs, progress: Progress) -> Targets: ...


class SampleWeighting(Protocol):
    """Says how much each sample counts. State and `scalars` as for `LabelUpdate`.

    One of cadence `step` may have `scale_logits(features: (n, D)) -> (n,)`, above 0 and with
    gradient: the factor of the student's logits in this step. It is asked before the label
    updates, so that all policies see what the scaled logits say; `Weights.logit_scale` stays None.
    """

    every: Cadence

    def weigh(self, beliefs: Beliefs, targets: Tensor, progress: Progress) -> Weights:
        """`targets`: (N, K); for cadence `step` those of this step, else `beliefs.targets`."""
        ...


class Learnable(Protocol):
    """What a policy or a loop may have besides, to learn something of its own.

    `make_module` is asked whenever networks start anew: at the start of each phase that does not
    go on with the one before's. The module is trained by the network's optimiser and saved in
    checkpoints; the policy keeps a reference and calls it in its own methods, within a step. It is
    no part of the model that a run hands on.
    """

    def make_module(self, dim: int, classes: int) -> nn.Module:
        """A module with fresh weights from torch's generator; `dim` is D of the features."""
        ...
