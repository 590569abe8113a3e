"""`table`: a row per image or video."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from ferkit.contracts.data import Problem
from ferkit.data.filed import FileDataset, Reading
from ferkit.data.records import Record, Table, open_table
from ferkit.data.walk import require_path
from ferkit.errors import FerkitError
from ferkit.plugin import Context
from ferkit_files.columns import Layout, find_columns
from ferkit_files.params import TableParams
from ferkit_files.rows import class_order, class_problems
from ferkit_files.table_rows import Row, RowReader, undecodable


def make_table(params: TableParams, context: Context) -> FileDataset:
    """The data set `table`."""
    return FileDataset(partial(read_table, params))


def read_table(params: TableParams) -> Reading:
    """Read the samples of a table, in its order.

    Raises: FerkitError: no table that can be read, a column is missing, or no row is usable.
    """
    path = Path(params.path)
    require_path(path, what="the table")
    if path.is_dir():
        raise FerkitError(
            "is a folder, not a table.",
            where=params.path,
            hint="A folder of class folders is read by 'use: folder'.",
        )
    root = path.parent if params.root is None else Path(params.root)
    require_path(root, what="the folder that paths are relative to")
    table = open_table(path, encoding=params.encoding, expected=params.columns.path)
    layout = find_columns(table.columns, params.columns, where=params.path)
    problems: list[Problem] = []
    if layout.label is None and not layout.votes:
        what = "the table has no column for labels: all rows are unlabelled."
        problems.append(Problem("no label column", params.path, what, dropped=False))
    records = list(table.records)
    classes = _classes(records, layout, params)
    reader = RowReader(params, table, layout, classes, root)
    rows = _without_repetitions(
        [row for record in records if (row := reader.read(record)) is not None],
        params.path,
        table,
        reader.problems,
    )
    problems += reader.problems
    if not rows:
        kinds = Counter(problem.kind for problem in problems if problem.dropped)
        why = ", ".join(f"{kind}: {count}" for kind, count in kinds.most_common())
        first = next((problem for problem in problems if problem.dropped), None)
        raise FerkitError(
            f"no row of the table can be used ({why or 'it has none'}).",
            where=params.path,
            hint=f"The first: {first.where}: {first.what}" if first else None,
        )
    counts = Counter(row.name for row in rows if row.name)
    problems += class_problems(classes, counts, where=params.path)
    return Reading(
        classes,
        tuple(row.sample for row in rows),
        tuple(problems),
        tuple(row.stamp for row in rows),
    )


def _classes(records: Sequence[Record], layout: Layout, params: TableParams) -> tuple[str, ...]:
    """Label order, over all records, so that it does not depend on which files are there."""
    names = set(layout.votes)
    if layout.label is not None:
        for record in records:
            if len(record.cells) > layout.label:
                text = str(record.cells[layout.label]).strip()
                name = params.labels.get(text, text)
                if name and not undecodable(text):
                    names.add(name)
    classes = class_order(names, params.classes)
    foreign = [name for name in layout.votes if name not in classes]
    if foreign:
        raise FerkitError(
            f"votes for {foreign[0]!r}, which is none of the classes.", where=params.path
        )
    return classes


def _without_repetitions(
    rows: Sequence[Row], path: str, table: Table, problems: list[Problem]
) -> list[Row]:
    """Keep each file once; none of its rows where they contradict each other.

    Which label of several is right cannot be known, and which split even less: one file
    in the training and in the test split would make every figure look better than it is.
    """
    by_file: dict[str, list[Row]] = {}
    for row in rows:
        by_file.setdefault(row.file, []).append(row)
    kept = []
    for same in by_file.values():
        first, *rest = same
        lines = ", ".join(str(row.sample.line) for row in same)
        labels = sorted({row.name or "no label" for row in same})
        splits = sorted({row.sample.split or "no split" for row in same})
        if len(labels) > 1 or len(splits) > 1:
            said = " and ".join(labels if len(labels) > 1 else splits)
            kind = "conflicting labels" if len(labels) > 1 else "conflicting splits"
            what = f"{first.sample.id!r} is given as {said} ({table.place}s {lines})."
            for row in same:
                where = table.where(path, row.sample.line)
                problems.append(Problem(kind, where, what, dropped=True))
            continue
        kept.append(first)
        for row in rest:
            where = table.where(path, row.sample.line)
            what = f"{row.sample.id!r} stands already in {table.place} {first.sample.line}."
            problems.append(Problem("duplicate path", where, what, dropped=True))
    return kept
