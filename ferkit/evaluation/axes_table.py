"""The compact table of a matrix with axes: one axis down, one across, the variants in the cells."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ferkit.evaluation.axes import Axes, as_text
from ferkit.evaluation.matrix_sentences import Summaries, compact_sentence
from ferkit.evaluation.settings_table import CompactCell, compact_cells, compact_columns
from ferkit.evaluation.tables import markdown_table, markdown_text
from ferkit.evaluation.wording import UNKNOWN


class Layout(NamedTuple):
    """Which axes are the rows and the columns. axes: setting -> axis -> value."""

    rows: str
    columns: str
    axes: Axes


class AxesTable(NamedTuple):
    """A table. title: the values of the other axes, "" where there are none. rows: name of the row
    first, then of each column the lines of its cell."""

    title: str
    columns: list[str]
    rows: list[tuple[str, list[list[str]]]]


def layout_of(state: Mapping[str, Any]) -> Layout | None:
    """The layout that a matrix asks for; None where it does not.

    Args:
        state: content of `matrix.json`.
    """
    table, axes = (state.get("matrix") or {}).get("table"), state.get("axes")
    return Layout(table["rows"], table["columns"], axes) if table and axes else None


def axes_tables(summaries: Summaries, layout: Layout) -> list[AxesTable]:
    """A table for each combination of the axes that are neither rows nor columns.

    Args:
        summaries: setting -> what `summarise_matrix` returned.
    """
    cells, names = compact_cells(summaries), compact_columns(summaries)
    places: dict[str, dict[tuple[str, str], list[str]]] = {}
    for setting, found in cells.items():
        point = {axis: as_text(value) for axis, value in layout.axes[setting].items()}
        at = (point.pop(layout.rows, UNKNOWN), point.pop(layout.columns, UNKNOWN))
        title = ", ".join(f"{axis}: {value}" for axis, value in point.items())
        lines = [
            line for name in names if name in found for line in _lines(name, found[name], names)
        ]
        places.setdefault(title, {})[at] = lines
    tables = []
    for title, of_table in places.items():
        rows = list(dict.fromkeys(row for row, _ in of_table))
        columns = list(dict.fromkeys(column for _, column in of_table))
        found_rows = [
            (row, [of_table.get((row, column), [UNKNOWN]) for column in columns]) for row in rows
        ]
        heading = f"{layout.rows} (down), {layout.columns} (across)"
        tables.append(AxesTable(title, [heading, *columns], found_rows))
    return tables


def _lines(name: str, cell: CompactCell, names: list[str]) -> list[str]:
    """A variant's part of a cell: whose it is stands first, unless there is only one."""
    mean, *further = cell.lines
    return [f"{name}: {mean}" if len(names) > 1 else mean, *further]


def axes_markdown(summaries: Summaries, layout: Layout) -> str:
    """The tables as Markdown, with the sentence that explains them."""
    parts = []
    for title, columns, rows in axes_tables(summaries, layout):
        table = markdown_table(
            columns, [[name, *("<br>".join(lines) for lines in cells)] for name, cells in rows]
        )
        parts.append(f"{markdown_text(title)}\n\n{table}" if title else table)
    return "\n".join([*parts, f"{markdown_text(compact_sentence(summaries))}\n"])
