"""Records of a table to samples: what each cell means, and what is wrong with a row."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from ferkit.contracts.data import Problem, Sample
from ferkit.data.records import Cell, Record, Table
from ferkit.data.walk import is_media
from ferkit.errors import FerkitError
from ferkit.faces.decode import is_video
from ferkit.faces.keys import file_state
from ferkit.suggest import nearest
from ferkit_files.columns import Layout, Points, left_first, read_points, read_span, read_votes
from ferkit_files.params import TableParams
from ferkit_files.rows import SPLIT_WORDS


class Row(NamedTuple):
    """A usable record. name: of its class, "" if it has none. file: normalised path, and the
    part of it that is meant."""

    sample: Sample
    name: str
    file: str
    stamp: tuple[int, int]


class UnusableRow(Exception):
    """Why a record is left out."""

    def __init__(self, kind: str, what: str) -> None:
        super().__init__(what)
        self.kind = kind
        self.what = what


class RowReader:
    """Turns records into rows, and what is wrong with them into problems."""

    def __init__(
        self,
        params: TableParams,
        table: Table,
        layout: Layout,
        classes: tuple[str, ...],
        root: Path,
    ) -> None:
        self.problems: list[Problem] = []
        self._params = params
        self._table = table
        self._layout = layout
        self._classes = classes
        self._root = str(root)

    def read(self, record: Record) -> Row | None:
        """The row, or None and a problem."""
        try:
            return self._row(record)
        except UnusableRow as problem:
            self._report(record.line, problem.kind, problem.what, dropped=True)
            return None

    def _report(self, line: int, kind: str, what: str, *, dropped: bool) -> None:
        where = self._table.where(self._params.path, line)
        self.problems.append(Problem(kind, where, what, dropped))

    def _row(self, record: Record) -> Row:
        cells = self._checked(record)
        layout = self._layout

        def text(position: int | None) -> str:
            return "" if position is None else str(cells[position]).strip()

        given = text(layout.path)
        if not given:
            raise UnusableRow("no path", "the row names no file.")
        name = self._class_name(text(layout.label))
        votes = self._votes(record, cells, name)
        if votes is not None and not name:
            name = self._majority(record, votes)
        if not name and layout.label is not None:
            what = "no label is given: the sample is unlabelled."
            self._report(record.line, "no label", what, dropped=False)
        word = text(layout.split)
        if word and word.lower() not in SPLIT_WORDS:
            close = nearest(word, SPLIT_WORDS)
            known = f"Did you mean {close!r}?" if close else "Known: train, validation, test."
            raise UnusableRow("bad split word", f"{word!r} is no split. {known}")
        relative, file, stamp, clip = self._find(given)
        span = self._span(cells, clip=clip)
        part = "" if span is None else f"[{span[0]}-{span[1]}]"
        sample = Sample(
            id=relative + part,
            path=file,
            label=self._classes.index(name) if name else -1,
            votes=votes,
            subject=text(layout.subject),
            group=text(layout.group),
            split=SPLIT_WORDS[word.lower()] if word else "",
            landmarks=self._landmarks(record, cells),
            span=span,
            line=record.line,
        )
        return Row(sample, name, file + part, stamp)

    def _checked(self, record: Record) -> Sequence[Cell]:
        cells, expected = record.cells, len(self._table.columns)
        if not any(cell if isinstance(cell, str) else True for cell in cells):
            raise UnusableRow("empty row", "all cells are empty.")
        if len(cells) < expected:
            raise UnusableRow("short row", f"{len(cells)} cells for {expected} columns.")
        if any(cells[expected:]):
            raise UnusableRow("long row", f"{len(cells)} cells for {expected} columns.")
        if any(isinstance(cell, str) and undecodable(cell) for cell in cells):
            encoding = self._params.encoding
            what = f"holds bytes that are not {encoding}; `encoding` names another one."
            raise UnusableRow("undecodable text", what)
        return cells

    def _class_name(self, text: str) -> str:
        """Name of the class, "" if none is given."""
        if not text:
            return ""
        name = self._params.labels.get(text, text)
        if name is None:
            raise UnusableRow("left out by labels", f"`labels` leaves {text!r} out.")
        if name not in self._classes:
            close = nearest(name, self._classes)
            advice = f" Did you mean {close!r}?" if close else ""
            raise UnusableRow("unknown label", f"{name!r} is none of the classes.{advice}")
        return name

    def _votes(self, record: Record, cells: Sequence[Cell], name: str) -> tuple[float, ...] | None:
        """Votes in label order, if there are columns for them."""
        at = self._layout.votes
        if not at:
            return None
        try:
            return read_votes([cells[at[c]] if c in at else "" for c in self._classes])
        except ValueError:
            what = "votes must be numbers >= 0, at least one above 0."
            if not name:
                raise UnusableRow("bad votes", what) from None
            self._report(record.line, "bad votes", f"{what} The label counts.", dropped=False)
            return None

    def _majority(self, record: Record, votes: Sequence[float]) -> str:
        best = [name for name, v in zip(self._classes, votes, strict=True) if v == max(votes)]
        if len(best) > 1:
            what = f"votes tie between {' and '.join(best)}; {best[0]!r} is taken as the label."
            self._report(record.line, "tied votes", what, dropped=False)
        return best[0]

    def _landmarks(self, record: Record, cells: Sequence[Cell]) -> Points | None:
        try:
            points = read_points([cells[position] for position in self._layout.landmarks])
        except ValueError:
            what = "landmarks must be ten finite numbers; the face is detected instead."
            self._report(record.line, "bad landmarks", what, dropped=False)
            return None
        if points is None:
            return None
        ordered = left_first(points)
        if ordered != points:
            what = "left and right are swapped: left is the smaller x in the image. Put right."
            self._report(record.line, "swapped landmarks", what, dropped=False)
        return ordered

    def _span(self, cells: Sequence[Cell], *, clip: bool) -> tuple[int, int] | None:
        first, last = ("" if at is None else cells[at] for at in self._layout.span)
        try:
            span = read_span(first, last)
        except ValueError:
            what = "first and last frame must be numbers from 0, the first not after the last."
            raise UnusableRow("bad frames", what) from None
        if span is not None and not clip:
            raise UnusableRow("bad frames", "first and last frame are for videos, not images.")
        return span

    def _find(self, given: str) -> tuple[str, str, tuple[int, int], bool]:
        """(id, path, stamp) of the file or folder, and whether it is a clip."""
        for text in dict.fromkeys((given, given.replace("\\", "/"))):
            relative = os.path.normpath(text)
            file = os.path.normpath(os.path.join(self._root, relative))  # noqa: PTH118  fast
            try:
                found = os.stat(file)  # noqa: PTH116  half a million times
            except (OSError, ValueError):
                continue
            id = relative.replace(os.sep, "/")
            if stat.S_ISDIR(found.st_mode) and not set(Path(relative).parts) <= {".."}:
                return id, file, _stamp_of_clip(file, given), True
            if not stat.S_ISREG(found.st_mode):
                raise UnusableRow("missing file", f"{given!r} is not a file.")
            if not is_media(file):
                raise UnusableRow("not media", f"{given!r} is neither an image nor a video.")
            return id, file, (found.st_size, found.st_mtime_ns), is_video(file)
        raise UnusableRow("missing file", f"there is no file {given!r} in {self._root}.")


def _stamp_of_clip(folder: str, given: str) -> tuple[int, int]:
    try:
        state = file_state(folder)
    except FerkitError as error:
        raise UnusableRow("unreadable folder", f"{given!r}: {error.what}") from error
    if not state.size:
        raise UnusableRow("empty folder", f"the folder {given!r} holds no image.")
    return state


def undecodable(text: str) -> bool:
    """Whether bytes of the file did not decode and became placeholders."""
    return not text.isascii() and any("\ud800" <= c <= "\udfff" or c == "\ufffd" for c in text)
