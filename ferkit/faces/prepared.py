"""What preparation answers, and whom it tells how far it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Protocol

from ferkit.contracts.data import ClipSource, Problem, Sample


class Prepared(NamedTuple):
    """Crops of a data set.

    source: row i are the crops of the data set's sample `kept[i]`.
    kept: positions, ascending, of the samples that have crops; the others have a failure. Where
        every face is a sample of its own, a position comes as often as its file has faces.
    samples: (one for each row) `samples[kept[i]]`; where every face is a sample of its own, its
        id with "#" and the face's number, and in one group with the others of its file.
    failures: one for each sample without crops (`dropped`), in the order of the samples; and one
        for each of which only a part could be read (not `dropped`).
    reused: how many of `kept` were in the store already.
    images: content key of each folder of images -> the content keys of these, in order.
    """

    source: ClipSource
    kept: tuple[int, ...]
    samples: tuple[Sample, ...]
    failures: tuple[Problem, ...]
    reused: int
    images: Mapping[str, tuple[str, ...]] = {}


class Progress(Protocol):
    """Where preparation says how far it is; the displays of a run have this shape."""

    def begin(self, task: str, total: int, unit: str) -> None:
        """A task of `total` units starts."""
        ...

    def advance(self, done: float, detail: str = "") -> None:
        """`done` of the task's total are done; a part of one counts, too."""
        ...

    def end(self) -> None:
        """The task is over, however it ended."""
        ...

    def say(self, text: str) -> None:
        """A line for the user that stays."""
        ...


class Quiet:
    """Progress that nobody watches."""

    def begin(self, task: str, total: int, unit: str) -> None:
        """Nothing."""

    def advance(self, done: float, detail: str = "") -> None:
        """Nothing."""

    def end(self) -> None:
        """Nothing."""

    def say(self, text: str) -> None:
        """Nothing."""
