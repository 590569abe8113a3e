"""Where training stands, as values that a checkpoint holds."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import torch
from torch import Tensor

from ferkit.contracts.training import BatchIds, EpochPlan, NetworkName, Phase
from ferkit.errors import RunError

CHECK_EVERY = 50
"""Steps between two looks at whether the loss is finite; each makes a GPU wait."""


@dataclass
class Position:
    """Of the whole training. All JSON values.

    phase: number of the phase under way. entered: whether it has begun. epoch: of it, from 0.
    network: which one is trained, or was last. before: which one the phase before handed on.
    step: optimiser steps done in it. stale: epochs since the lowest validation loss.
    history: rows of metrics.csv. histograms: fields of `ferkit.training.job.Histogram`.
    """

    phase: int = 0
    entered: bool = False
    network: NetworkName = "model"
    before: NetworkName = "model"
    epoch: int = 0
    step: int = 0
    steps_per_epoch: int = 0
    validation_losses: list[float] = field(default_factory=list)
    best_loss: float | None = None
    best_epoch: int | None = None
    stale: int = 0
    finished: bool = False
    history: list[dict[str, Any]] = field(default_factory=list)
    histograms: list[list[Any]] = field(default_factory=list)
    summaries: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def enter(self) -> None:
        """The phase begins."""
        self.entered = True
        self.epoch = self.step = self.steps_per_epoch = self.stale = 0
        self.validation_losses, self.best_loss, self.best_epoch = [], None, None

    def validated(self, loss: float) -> bool:
        """Note an epoch's validation loss; whether it is the lowest of the phase."""
        self.validation_losses.append(loss)
        if self.best_loss is None or loss < self.best_loss:
            self.best_loss, self.best_epoch, self.stale = loss, self.epoch + 1, 0
            return True
        self.stale += 1
        return False

    def ended(self, phase: Phase) -> bool:
        """Whether the phase has had its epochs, or its patience is used up."""
        out_of_patience = phase.patience is not None and self.stale >= phase.patience
        return self.epoch >= phase.epochs or out_of_patience

    def as_dict(self) -> dict[str, Any]:
        """JSON values."""
        return asdict(self)


class Epoch:
    """An epoch under way: its plan, how far it is, and sums over its steps.

    Args:
        plan: of the loop.
        device: of the sums.
        phase, number: for messages; number is from 0.
    """

    def __init__(self, plan: EpochPlan, *, device: torch.device, phase: str, number: int) -> None:
        self.batches = list(plan.batches)
        self.scalars: dict[str, float] = {n: float(v) for n, v in plan.scalars.items()}
        self.done = 0
        self.samples = 0
        self.begun = time.monotonic()
        self.last_loss: float | None = None
        self._device, self._phase, self._number = device, phase, number
        self.sums: dict[str, Tensor] = {}
        self._unseen: list[Tensor] = []

    def add(self, values: Mapping[str, Tensor | float], samples: int) -> None:
        """Add means over `samples` samples of a step."""
        for name, value in values.items():
            weighted = torch.as_tensor(value, dtype=torch.float32, device=self._device) * samples
            self.sums[name] = self.sums[name] + weighted if name in self.sums else weighted

    def stepped(self, loss: Tensor, samples: int) -> None:
        """A step is done; its loss () is looked at now and then (at once on a CPU)."""
        self.done += 1
        self.samples += samples
        self._unseen.append(loss)
        if loss.device.type == "cpu" or len(self._unseen) >= CHECK_EVERY:
            self.check()

    def check(self) -> None:
        """Look at the losses since the last look. Raises: RunError: one is not finite."""
        if not self._unseen:
            return
        values: list[float] = torch.stack(self._unseen).tolist()
        first = self.done - len(values)
        self._unseen = []
        for place, value in enumerate(values):
            if not math.isfinite(value):
                raise RunError(
                    f"the loss is {value} in phase '{self._phase}', epoch {self._number + 1}, "
                    f"step {first + place + 1}.",
                    hint="Try a lower training.optimiser.lr, training.clip_norm: 1, or "
                    "training.precision: 32-true. The last checkpoint is kept.",
                )
        self.last_loss = values[-1]

    def seconds(self) -> float:
        """Since it began, without the time between a stop and a resumption."""
        return time.monotonic() - self.begun

    def means(self) -> dict[str, float]:
        """Means over all samples of the epoch."""
        return {name: float(value) / max(self.samples, 1) for name, value in self.sums.items()}

    def tensors(self) -> dict[str, Tensor]:
        """Plan and sums, for a checkpoint."""
        ids = {
            "plan.labelled": torch.cat([batch.labelled for batch in self.batches]),
            "plan.unlabelled": torch.cat([batch.unlabelled for batch in self.batches]),
            "plan.lengths": torch.tensor(
                [[len(batch.labelled), len(batch.unlabelled)] for batch in self.batches]
            ),
        }
        return ids | {f"sums.{name}": value for name, value in self.sums.items()}

    def as_dict(self) -> dict[str, Any]:
        """JSON values, for a checkpoint."""
        names = ("scalars", "done", "samples", "last_loss")
        return {name: getattr(self, name) for name in names} | {"seconds": self.seconds()}


def restore_epoch(
    tensors: Mapping[str, Tensor],
    state: Mapping[str, Any],
    *,
    device: torch.device,
    phase: str,
    number: int,
) -> Epoch:
    """The epoch that `tensors` and `as_dict` of another one describe."""
    mine, others = tensors["plan.lengths"].T.tolist()
    batches = [
        BatchIds(labelled, unlabelled)
        for labelled, unlabelled in zip(
            torch.split(tensors["plan.labelled"], mine),
            torch.split(tensors["plan.unlabelled"], others),
            strict=True,
        )
    ]
    epoch = Epoch(EpochPlan(batches, {}), device=device, phase=phase, number=number)
    epoch.scalars = dict(state["scalars"])
    epoch.done, epoch.samples, epoch.last_loss = (
        state["done"],
        state["samples"],
        state["last_loss"],
    )
    epoch.begun = time.monotonic() - state["seconds"]
    epoch.sums = {
        name.removeprefix("sums."): tensor.to(device)
        for name, tensor in tensors.items()
        if name.startswith("sums.")
    }
    return epoch
