"""What every reader of a distributed data set does: collect rows, look files up, tell problems."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from stat import S_ISDIR
from typing import Any

from ferkit.contracts.data import Problem, Sample
from ferkit.data.filed import IncompleteError, Reading
from ferkit.data.walk import media_below, require_folder
from ferkit.errors import FerkitError
from ferkit.faces.decode import IMAGE_SUFFIXES
from ferkit.faces.frame_folder import images_in
from ferkit.faces.keys import folder_state
from ferkit_datasets.places import MAC, Holds, Names, hint_for

Stamp = tuple[int, int]

_BESIDE = frozenset({"hidden file", "hidden folder", "not media"})
"""What lies beside the images of every data set: read-me files, what operating systems leave."""


class Gathered:
    """Rows of a data set under way.

    Args:
        root: its folder, as distributed.
        classes: names in label order; rows of other classes are not given to `add`.
        access: one sentence on how to get the data, for errors.
    Raises: FerkitError: there is no such folder.
    """

    def __init__(self, root: str, classes: Sequence[str], *, access: str) -> None:
        self.root = require_folder(root)
        self._prefix = f"{self.root}{os.sep}"
        self.classes = tuple(classes)
        self.problems: list[Problem] = []
        self._access = access
        self._samples: list[Sample] = []
        self._stamps: list[Stamp] = []
        self._ids: set[str] = set()
        self._names = Names()
        self._told_case: set[Path] = set()
        self.passed_by: set[Path] = set()
        """Folders that `fullest` did not take."""
        self._named: set[str] = set()
        self._parts = 0
        self._lacking: list[FerkitError] = []

    def below(self, *parts: str) -> Path:
        """A path below the root that must be there; names may differ in case, which is told.

        Raises: FerkitError: it isn't; says what to do, or names what is called nearly so.
        """
        path = self.root
        for part in "/".join(parts).split("/"):
            path, before = path / part, path
            if path.exists():
                continue
            other = self._names.other_case(path)
            if other is None:
                hint = hint_for(before, part)
                raise FerkitError(
                    f"there is no '{path.relative_to(self.root).as_posix()}' in it.",
                    where=str(self.root),
                    hint=hint or f"Expected is the data set {self._access}",
                )
            self._tell_case(path, other)
            path = other
        return path

    def find(self, place: str) -> Path | None:
        """The same path, or None if it is not there."""
        path = self.root
        for part in place.split("/"):
            path = path / part
            if not path.exists():
                other = self._names.other_case(path)
                if other is None:
                    return None
                path = other
        return path

    def first_of(self, *candidates: str) -> Path:
        """The first of some paths below the root that is there: releases differ in nesting.

        Raises: FerkitError: none is; it speaks of the first.
        """
        there = next((place for place in candidates if self.find(place) is not None), None)
        return self.below(candidates[0] if there is None else there)

    def part(self, place: str, look: Callable[[], Path]) -> Path | None:
        """What `look` finds; None where a whole part is not there, which `reading` raises.

        Args:
            place: of the part, below the root. look: raises FerkitError where it is not there.
        """
        try:
            there = look()
        except FerkitError as error:
            self._lacking.append(error)
            kind = "missing file" if PurePosixPath(place).suffix else "missing folder"
            self.problem(kind, place, error.advice, dropped=False)
            return None
        self._parts += 1
        return there

    def fullest(self, *candidates: str, holds: Holds) -> Path:
        """That of some folders below the root which holds most, the first of equal ones.

        Some programs unpack an archive into a folder of its own name; one that was begun and left
        must not hide the full one. Others that are there too are told, unless one only holds the
        other.

        Raises: FerkitError: none is there; it speaks of the first.
        """
        found: dict[Path, tuple[int, str]] = {}
        for place in candidates:
            folder = self.find(place)
            if folder is not None and folder.is_dir():
                found.setdefault(folder, (holds(folder), place))
        if not found:
            return self.below(candidates[0])
        best = max(found, key=lambda folder: found[folder][0])
        most, place = found.pop(best)
        for folder, (count, _) in found.items():
            if count == 0 and best.is_relative_to(folder):
                continue
            self.passed_by.add(folder)
            read, unread = self.relative(best), self.relative(folder)
            what = f"is not read, but '{read}', which holds more of it ({most} to {count})."
            if count == most:
                what = f"is not read, but '{read}'; both hold as much."
            self.problem("surplus folder", unread, what, dropped=False)
        return self.below(place)

    def relative(self, path: Path) -> str:
        """A path as it is told: below the root, with forward slashes; else as it is."""
        text = str(path)
        if text.startswith(self._prefix):  # pathlib takes ten times as long, for each of 400 000
            return text[len(self._prefix) :].replace(os.sep, "/")
        inside = path.is_relative_to(self.root)
        return path.relative_to(self.root).as_posix() if inside else text

    def images(self) -> list[Path]:
        """All images at any depth, sorted; folders and links that cannot be read are noted."""
        met: list[Problem] = []
        files = [Path(media.path) for media in media_below(self.root, met)]
        self.problems += [problem for problem in met if problem.kind not in _BESIDE]
        return [file for file in files if file.suffix.lower() in IMAGE_SUFFIXES]

    def add(
        self,
        file: Path,
        name: str | None,
        *,
        id: str | None = None,
        clip: bool = False,
        span: tuple[int, int] | None = None,
        line: int = 0,
        attributes: Mapping[str, Any] | None = None,
        **known: Any,
    ) -> bool:
        """Add a row; False, and a problem, where its file is missing, empty or given twice.

        A file whose name differs from the given one in case is taken, and told.

        Args:
            file: an image or a video; of a clip, the folder with its images.
            name: of its class; None: it has no label.
            id: default: the path below the root.
            clip: a folder is expected, else a file; what is not so is left out.
            span, line, attributes, known: fields of `Sample`: votes, subject, group, split,
                landmarks.
        """
        relative = self.relative(file)
        id = relative if id is None else id
        self._named.add(str(file))
        if id in self._ids:
            return self.problem("repeated row", relative, f"'{id}' is given twice.")
        try:
            try:
                stamp, is_folder = _stamp(file)
            except FileNotFoundError:
                other = self._names.other_case(file)
                if other is None:
                    raise
                self._tell_case(file, other)
                file = other
                self._named.add(str(file))
                stamp, is_folder = _stamp(file)
        except OSError as error:
            why = f"{error.strerror or error}."
            return self.problem("missing file", relative, why)
        if is_folder != clip:
            one, another = ("file", "folder") if clip else ("folder", "file")
            what = f"is a {one}; expected is a {another}."
            return self.problem(f"{one} in place of a {another}", relative, what)
        if stamp[0] == 0:
            return self.problem("empty file", relative, "holds nothing.")
        self._ids.add(id)
        label = -1 if name is None else self.classes.index(name)
        self._samples.append(
            Sample(
                id=id,
                path=str(file),
                label=label,
                span=span,
                line=line,
                attributes=attributes or {},
                **known,
            )
        )
        self._stamps.append(stamp)
        return True

    def problem(
        self, kind: str, where: str, what: str, *, line: int = 0, dropped: bool = True
    ) -> bool:
        """Note a problem. Returns: False.

        Args:
            where: a path below the root. line: of a table there, if one is meant.
        """
        place = str(self.root / where) + (f":{line}" if line else "")
        self.problems.append(Problem(kind, place, what, dropped))
        return False

    def pass_over(self, file: Path) -> None:
        """Count a file as named though its row is not used, so that it is not surplus."""
        self._named.add(str(file))

    def _tell_case(self, given: Path, there: Path) -> None:
        if given not in self._told_case:
            self._told_case.add(given)
            what = f"is called '{there.name}' here; it is read."
            self.problem("other case", self.relative(given), what, dropped=False)

    def surplus(self, folder: Path, *, suffixes: frozenset[str] = IMAGE_SUFFIXES) -> None:
        """Note the files of a folder (not of those below, nor hidden ones) that no row named."""
        for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
            path = Path(entry.path)
            if entry.name.startswith(".") or entry.name == MAC:
                continue
            if path.suffix.lower() in suffixes and str(path) not in self._named:
                self.problem("surplus file", self.relative(path), "no row names it.")

    def reading(self) -> Reading:
        """All rows.

        Raises: FerkitError: there are none. IncompleteError: a part is not there, and another is.
        """
        if self._lacking and not self._parts:
            raise self._lacking[0]
        odd = sum(problem.kind == "odd landmarks" for problem in self.problems)
        if odd > sum(sample.landmarks is not None for sample in self._samples):
            what = f"most landmarks ({odd}) make no upright face: are they in another order?"
            self.problem("landmarks in another order", ".", what, dropped=False)
        if not self._samples and not self._lacking:
            why = f" ({len(self.problems)} rows are left out)" if self.problems else ""
            raise FerkitError(
                f"holds no usable sample{why}.",
                where=str(self.root),
                hint=f"Expected is the data set {self._access}",
            )
        reading = Reading(
            self.classes, tuple(self._samples), tuple(self.problems), tuple(self._stamps)
        )
        if self._lacking:
            raise IncompleteError(self._lacking, reading)
        return reading


def _stamp(file: Path) -> tuple[Stamp, bool]:
    """The stamp, and whether it is a folder. Raises: OSError."""
    stat = file.stat()
    if S_ISDIR(stat.st_mode):
        return folder_stamp(file), True
    return (stat.st_size, stat.st_mtime_ns), False


def images_of(folder: Path) -> list[str]:
    """Names of the images in a folder, in the order of a clip. Raises: OSError."""
    return images_in(folder)


def folder_stamp(folder: Path) -> Stamp:
    """The same of a folder of images; 0 bytes without one. Raises: OSError."""
    return folder_state(folder)
