"""Wrong labels put in on purpose: the same samples whatever the order of files."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from ferkit.contracts.data import Problem
from ferkit.data.holdout import rank
from ferkit.data.members import Member
from ferkit.sections import NoiseSection


def flipped_keys(labels: Mapping[str, int], rate: float, *, seed: int) -> set[str]:
    """Choose the samples whose labels become wrong: round(rate * N), spread over the classes.

    Samples of a class stand at even distances on a line from 0 to 1, in an order that the seed
    shuffles; the first ones of all classes together are chosen. So a lower rate chooses a part
    of what a higher one does.

    Args:
        labels: key of the sample -> label; N of them.
        rate: in [0, 1].
    """
    by_class: dict[int, list[str]] = {}
    for key in sorted(labels, key=lambda key: rank(seed, "noise", key)):
        by_class.setdefault(labels[key], []).append(key)
    line = sorted(
        ((place + 0.5) / len(keys), rank(seed, "noise", f"class {label}"), key)
        for label, keys in by_class.items()
        for place, key in enumerate(keys)
    )
    return {key for _, _, key in line[: math.floor(rate * len(labels) + 0.5)]}


def wrong_label(key: str, label: int, classes: int, noise: NoiseSection) -> int:
    """What the label of a sample becomes: another one, the same at every rate.

    Args:
        key: of the sample. label: the given one. classes: K, at least 2.
    """
    if noise.kind == "pair":
        return (label + 1) % classes
    draw = int.from_bytes(rank(noise.seed, "wrong label", key), "big") % (classes - 1)
    return draw + (draw >= label)


def with_wrong_labels(
    members: Sequence[Member], noise: NoiseSection, *, classes: int
) -> tuple[list[Member], int]:
    """Replace labels of a split.

    The label before becomes the truth, of samples that keep it too, unless another truth is
    known. Votes change places like the label: what was given to the old class is now the new
    one's and the other way round, so that votes look as they did and do not betray the sample.

    Args:
        members: of one split, all with labels.
        classes: K; with one only nothing is replaced.
    Returns: the members in the same order, and how many labels were replaced.
    """
    if classes < 2:
        return list(members), 0
    labels = {member.key: member.sample.label for member in members}
    chosen = flipped_keys(labels, noise.rate, seed=noise.seed)
    found = []
    for member in members:
        sample = member.sample
        truth = sample.truth if sample.truth >= 0 else sample.label
        label, votes = sample.label, sample.votes
        if member.key in chosen:
            label = wrong_label(member.key, sample.label, classes, noise)
            votes = _swapped(votes, sample.label, label)
        found.append(member._replace(sample=replace(sample, label=label, votes=votes, truth=truth)))
    return found, len(chosen)


def told(noise: NoiseSection, replaced: Mapping[str, tuple[int, int]]) -> Problem:
    """What the user must hear of it.

    Args:
        replaced: name of the split -> how many labels of how many were replaced.
    """
    parts = [f"{wrong} of {n} {name}" for name, (wrong, n) in replaced.items()]
    what = (
        f"{' and '.join(parts)} labels were replaced by wrong ones ({noise.kind}, rate"
        f" {noise.rate:g}, seed {noise.seed})."
    )
    return Problem("injected label noise", "data.noise", what, dropped=False)


def _swapped(votes: tuple[float, ...] | None, one: int, other: int) -> tuple[float, ...] | None:
    if votes is None:
        return None
    moved = list(votes)
    moved[one], moved[other] = moved[other], moved[one]
    return tuple(moved)
