"""Predictions over a split, batch by batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, nullcontext
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor

from ferkit.contracts.data import Clips
from ferkit.data.augment import clean_view
from ferkit.data.loader import SplitData, pinned, prefetch
from ferkit.data.normalise import statistics_of
from ferkit.errors import FerkitError
from ferkit.model.face_model import FaceModel, Output

View = Callable[[Tensor, Clips], Clips]
"""(ids (n,) on the CPU, uint8 clips on the device) -> what the network is shown, in [0, 1]."""


class Predicted(NamedTuple):
    """A batch. ids: (n,) int64 on the CPU. valid: (n, T, R) bool on the CPU. output: on the device,
    attention weights included."""

    ids: Tensor
    valid: Tensor
    output: Output


def clean(ids: Tensor, clips: Clips) -> Clips:
    """The clean view, whatever the ids."""
    return clean_view(clips)


def predict_batches(
    model: FaceModel,
    split: SplitData,
    *,
    frames: int | None,
    batch_size: int,
    device: torch.device | str,
    autocast: Callable[[], AbstractContextManager[object]] = nullcontext,
    chosen: Tensor | None = None,
    view: View = clean,
) -> Iterator[Predicted]:
    """The network's output on a view, in the order of the split, in bounded memory.

    The network is in evaluation mode while a batch is computed, and as before between batches.

    Args:
        frames: at most so many frames of each clip; None takes all.
        chosen: (m,) int64 ids on the CPU, those to predict, in this order; None takes all.
        view: what the network is shown.
    """
    places = torch.arange(len(split)) if chosen is None else chosen

    def load(ids: Tensor) -> tuple[Tensor, Clips]:
        return ids, pinned(split.read(ids, frames), device)

    orders = (places[piece] for piece in id_batches(len(places), batch_size))
    with closing(prefetch(orders, load)) as loaded:
        for ids, clips in loaded:
            pixels = Clips(clips.frames.to(device, non_blocking=True), clips.valid)
            shown = view(ids, pixels)
            with torch.no_grad(), autocast(), evaluating(model):
                output = model(*shown)
            yield Predicted(ids, shown.valid, output)


def id_batches(count: int, batch_size: int) -> list[Tensor]:
    """0 .. count-1 in pieces, (n,) int64 each; none for a count of 0."""
    return [
        torch.arange(start, min(start + batch_size, count)) for start in range(0, count, batch_size)
    ]


class evaluating(AbstractContextManager[None]):
    """Evaluation mode within, the mode before it afterwards."""

    def __init__(self, model: torch.nn.Module) -> None:
        self._model = model

    def __enter__(self) -> None:
        self._was = self._model.training
        if self._was:
            self._model.eval()

    def __exit__(self, *error: object) -> None:
        if self._was:
            self._model.train()


def predict(
    model: FaceModel,
    split: SplitData,
    *,
    frames: int | None,
    batch_size: int,
    device: torch.device | str,
    autocast: Callable[[], AbstractContextManager[object]] = nullcontext,
    limit: int | None = None,
    between: Callable[[], None] | None = None,
    chosen: Tensor | None = None,
    view: View = clean,
    seen: Callable[[Predicted], None] | None = None,
) -> Tensor:
    """Class probabilities on a view; nothing of a batch but these is kept.

    Args:
        limit: predict so many samples only; the others get equal probabilities (`--smoke`).
        between: called after each batch; may raise to stop.
        chosen: (m,) int64 ids, predict these only; the others get equal probabilities.
        view: what the network is shown; default: the clean view.
        seen: is given each batch's whole output, and must not keep it.
    Returns: (N, K) float32 on the CPU.
    """
    places = (torch.arange(len(split)) if chosen is None else chosen)[:limit]
    # One tensor on the device, fetched at the end, so that a GPU is not waited for after every
    # batch. (Small tensors kept between the large ones would also keep freed memory from use.)
    found = torch.empty((len(places), model.classes), device=device)
    done = 0
    batches = predict_batches(
        model,
        split,
        frames=frames,
        batch_size=batch_size,
        device=device,
        autocast=autocast,
        chosen=places,
        view=view,
    )
    for batch in batches:
        found[done : done + len(batch.ids)] = batch.output.logits.softmax(-1)
        done += len(batch.ids)
        if seen is not None:
            seen(batch)
        if between is not None:
            between()
    probs = torch.full((len(split), model.classes), 1 / model.classes)
    probs[places] = found.cpu()
    return probs


def prediction_autocast(
    precision: str, device: torch.device, otherwise: Callable[[], AbstractContextManager[object]]
) -> Callable[[], AbstractContextManager[object]]:
    """What predictions of training samples are computed under.

    Args:
        precision: `training.prediction_precision`.
        device: of the network.
        otherwise: what training computes under.
    Raises: FerkitError: a precision that the device does not have.
    """
    if precision == "auto":
        # Before compute capability 8, bf16 is emulated and slow.
        fast = device.type == "cuda" and torch.cuda.get_device_capability(device) >= (8, 0)
        if not fast:
            return otherwise
        precision = "bf16-mixed"
    if precision == "32-true":
        return nullcontext
    if precision == "16-mixed" and device.type == "cpu":
        raise FerkitError(
            "'16-mixed' needs a GPU.",
            where="training.prediction_precision",
            hint="Write auto, bf16-mixed or 32-true on a CPU.",
        )
    kind = torch.bfloat16 if precision == "bf16-mixed" else torch.float16
    return partial(torch.autocast, device.type, dtype=kind)


def split_statistics(
    split: SplitData, *, frames: int | None, batch_size: int, limit: int | None = None
) -> tuple[Tensor, Tensor]:
    """Mean and deviation per channel of a split's pixels: (3,), (3,) in [0, 1] units (A13)."""
    count = len(split) if limit is None else min(limit, len(split))
    return statistics_of(split.read(ids, frames) for ids in id_batches(count, batch_size))
