"""Data sets that lie in files: read once, told apart by a fingerprint."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import NamedTuple

from ferkit.contracts.data import Problem, Sample
from ferkit.errors import FerkitError


class Reading(NamedTuple):
    """What came of reading a data set.

    stamps: for each sample its file's (size in bytes, modification time in ns).
    """

    classes: tuple[str, ...]
    samples: tuple[Sample, ...]
    problems: tuple[Problem, ...]
    stamps: tuple[tuple[int, int], ...]


class IncompleteError(FerkitError):
    """A whole part of a data set is not there, such as the folder of a split or the list of labels.

    Args:
        lacking: of each part; the first one is what is told.
        reading: the rest, maybe without a sample, for who wants to know what there is.
    """

    def __init__(self, lacking: Sequence[FerkitError], reading: Reading) -> None:
        super().__init__(lacking[0].what, where=lacking[0].where, hint=lacking[0].hint)
        self.reading = reading


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
            *([sample.span] if sample.span else []),
            *([{"frame_rate": sample.frame_rate}] if sample.frame_rate else []),
        )
        digest.update(json.dumps(row).encode())
    return digest.hexdigest()
