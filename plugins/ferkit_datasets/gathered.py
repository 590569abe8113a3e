"""What every reader of a distributed data set does: collect rows, look files up, tell problems."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from stat import S_ISDIR
from typing import Any

from ferkit.contracts.data import Problem, Sample
from ferkit.data.filed import Reading
from ferkit.data.walk import media_below, require_folder
from ferkit.errors import FerkitError
from ferkit.faces.decode import IMAGE_SUFFIXES
from ferkit.faces.frame_folder import images_in
from ferkit.faces.keys import folder_state
from ferkit.suggest import nearest

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
        self._named: set[str] = set()

    def below(self, *parts: str) -> Path:
        """A path below the root that must be there.

        Raises: FerkitError: it isn't; names what is, if something is called nearly so.
        """
        path = self.root
        for part in "/".join(parts).split("/"):
            path, before = path / part, path
            if not path.exists():
                close = nearest(part, [entry.name for entry in before.iterdir()])
                hint = f"Expected is the data set {self._access}"
                raise FerkitError(
                    f"there is no '{path.relative_to(self.root).as_posix()}' in it.",
                    where=str(self.root),
                    hint=f"Did you mean '{close}'?" if close else hint,
                )
        return path

    def first_of(self, *candidates: str) -> Path:
        """The first of some paths below the root that is there: releases differ in nesting.

        Raises: FerkitError: none is; it speaks of the first.
        """
        for candidate in candidates:
            if (self.root / candidate).exists():
                return self.root / candidate
        return self.below(candidates[0])

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
        span: tuple[int, int] | None = None,
        line: int = 0,
        attributes: Mapping[str, Any] | None = None,
        **known: Any,
    ) -> bool:
        """Add a row; False, and a problem, where its file is missing, empty or given twice.

        Args:
            file: an image, a video, or a folder with the images of a clip.
            name: of its class; None: it has no label.
            id: default: the path below the root.
            span, line, attributes, known: fields of `Sample`: votes, subject, group, split,
                landmarks.
        """
        relative = self.relative(file)
        id = relative if id is None else id
        self._named.add(str(file))
        if id in self._ids:
            return self.problem("repeated row", relative, f"'{id}' is given twice.")
        try:
            stamp = _stamp(file)
        except OSError as error:
            why = f"{error.strerror or error}."
            return self.problem("missing file", relative, why)
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

    def surplus(self, folder: Path, *, suffixes: frozenset[str] = IMAGE_SUFFIXES) -> None:
        """Note the files of a folder (not of those below, nor hidden ones) that no row named."""
        for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
            path = Path(entry.path)
            if entry.name.startswith("."):
                continue
            if path.suffix.lower() in suffixes and str(path) not in self._named:
                self.problem("surplus file", self.relative(path), "no row names it.")

    def reading(self) -> Reading:
        """All rows. Raises: FerkitError: there are none."""
        if not self._samples:
            why = f" ({len(self.problems)} rows are left out)" if self.problems else ""
            raise FerkitError(
                f"holds no usable sample{why}.",
                where=str(self.root),
                hint=f"Expected is the data set {self._access}",
            )
        return Reading(
            self.classes, tuple(self._samples), tuple(self.problems), tuple(self._stamps)
        )


def file_stamp(file: Path) -> Stamp:
    """(size in bytes, modification time in ns). Raises: OSError."""
    stat = file.stat()
    return stat.st_size, stat.st_mtime_ns


def _stamp(file: Path) -> Stamp:
    stat = file.stat()
    return folder_stamp(file) if S_ISDIR(stat.st_mode) else (stat.st_size, stat.st_mtime_ns)


def images_of(folder: Path) -> list[str]:
    """Names of the images in a folder, in the order of a clip. Raises: OSError."""
    return images_in(folder)


def folder_stamp(folder: Path) -> Stamp:
    """The same of a folder of images; 0 bytes without one. Raises: OSError."""
    return folder_state(folder)
