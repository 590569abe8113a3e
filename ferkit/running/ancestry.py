"""The models that a run starts from, and whether they have seen what it is tested on."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ferkit.data.protocol import Declaration
from ferkit.errors import FerkitError
from ferkit.running.folder import read_json
from ferkit.running.seen_pictures import FILE, USES, Record, ask, read_record

if TYPE_CHECKING:
    from ferkit.running.assemble import RunData
    from ferkit.running.progress import Display
    from ferkit.sections import Recipe

PARENTS = "starts_from"
"""Key of run.json: what the run starts from, as paths relative to its folder."""

_HINT = (
    "Give matrix.first the data.train, data.classes and data.split of its variants, and"
    " matrix.pretrain samples of other people; or start from nothing (matrix.from_scratch,"
    " matrix.not_pretrained)."
)
_NAME, _TITLE = "tested-before", "Test samples that a model before this one has seen"


class Seen(NamedTuple):
    """Test samples that a model before has seen.

    folder: of its run. counts: split of that run -> how many. n: how many in all. of: test
    samples there are. example: id of the first. in_clips: some are clips or parts of videos, of
    which a single picture suffices.
    """

    folder: Path
    counts: Mapping[str, int]
    n: int
    of: int
    example: str
    in_clips: bool = False

    def what(self) -> str:
        """A sentence."""
        done = " or ".join(use for split, use in USES.items() if split in self.counts)
        pictures = " or pictures in them," if self.in_clips else ""
        return (
            f"{self.n} of {self.of} test samples, such as {self.example},{pictures} were {done} by"
            f" the model in {self.folder}, which this run starts from."
        )

    def as_json(self) -> dict[str, Any]:
        """For results.json."""
        return {
            "run": str(self.folder),
            "n": self.n,
            "of": self.of,
            "splits": dict(self.counts),
            "example": self.example,
        }


class Ancestry(NamedTuple):
    """What is known of the models before a run. seen: by them. notes: what is not known."""

    seen: tuple[Seen, ...] = ()
    notes: tuple[str, ...] = ()


def parents(recipe: Recipe) -> list[Path]:
    """What a recipe's run starts from: folders of runs, and files of weights."""
    named = (recipe.init, recipe.student.init)
    return list(dict.fromkeys(_run_of(Path(one)) for one in named if one is not None))


def as_recorded(folder: Path, starts: Sequence[Path]) -> list[str]:
    """For run.json: where the runs before lie from here, so that all may be moved together."""
    found = []
    for start in starts:
        try:
            found.append(Path(os.path.relpath(start, folder)).as_posix())
        except ValueError:  # on another drive
            found.append(str(start))
    return found


def look_back(data: RunData, starts: Sequence[Path]) -> Ancestry:
    """Whether models before have seen what a run is tested on.

    Pictures that the run itself learns from as well, under another id, are not counted: the data
    set has them twice, which is told with the data. Nor is what the run itself does with its test
    split, such as choosing by it.

    Args:
        starts: of `parents`.
    """
    if not starts:
        return Ancestry()
    tested = ask(data)
    notes, found = [], []
    for before, record in _ancestors(starts):
        if record is None or tested is None:
            notes.append(
                f"Whether {before} was trained on samples that are tested on here could not be"
                f" checked: {_why(before, record is None)}"
            )
            continue
        counts: dict[str, int] = {}
        there = []
        for one in tested:
            uses = [split for split in USES if split not in one.own and record.has(split, one)]
            if uses:
                there.append(one)
                counts[uses[0]] = counts.get(uses[0], 0) + 1
        if there:
            n, of, example = len(there), len(data.splits.test), there[0].id
            in_clips = any(one.in_clip for one in there)
            found.append(Seen(before, counts, n, of, example, in_clips))
    return Ancestry(tuple(found), tuple(notes))


def declare(data: RunData, ancestry: Ancestry, display: Display, *, refuse: bool) -> RunData:
    """Say what models before have seen.

    Args:
        refuse: of a run of a matrix, whose figures are compared with others.
    Returns: the data with what the report has to say.
    Raises: FerkitError: refused.
    """
    for note in ancestry.notes:
        display.say(f"note: {note}")
    for seen in ancestry.seen:
        if refuse:
            raise FerkitError(seen.what(), where="init", hint=_HINT)
        display.say(f"warning: {seen.what()}")
    if not ancestry.seen:
        return data
    what = " ".join(seen.what() for seen in ancestry.seen)
    what += " The figures do not say how well new samples are recognised."
    told = (Declaration(_NAME, _TITLE, what, True), *data.splits.protocol)
    splits = replace(data.splits, protocol=told)
    return replace(data, splits=splits, seen_before=[seen.as_json() for seen in ancestry.seen])


def _run_of(start: Path) -> Path:
    """The folder of the run that weights are of; the file itself where none is known."""
    folder = start.parent.parent
    if start.is_file() and start.parent.name == "checkpoints" and (folder / "run.json").is_file():
        return folder
    return start


def _ancestors(starts: Sequence[Path]) -> Iterator[tuple[Path, Record | None]]:
    """The models before, and those before them, with what each saw; None where that is not
    known."""
    waiting, known = list(starts), set()
    while waiting:
        start = waiting.pop(0)
        if start.resolve() in known:
            continue
        known.add(start.resolve())
        yield start, read_record(start)
        if start.is_dir():
            waiting += _parents_of(start)


def _parents_of(folder: Path) -> list[Path]:
    """What a run started from, as its folder tells."""
    try:
        recorded = read_json(folder / "run.json").get(PARENTS)
    except FerkitError:
        return []
    names = recorded if isinstance(recorded, list) else []
    return [Path(os.path.normpath(folder / str(name))) for name in names]


def _why(before: Path, without_record: bool) -> str:
    if not without_record:
        return "it is not known which pictures are tested on."
    if not before.exists():
        return "it is not there any more."
    if before.is_file():
        return "a file of weights does not say what it was trained on."
    return f"there is no readable {FILE} in it; older versions wrote none."
