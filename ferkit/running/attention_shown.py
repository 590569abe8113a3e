"""Predicts some clips once more, to show where the network looked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ferkit.data.loader import SplitData
from ferkit.evaluation.attention_examples import (
    AttentionExample,
    AttentionMeans,
    AttentionShown,
    example_places,
)
from ferkit.model.face_model import FaceModel, Output
from ferkit.running.attention import AttentionWatch, true_labels
from ferkit.training.predict import Predicted, predict_batches

MOST_MEAN = 32
"""Clips whose crops are averaged, to show mean maps on."""


def show_attention(
    model: FaceModel,
    split: SplitData,
    watch: AttentionWatch,
    probs: Tensor,
    *,
    classes: Sequence[str],
    regions: Sequence[str],
    frames: int | None,
    device: torch.device | str,
    autocast: Callable[[], AbstractContextManager[object]] = nullcontext,
) -> AttentionShown | None:
    """What the figures of attention need: a clip of each class, predicted once more.

    Args:
        split, probs: whose predictions `watch` saw, and the (N, K) probabilities.
        frames: at most so many of each clip, as then.
    Returns: None where there were no weights.
    """
    if not watch.found or not len(split):
        return None
    seen = watch.predicted  # in a smoke run few are; the others' probabilities say nothing
    labels = true_labels(split.samples)[seen.numpy()]
    places = [int(seen[place]) for place in example_places(probs[seen].numpy(), labels)]
    shown = []
    known = watch.known
    strength = [None] * len(places) if known is None else known.intensity(places)
    batches = predict_batches(
        model, split, frames=frames, batch_size=1, device=device, autocast=autocast,
        chosen=torch.tensor(places, dtype=torch.int64),
    )  # fmt: skip
    for place, batch, own in zip(places, batches, strength, strict=True):
        if not batch.valid.any():
            continue
        best = int(probs[place].argmax())
        name = f"{classes[best]} {100 * float(probs[place, best]):.0f} %"
        truth = int(true_labels([split.samples[place]])[0])
        if truth != best and truth >= 0:
            name += f" (is {classes[truth]})"
        shown.append(_example(split, batch, name, frames=frames, intensity=own))
    spread = torch.linspace(0, len(seen) - 1, min(MOST_MEAN, len(seen))).long()
    clips = split.read(seen[spread], 1)
    there = clips.valid[:, 0, :, None, None, None]
    mean = (clips.frames[:, 0] * there).sum(0) / there.sum(0).clamp(min=1)
    return AttentionShown(
        tuple(shown),
        AttentionMeans(tuple(watch.mean_maps()), mean.round().to(torch.uint8).numpy()),
        tuple(regions),
    )


def _example(
    split: SplitData,
    batch: Predicted,
    caption: str,
    *,
    frames: int | None,
    intensity: NDArray[np.float64] | None,
) -> AttentionExample:
    valid = batch.valid[0].any(1)  # (T,)
    clips = split.read(batch.ids, frames)
    slots = {name: _first(batch.output, name, valid) for name in ("regions", "frames")}
    return AttentionExample(
        crops=clips.frames[0][valid].numpy(),
        maps=tuple(own[0].float().cpu()[valid].numpy() for own in batch.output.weights["space"]),
        regions=slots["regions"],
        frames=slots["frames"],
        intensity=intensity if intensity is not None and len(intensity) == valid.sum() else None,
        caption=caption,
    )


def _first(output: Output, slot: str, valid: Tensor) -> NDArray[np.float32] | None:
    weights = output.weights[slot]
    return weights[0][0].float().cpu()[valid].numpy() if weights else None
