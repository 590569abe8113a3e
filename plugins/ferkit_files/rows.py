"""What the three data sets share: reading once, class order, fingerprints, wrong paths."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import SequenceMatcher
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from ferkit.contracts.data import CLASSES, Problem, Sample
from ferkit.errors import FerkitError
from ferkit.suggest import nearest

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


class Reading(NamedTuple):
    """What came of reading a data set.

    stamps: for each sample its file's (size in bytes, modification time in ns).
    """

    classes: tuple[str, ...]
    samples: tuple[Sample, ...]
    problems: tuple[Problem, ...]
    stamps: tuple[tuple[int, int], ...]


class FileDataset:
    """A `Dataset` that is read when it is first asked for something, and only once.

    Args:
        read: decodes no pixels; may raise `FerkitError`.
    """

    def __init__(self, read: Callable[[], Reading]) -> None:
        self._read = read

    @cached_property
    def _reading(self) -> Reading:
        return self._read()

    @cached_property
    def classes(self) -> tuple[str, ...]:
        return self._reading.classes

    def samples(self) -> Sequence[Sample]:
        return self._reading.samples

    def problems(self) -> Sequence[Problem]:
        return self._reading.problems

    def fingerprint(self) -> str:
        return fingerprint(self._reading)


def fingerprint(reading: Reading) -> str:
    """Hex digest over classes, rows, and size and modification time of the files.

    Where the data set lies does not matter, nor which line of the table a row stands on.
    """
    digest = hashlib.sha256(json.dumps(reading.classes).encode())
    for sample, stamp in zip(reading.samples, reading.stamps, strict=True):
        row = (
            sample.id,
            sample.label,
            sample.votes,
            sample.subject,
            sample.group,
            sample.split,
            sample.landmarks,
            stamp,
        )
        digest.update(json.dumps(row).encode())
    return digest.hexdigest()


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


def require_path(path: Path, *, what: str) -> None:
    """Raise a `FerkitError` that names the nearest existing name, unless `path` exists."""
    if path.exists():
        return
    missing = path
    while missing.parent != missing and not missing.parent.exists():
        missing = missing.parent
    try:
        names = [entry.name for entry in missing.parent.iterdir()]
    except OSError:
        names = []
    close = nearest(missing.name, names)
    raise FerkitError(
        f"{what} does not exist."
        if missing == path
        else f"{what} does not exist; there is no {str(missing)!r}.",
        where=str(path),
        hint=f"Did you mean {str(missing.parent / close)!r}?" if close else None,
    )
