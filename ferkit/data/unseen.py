"""Samples that no model sees because nothing could be cropped of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ferkit.contracts.data import Problem, Sample


class Unseen(NamedTuple):
    """A labelled sample without crops. kind: why, as preparation calls it: "no face", ..."""

    sample: Sample
    kind: str


def without_crops(count: int, kept: Sequence[int], failures: Sequence[Problem]) -> dict[int, str]:
    """What preparation left out of a data set: position of the row -> why.

    Args:
        count: rows of the data set.
        kept: positions of those that have crops.
        failures: of preparation; those that say "dropped" are of the others, in their order.
    """
    here = set(kept)
    missing = [place for place in range(count) if place not in here]
    kinds = [failure.kind for failure in failures if failure.dropped]
    if len(kinds) != len(missing):
        kinds = ["not usable"] * len(missing)
    return dict(zip(missing, kinds, strict=True))
