"""Predicts a split again under alterations of its clips."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor

from ferkit.contracts.data import Clips, Sample
from ferkit.data import keyed
from ferkit.data.alterations import ALTERATIONS, Alteration
from ferkit.data.loader import SplitData
from ferkit.evaluation.stability import stability_results
from ferkit.model.face_model import FaceModel
from ferkit.training.predict import View, predict


def measure_stability(
    model: FaceModel,
    split: SplitData,
    probs: Tensor,
    *,
    seed: int,
    frames: int | None,
    batch_size: int,
    device: torch.device | str,
    autocast: Callable[[], AbstractContextManager[object]] = nullcontext,
    limit: int | None = None,
    between: Callable[[], None] | None = None,
) -> dict[str, Any] | None:
    """The entry `stability` of results.json; None for a split without samples.

    What is drawn for a clip depends on the seed, the alteration and the sample's id alone, so that
    runs with one seed see the same alterations.

    Args:
        probs: (N, K) of the unaltered split. limit: only so many of its samples.
        between: called after each alteration.
    """
    shown = len(split) if limit is None else min(limit, len(split))
    if not shown:
        return None
    clean, keys = probs[:shown].double().numpy(), sample_keys(split.samples)
    longest = _longest(split, frames)
    altered = {}
    for name, alteration in ALTERATIONS.items():
        if alteration.of_clips and longest < 2:
            continue
        again = predict(
            model,
            split,
            frames=frames,
            batch_size=batch_size,
            device=device,
            autocast=autocast,
            limit=limit,
            view=_view(alteration, seed, keys),
        )
        altered[name] = again[:shown].double().numpy()
        if between is not None:
            between()
    results = stability_results(clean, altered)
    for name, entry in (results or {}).get("alterations", {}).items():
        entry["what"] = ALTERATIONS[name].what
    return results


def sample_keys(samples: Sequence[Sample]) -> Tensor:
    """Of each sample a number from its id: (N,) int64."""
    unsigned = [keyed.text_key(sample.id) for sample in samples]
    return torch.tensor([key - (1 << 64) if key >> 63 else key for key in unsigned])


def _view(alteration: Alteration, seed: int, keys: Tensor) -> View:
    def view(ids: Tensor, clips: Clips) -> Clips:
        return alteration.alter(clips, seed, keys[ids].to(clips.frames.device))

    return view


def _longest(split: SplitData, frames: int | None) -> int:
    """Frames of the longest of a few clips."""
    few = torch.linspace(0, len(split) - 1, min(8, len(split))).long()
    return split.read(few, frames).frames.shape[1]
