"""What the figures of attention are drawn from, and which samples they show."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]

MOST = 7
"""Samples that are shown, one of a class."""


class AttentionExample(NamedTuple):
    """A clip of T valid frames with the weights that its prediction gave it.

    crops: (T, R, 3, S, S) uint8. maps: of each stage (T, R, hops, H, W), () if there are none.
    regions: (T, R) or None. frames: (T,) or None. intensity: (T,) where it is known, or None.
    caption: what was predicted.
    """

    crops: NDArray[np.uint8]
    maps: tuple[Floats, ...]
    regions: Floats | None
    frames: Floats | None
    intensity: Floats | None
    caption: str

    @property
    def heaviest(self) -> int:
        """The frame that weighs most; the middle one where frames have no weights."""
        return len(self.crops) // 2 if self.frames is None else int(np.argmax(self.frames))


class AttentionMeans(NamedTuple):
    """maps: of each stage the mean over many frames, (R, hops, H, W). crop: (R, 3, S, S) uint8,
    mean of many."""

    maps: tuple[Floats, ...]
    crop: NDArray[np.uint8]


class AttentionShown(NamedTuple):
    """What the figures of attention need. regions: R names."""

    examples: Sequence[AttentionExample]
    means: AttentionMeans
    regions: tuple[str, ...]


def example_places(probs: Floats, labels: NDArray[np.int64]) -> list[int]:
    """Of each class the sample that is predicted as it most surely, rightly if there is one.

    Args:
        probs: (N, K). labels: (N,) true classes, -1 where unknown; where all are, the predicted
            ones stand for them.
    Returns: at most `MOST` places, in the order of the classes.
    """
    known = labels if (labels >= 0).any() else probs.argmax(axis=1)
    places = []
    for row in range(probs.shape[1]):
        own = np.flatnonzero(known == row)
        if len(own):
            places.append(int(own[np.argmax(probs[own, row])]))
    return places[:MOST]


def density(maps: Sequence[Floats], side: int) -> Floats:
    """Maps of several stages as one, over their places: 1 where attention is evenly spread.

    Args:
        maps: of each stage (hops, H, W), each hop summing to 1. Where the stages differ in their
            number of hops, these are averaged first.
        side: of the answer, cells.
    Returns: (hops, side, side).
    """
    if len({own.shape[0] for own in maps}) > 1:
        maps = [own.mean(axis=0, keepdims=True) for own in maps]
    wide = [enlarged(own * own.shape[1] * own.shape[2], side) for own in maps]
    return np.asarray(np.mean(wide, axis=0))


def enlarged(maps: Floats, side: int) -> Floats:
    """(hops, H, W) -> (hops, side, side), bilinear between the middles of cells."""
    for axis in (1, 2):
        cells = maps.shape[axis]
        at = np.clip((np.arange(side) + 0.5) * cells / side - 0.5, 0, cells - 1)
        low = np.floor(at).astype(np.int64)
        high = np.minimum(low + 1, cells - 1)
        shape = [1, 1, 1]
        shape[axis] = side
        share = (at - low).reshape(shape)
        maps = maps.take(low, axis) * (1 - share) + maps.take(high, axis) * share
    return maps
