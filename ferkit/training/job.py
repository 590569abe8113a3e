"""What the trainer is given and what it returns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple, Protocol

from torch import Tensor

from ferkit.contracts.policies import LabelUpdate, SampleWeighting
from ferkit.contracts.training import NetworkName, SSLLoop
from ferkit.data.loader import SplitData
from ferkit.model.face_model import FaceModel
from ferkit.sections import ModelSection, TrainingSection

Row = Mapping[str, float | int | str | None]
"""An epoch: phase, round, epoch and step (both counted from 1, within the phase), train_loss,
validation_loss, validation_accuracy, lr, seconds and what loop and policies log; None where
there is no such number."""


class Histogram(NamedTuple):
    """The weights of a split's samples in one epoch.

    epoch: from 1, as in `Row`. counts: samples by bin, see `ferkit.training.logged`.
    """

    phase: str
    round: int
    epoch: int
    split: str
    counts: tuple[int, ...]


class Observer(Protocol):
    """Is told how training goes; never computes inside a step."""

    def phase_started(self, phase: str, epochs: int) -> None:
        """A phase of at most `epochs` epochs begins (or goes on, after a resumption)."""
        ...

    def epoch_finished(self, row: Row) -> None: ...

    def weights_counted(self, histograms: Sequence[Histogram]) -> None:
        """How the weights of the epoch that ends are spread, a histogram per split."""
        ...

    def step_finished(self, done: int, total: int, loss: float | None) -> None:
        """`done` of the epoch's `total` steps; the last known loss (not each step's on a GPU)."""
        ...

    def predicting(self, done: int, total: int) -> None:
        """`done` of the `total` samples of a split are predicted, in a pass between steps."""
        ...

    def note(self, text: str) -> None:
        """A sentence that the user must read."""
        ...


class Silence:
    """An observer that does nothing."""

    def phase_started(self, phase: str, epochs: int) -> None: ...

    def epoch_finished(self, row: Row) -> None: ...

    def weights_counted(self, histograms: Sequence[Histogram]) -> None: ...

    def step_finished(self, done: int, total: int, loss: float | None) -> None: ...

    def predicting(self, done: int, total: int) -> None: ...

    def note(self, text: str) -> None: ...


@dataclass(frozen=True)
class PolicyChain:
    """The policies of one split: label updates composed in order, weightings multiplied."""

    label_updates: Sequence[LabelUpdate] = ()
    weightings: Sequence[SampleWeighting] = ()


@dataclass(frozen=True)
class Blueprint:
    """A network before it is made.

    section: of the recipe. build: makes it; its weights come from torch's global generator.
    init: weights to start from: a `.safetensors` file of `checkpoints/`, or None.
    """

    section: ModelSection
    build: Callable[[], FaceModel]
    init: Path | None = None


@dataclass(frozen=True)
class TrainingJob:
    """One training: data, network, loop and policies.

    Args:
        training, model: sections of the recipe.
        seed: of everything random.
        classes: K names in label order.
        loop: an SSL loop.
        labelled, unlabelled, validation: splits; the last two may be missing.
        labelled_policies, unlabelled_policies: what their samples are to answer and count.
        build_model: makes the network; its weights come from torch's global generator.
        folder: of checkpoints; made if needed.
        regions, image_size: of the crops, written beside the weights.
        init: weights to start from: a `.safetensors` file of `checkpoints/`, or None.
        student: network of the phases that train one; None: that of the others.
        smoke: one batch through every phase, predictions of one batch.
        observer: is told of the progress.
    """

    training: TrainingSection
    model: ModelSection
    seed: int
    classes: tuple[str, ...]
    loop: SSLLoop
    labelled: SplitData
    build_model: Callable[[], FaceModel]
    folder: Path
    unlabelled: SplitData | None = None
    validation: SplitData | None = None
    labelled_policies: PolicyChain = field(default_factory=PolicyChain)
    unlabelled_policies: PolicyChain = field(default_factory=PolicyChain)
    regions: tuple[str, ...] = ("face",)
    image_size: int = 0
    init: Path | None = None
    student: Blueprint | None = None
    smoke: bool = False
    observer: Observer = field(default_factory=Silence)

    def blueprint(self, network: NetworkName) -> Blueprint:
        """Of the network that a phase names."""
        if network == "model":
            return Blueprint(self.model, self.build_model, self.init)
        if self.student is not None:
            return self.student
        return Blueprint(self.model, self.build_model, None if self.init_is_first else self.init)

    @property
    def init_is_first(self) -> bool:
        """Whether `init` is a first model and not where networks start from."""
        return any(phase.initial for phase in self.loop.phases())


@dataclass(frozen=True)
class SampleTable:
    """What training made of the samples of a split.

    given: (N,) int64. target: (N, K) in force at the end. weight: (N,) in force at the end.
    probs: (N, K) of the final network on the clean view. loss: (N,) of them against `target`.
    """

    given: Tensor
    target: Tensor
    weight: Tensor
    probs: Tensor
    loss: Tensor


@dataclass(frozen=True)
class PhaseSummary:
    """How a phase ended. epochs: how many were trained. best_epoch: counted from 1, of the
    lowest validation loss; None without validation. kept: "best", "last", or "init" where the
    recipe's `init` stands for the phase. file: name of the weights it handed on, in the
    checkpoint folder. round, network: of the phase. validation_loss, validation_accuracy: of the
    weights it handed on; None without validation. other_file: name of the weights that it did not
    hand on, of its last epoch or its best; None where both are one, or only one was kept."""

    name: str
    epochs: int
    steps: int
    best_epoch: int | None
    best_validation_loss: float | None
    kept: str
    file: str
    round: int = 0
    network: NetworkName = "model"
    validation_loss: float | None = None
    validation_accuracy: float | None = None
    other_file: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


@dataclass(frozen=True)
class TrainedRound:
    """A round that was run, of several of which the best counts.

    best_so_far: place of the round whose weights would have counted had this been the last.
    open: its network with the weights it handed on, in evaluation mode, on the device. Raises:
        FerkitError: their file is gone or damaged.
    """

    summary: PhaseSummary
    best_so_far: int
    open: Callable[[], FaceModel]


@dataclass(frozen=True)
class TrainedEpoch:
    """The last epoch of the final phase, or that of its lowest validation loss.

    kind: "last" or "best". epoch: from 1, within the phase. validation_loss, validation_accuracy:
    after it; None without validation. used: whether the final weights are of this epoch (also
    where the other one is the same). file: of its weights, in the checkpoint folder.
    open: the first network with these weights, in evaluation mode, on the device. Raises:
        FerkitError: their file is gone or damaged.
    """

    kind: Literal["best", "last"]
    epoch: int
    validation_loss: float | None
    validation_accuracy: float | None
    used: bool
    file: str
    open: Callable[[], FaceModel]


@dataclass(frozen=True)
class Trained:
    """The result. model: with the final weights, in evaluation mode, on `device`. final: the
    phase that handed these weights on; None where no phase was run. rounds: in their order; empty
    for a loop without. epochs: of the final phase, "best" before "last"; only "last" without
    validation, none where given weights stand for the phase."""

    model: FaceModel
    device: str
    history: tuple[Row, ...]
    phases: tuple[PhaseSummary, ...]
    labelled: SampleTable
    unlabelled: SampleTable | None
    notes: tuple[str, ...] = ()
    histograms: tuple[Histogram, ...] = ()
    final: PhaseSummary | None = None
    rounds: tuple[TrainedRound, ...] = ()
    epochs: tuple[TrainedEpoch, ...] = ()
