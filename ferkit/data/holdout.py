"""Which groups of samples are held out, and which labels are kept."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import NamedTuple

_CHOICE = 8  # groups looked at for each that is taken: more balance better, but favour the fitting


class Group(NamedTuple):
    """Samples that stay on one side.

    key: the same whatever the order of files. counts: label -> number of labelled samples.
    """

    key: str
    counts: Mapping[int, int]


def rank(seed: int, purpose: str, key: str) -> bytes:
    """Sorting by it shuffles by the seed, whatever order the keys come in."""
    return hashlib.blake2b(f"{seed}/{purpose}/{key}".encode(), digest_size=16).digest()


def class_targets(
    counts: Mapping[int, int], fraction: float, *, seed: int, purpose: str
) -> dict[int, int]:
    """How many samples of each class to hold out: `fraction` of each, and of all.

    The sum is `fraction` of all, rounded, at least 1; what the classes' own shares leave over
    after rounding down goes to the largest remainders, ties by the seed.
    """
    exact = {label: fraction * n for label, n in counts.items()}
    targets = {label: math.floor(share + 1e-9) for label, share in exact.items()}
    total = max(1, math.floor(fraction * sum(counts.values()) + 0.5))
    order = sorted(
        counts,
        key=lambda label: (
            round(targets[label] - exact[label], 9),
            rank(seed, purpose, f"class {label}"),
        ),
    )
    for label in order[: max(0, total - sum(targets.values()))]:
        targets[label] += 1
    return targets


def choose_groups(
    groups: Sequence[Group],
    counts: Mapping[int, int],
    fraction: float,
    *,
    seed: int,
    purpose: str,
) -> set[str]:
    """Choose groups whose samples together are about `fraction` of every class.

    Groups come in an order that the seed shuffles. Of the next few, the one is taken that brings
    the classes nearest to their targets, by sum over classes of (held - target)^2 / count; those
    that would bring them, or the size of the split, further away are passed over. With one
    sample per group the targets are met exactly. A group with all that is left of a class is not
    taken, so that training keeps every class.

    Args:
        groups: those that may be held out.
        counts: label -> samples in the whole pool, also in groups that may not be held out.
        fraction: of the pool, in (0, 1).
        purpose: keeps the choices for several splits apart.
    Returns: keys of the chosen groups; empty if none can be taken.
    """
    targets = class_targets(counts, fraction, seed=seed, purpose=purpose)
    missing = dict(targets)  # of each class; below 0 where there are too many
    chosen: set[str] = set()
    refused: tuple[float, str] | None = None

    def change(group: Group) -> float:
        """Of the sum of squares, if the group were taken."""
        return sum(n * (n - 2 * missing[c]) / counts[c] for c, n in group.counts.items())

    def exhausts(group: Group) -> bool:
        return any(targets[c] - missing[c] + n >= counts[c] for c, n in group.counts.items())

    order = iter(sorted(groups, key=lambda group: rank(seed, purpose, group.key)))
    window: list[tuple[float, int, Group]] = []
    while True:
        fresh = islice(order, _CHOICE - len(window))
        to_go = sum(missing.values())
        candidates = [*(group for _, _, group in window), *fresh]
        window = []
        for place, group in enumerate(candidates):
            if not group.counts or exhausts(group):
                continue
            gain = change(group)
            size = sum(group.counts.values())
            if gain < 0 and abs(to_go - size) <= abs(to_go):
                window.append((gain / size, place, group))
            elif refused is None or gain < refused[0]:
                refused = (gain, group.key)
        if window:
            best = min(window)
            window.remove(best)
            chosen.add(best[2].key)
            for label, n in best[2].counts.items():
                missing[label] -= n
        elif not candidates:
            break
    if not chosen and refused is not None:  # all groups are larger than the split should be
        chosen.add(refused[1])
    return chosen


def keep_labels(labels: Mapping[str, int], count: int, *, seed: int) -> set[str]:
    """Choose `count` samples spread evenly over the classes.

    Classes take turns in an order that the seed shuffles, each giving its next sample in an
    order that the seed shuffles too; one that has no more is passed over. So fewer labels are
    always a part of more.

    Args:
        labels: key of the sample -> label.
    Returns: keys of those whose label is kept.
    """
    by_class: dict[int, list[str]] = {}
    for key in sorted(labels, key=lambda key: rank(seed, "labels", key)):
        by_class.setdefault(labels[key], []).append(key)
    order = sorted(by_class, key=lambda label: rank(seed, "labels", f"class {label}"))
    turns = [
        (turn, position, key)
        for position, label in enumerate(order)
        for turn, key in enumerate(by_class[label])
    ]
    return {key for _, _, key in sorted(turns)[:count]}
