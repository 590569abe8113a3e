"""What the three data sets share: class order, words for splits."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from difflib import SequenceMatcher

from ferkit.contracts.data import CLASSES, Problem

SPLIT_WORDS: Mapping[str, str] = {
    "train": "train",
    "training": "train",
    "validation": "validation",
    "valid": "validation",
    "val": "validation",
    "dev": "validation",
    "test": "test",
    "testing": "test",
    "unlabelled": "unlabelled",
    "unlabeled": "unlabelled",
}
"""What may be written for a split, in any case, and what it means."""


def class_order(names: Iterable[str], chosen: Sequence[str] | None) -> tuple[str, ...]:
    """Classes in label order.

    Args:
        names: those that occur.
        chosen: the order the user wants; it stands as it is, with classes that do not occur.
    Returns: `chosen`; else the canonical order if all names are canonical; else sorted.
    """
    if chosen is not None:
        return tuple(chosen)
    present = set(names)
    if present <= set(CLASSES):
        return tuple(name for name in CLASSES if name in present)
    return tuple(sorted(present))


def class_problems(
    classes: Sequence[str], counts: Mapping[str, int], *, where: str
) -> list[Problem]:
    """Classes without samples, and classes that are probably one class spelt in two ways."""
    found = [
        Problem("empty class", where, f"class {name!r} has no sample.", dropped=False)
        for name in classes
        if not counts.get(name)
    ]
    for rare, common in _alike(classes, counts):
        what = (
            f"classes {rare!r} ({counts[rare]} samples) and {common!r} ({counts[common]}) may be"
            " meant as one; `labels` can join them."
        )
        found.append(Problem("look-alike classes", where, what, dropped=False))
    return found


def _alike(classes: Sequence[str], counts: Mapping[str, int]) -> list[tuple[str, str]]:
    """Pairs (rarer, commoner) of used classes whose names differ by case or a letter or two."""
    used = sorted((name for name in classes if counts.get(name)), key=lambda name: counts[name])
    pairs = []
    for position, rare in enumerate(used):
        for common in used[position + 1 :]:
            ratio = SequenceMatcher(None, rare.lower(), common.lower()).ratio()
            if ratio >= 0.8:  # "hapy" and "happy" .89, "anger" and "angry" .8, "sad" and "mad" .67
                pairs.append((rare, common))
    return pairs


def matched(pattern: str | None, text: str) -> str | None:
    """What the pattern's group matches, "" without a pattern, None if it does not match."""
    if pattern is None:
        return ""
    match = re.search(pattern, text)
    return match.group(1) if match else None
