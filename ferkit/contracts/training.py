"""SSL loops: what they are told and what they answer; policies are in `ferkit.contracts.policies`.

K classes, N samples. `ids` are positions within a split (0 .. N-1), the same in every epoch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple, Protocol

import torch
from torch import Tensor

from ferkit.contracts.data import Clips
from ferkit.contracts.policies import Beliefs, Progress

Split = Literal["labelled", "unlabelled"]

NetworkName = Literal["model", "student"]
"""Sections of the recipe that describe a network."""


class Phase(NamedTuple):
    """A stretch of training with one optimiser.

    name: unique within the loop; names the checkpoint and the rows of metrics.csv.
    epochs: at most. patience: stop after so many epochs without a lower validation loss; None
        never stops early.
    keep: weights the phase hands on: of its lowest validation loss, or its last.
    start: "fresh" weights; those the phase before handed on ("previous"); or "initial": those
        that the recipe gives (`init:`, `student.init:`), else fresh ones. The first phase starts
        from the recipe's in any case.
    network: which one it trains: the recipe's "model" or its "student", which may be another
        network (section `student:`).
    adaptive: whether policies of cadence round, epoch and step act; False leaves `start` ones.
    beliefs: whether `plan_epoch` wants beliefs over both splits.
    predictions: how often the splits are predicted where anyone asks: before each "epoch", or
        once in the "phase". The latter is for a teacher that does not change ("previous"): each
        epoch gets the same beliefs, and `parts.decide` has the predictions of every sample.
    label_view: view of the unlabelled samples on which those predictions are made.
    label_dropout: whether dropout acts in them: before the head the one of the network that the
        phase trains, in the backbone that of the network that labels.
    initial: the phase makes a first model: skipped where the recipe gives one (`init:`), which is
        then no start for the recipe's "student"; "only": the recipe must give one.
    round: number of the round, for policies of cadence `round`.
    teacher: network that predicts in `parts.label` and in the predictions of whole splits:
        "student" itself, "ema", or "previous" (what the phase before handed on).
    unlabelled_part: in (0, 1], share of the unlabelled samples that is predicted before each
        epoch when `beliefs` is set, at least one sample: a random part, new in every epoch. The
        others get equal probabilities 1/K, so they never exceed a threshold of 1/K or more.
        Policies that act on the whole unlabelled split see these rows too, and can't tell them
        from predictions; a sample that such a row decides on should not be in the plan.
    views: of the phase's steps; None: the loop's.
    score: phases that have one are rounds of which the best counts: the weights that the one with
        the best validation score handed on are those that a later phase or the run's end gets; of
        equal ones the first. None: the phase is no such round.
    rounds_patience: a round that so many rounds without a better score came before is not run.
    average: share, below 1, that a step leaves of a moving average of the student's weights, which
        then is what is validated and handed on, whoever labels; None: the student itself is, unless
        the teacher is "ema" (whose share is then 0.999).
    """

    name: str
    epochs: int
    patience: int | None = None
    keep: Literal["best", "last"] = "best"
    start: Literal["fresh", "previous", "initial"] = "previous"
    adaptive: bool = True
    beliefs: bool = False
    initial: bool | Literal["only"] = False
    round: int = 0
    teacher: Literal["student", "ema", "previous"] = "student"
    unlabelled_part: float = 1.0
    network: NetworkName = "model"
    predictions: Literal["epoch", "phase"] = "epoch"
    label_view: str = "clean"
    label_dropout: bool = False
    views: Mapping[Split, tuple[str, ...]] | None = None
    score: Literal["accuracy", "loss"] | None = None
    rounds_patience: int | None = None
    average: float | None = None


class BatchIds(NamedTuple):
    """Sample ids of one step: (n,) int64 each; may be empty, may repeat."""

    labelled: Tensor
    unlabelled: Tensor


class EpochPlan(NamedTuple):
    """The steps of one epoch, in order, and what to log of how they were chosen.

    pool: (n,) int64 ids of the unlabelled samples that the loop holds usable in this epoch, or
        None where it does not choose. The trainer then logs how large the pool is, how many
        samples were picked (are in `batches`), by predicted class, and how many of both are
        predicted rightly as far as the truth is known; a loop never sees the truth.
    """

    batches: Sequence[BatchIds]
    scalars: Mapping[str, float]
    pool: Tensor | None = None


class SplitBeliefs(NamedTuple):
    """Beliefs over whole splits; None where the phase did not ask or there is no such split."""

    labelled: Beliefs | None
    unlabelled: Beliefs | None


class SplitSizes(NamedTuple):
    labelled: int
    unlabelled: int


class Part(NamedTuple):
    """The samples of one split in a step. views: name of the view -> clips of n samples."""

    ids: Tensor
    views: Mapping[str, Clips]


class Batch(NamedTuple):
    labelled: Part
    unlabelled: Part


class Prediction(NamedTuple):
    """logits: (N, K). features: (N, D). penalty: (N,) of the aggregations; the trainer adds it to
    the loss, a loop need not. maps: (N, T, R, C, H, W), the backbone's last, zeros in padding; None
    where they were not asked for, or there are none."""

    logits: Tensor
    features: Tensor
    penalty: Tensor
    maps: Tensor | None = None


class Decision(NamedTuple):
    """What the policies of one split answer for a batch.

    target: (n, K). weight: (n,). logit_scale: (n,) or None. penalty: () of the weightings that act
    every step; the trainer adds it to the loss, a loop need not.
    """

    target: Tensor
    weight: Tensor
    penalty: Tensor
    logit_scale: Tensor | None


class Parts(Protocol):
    """What the trainer lends a loop within a step."""

    classes: int
    class_weight: Tensor  # (K,) of the loss, ones if the recipe asks for none
    progress: Progress

    def predict(self, clips: Clips, *, network: int = 0, maps: bool = False) -> Prediction:
        """The student, in training mode, with gradient. maps: whether to give the last maps."""
        ...

    def classify(self, features: Tensor, *, network: int = 0) -> Tensor:
        """The student's last layer, dropout before it: (n, D) -> logits (n, K)."""
        ...

    def class_vectors(self, *, network: int = 0) -> Tensor:
        """(K, D) weights of the student's last layer, with gradient."""
        ...

    def label(self, clips: Clips, *, network: int = 0) -> Tensor:
        """(n, K) probabilities of the labelling network, detached."""
        ...

    def decide(
        self,
        split: Split,
        ids: Tensor,
        *,
        probs: Tensor | Literal["student"] | None,
        student: Prediction | None = None,
    ) -> Decision:
        """Targets and weights of a batch: the tables of the slower policies, then those that
        act every step, on `probs` (n, K) of the labelling network; "student": what `student` says
        itself; None: those that were predicted once in the phase (`Phase.predictions`)."""
        ...


class StepResult(NamedTuple):
    """loss: () with gradient. scalars: means to log, by name."""

    loss: Tensor
    scalars: Mapping[str, Tensor | float]


class SSLLoop(Protocol):
    """Decides what an epoch and a step are; owns neither optimiser nor device.

    views: per split the views a step gets: "clean", "weak" (A12), "strong" (B17); a phase may
        name others.
    networks: how many students are trained side by side.
    """

    views: Mapping[Split, tuple[str, ...]]
    networks: int

    def phases(self) -> Sequence[Phase]: ...

    def plan_epoch(
        self,
        phase: Phase,
        sizes: SplitSizes,
        beliefs: SplitBeliefs,
        *,
        batch_size: int,
        epoch: int,
        generator: torch.Generator,
    ) -> EpochPlan:
        """The steps of an epoch. epoch: of the phase, from 0. generator: starts anew in each, keyed
        by the run's seed, phase and epoch; for loops whose epochs do not hang together."""
        ...

    def step(self, batch: Batch, parts: Parts) -> StepResult: ...
