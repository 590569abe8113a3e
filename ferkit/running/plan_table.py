"""The plan of a matrix as a table: which runs, what they start from, how long each takes."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.markup import escape
from rich.table import Table

from ferkit.evaluation.tables import LEAST_FIRST, narrow_table
from ferkit.evaluation.wording import duration
from ferkit.running.plan import PlannedRun
from ferkit.running.time_estimate import Estimated

if TYPE_CHECKING:
    from ferkit.running.matrix_plan import MatrixPlan
    from ferkit.running.plan import Cell

_TIME = "a run takes"
_LEFT_OUT = "starts from"
"""The column without which a narrow table is understood best."""

_NAMES = ("setting", "variant", _LEFT_OUT, "runs")

_PIECES = re.compile(r"[^\s/_-]*[\s/_-]+|[^\s/_-]+")
"""A word of a name, with the marks after it."""


def plan_table(
    plan: MatrixPlan,
    wanted: set[Path],
    estimated: Mapping[Cell, Estimated],
    *,
    done: bool,
    width: int,
) -> Table:
    """A row per setting and variant.

    Args:
        wanted: folders of the runs to be done now.
        done: whether to say how many are done.
        width: of the console, in characters. Where there is no room, names go on in another line
            after a mark in them; where that does not suffice either, a column is left out.
    """
    columns = _columns(plan, wanted, estimated, done=done)
    fitting = _in_lines(columns, width)
    left_out = fitting is None and columns.pop(_LEFT_OUT)
    fitting = fitting or _in_lines(columns, width) or columns
    # Headings are folded, too.
    names = {cells[0] for name, cells in fitting.items() if name in _NAMES}
    table = narrow_table("", [cells[0] for cells in fitting.values()], names=names)
    if left_out:
        table.caption = f"There is no room for the column '{_LEFT_OUT}'."
    for row in zip(*(cells[1:] for cells in fitting.values()), strict=True):
        table.add_row(*map(escape, row))
    return table


def _columns(
    plan: MatrixPlan, wanted: set[Path], estimated: Mapping[Cell, Estimated], *, done: bool
) -> dict[str, list[str]]:
    """Name of a column -> its cells, the heading first."""
    cells: dict[Cell, list[PlannedRun]] = {}
    for run in plan.runs:
        cells.setdefault(run.cell, []).append(run)
    rows: list[dict[str, str]] = []
    for cell, runs in cells.items():
        own = [run for run in runs if not run.is_shared]
        row = {"setting": cell[0] or "-"} if plan.matrix.settings is not None else {}
        row |= {"variant": cell[1], "seeds": numbers(sorted({run.seed for run in runs}))}
        if any(run.fold is not None for run in plan.runs):
            row["folds"] = numbers(sorted({run.fold for run in runs if run.fold is not None}))
        row |= {_LEFT_OUT: _started_from(runs, plan), "runs": _how_many(runs, own, wanted)}
        if done:
            row["done"] = f"{sum(plan.finished(run) for run in runs)} of {len(runs)}"
        time = estimated.get(cell)
        row[_TIME] = _each(time) if time is not None and own else ""
        rows.append(row)
    return {name: [name, *(row[name] for row in rows)] for name in rows[0]}


def _in_lines(columns: Mapping[str, Sequence[str]], width: int) -> dict[str, list[str]] | None:
    """The cells in so many lines that a table of them fits; None where no table does.

    The widest column of names gives way first, the time last.
    """
    room = width - 2 * len(columns) - 1  # between the columns, and at both sides
    fitting = {name: list(cells) for name, cells in columns.items()}
    widths = {name: _width(cells) for name, cells in columns.items()}
    least = {name: _width(folded(cell, 1) for cell in cells) for name, cells in columns.items()}
    first = next(iter(columns))
    least[first] = max(LEAST_FIRST, least[first])
    widths[first] = max(LEAST_FIRST, widths[first])
    while sum(widths.values()) > room:
        may = [name for name in (*_NAMES, _TIME) if widths.get(name, 0) > least.get(name, 0)]
        loose = [name for name in may if name != _TIME] or may
        if not loose:
            return None
        widest = max(loose, key=lambda name: widths[name])
        fitting[widest] = [folded(cell, widths[widest] - 1) for cell in columns[widest]]
        widths[widest] = max(least[widest], _width(fitting[widest]))
    return fitting


def _width(cells: Iterable[str]) -> int:
    return max(cell_len(line) for cell in cells for line in cell.split("\n"))


def folded(text: str, width: int) -> str:
    """A name in lines; one begins after a mark (space, slash, hyphen, underscore) alone.

    Args:
        width: of a line, in characters; longer where a word is.
    """
    lines = [""]
    for piece in _PIECES.findall(text):
        if lines[-1] and cell_len(lines[-1] + piece.rstrip()) > width:
            lines.append("")
        lines[-1] += piece
    return "\n".join(line.rstrip() for line in lines)


def _each(time: Estimated) -> str:
    return f"{'at most ' if time.at_most else ''}{duration(time.seconds)}"


def numbers(values: Sequence[int]) -> str:
    """ "0-4", "0, 2, 7", "-" for none."""
    if len(values) > 2 and list(values) == list(range(values[0], values[-1] + 1)):
        return f"{values[0]}-{values[-1]}"
    return ", ".join(map(str, values)) or "-"


def _started_from(runs: Sequence[PlannedRun], plan: MatrixPlan) -> str:
    """The models that runs of a cell start from, as their folders are called."""
    if runs[0].needs is not None:
        places = {run.needs.parent.as_posix() for run in runs if run.needs is not None}
        return ", ".join(sorted(places))
    init = plan.recipes[runs[0].cell].init if runs[0].cell in plan.recipes else None
    return "-" if init is None else Path(init).name


def _how_many(runs: Sequence[PlannedRun], own: Collection[PlannedRun], wanted: set[Path]) -> str:
    """How many runs, and whose they are where another setting's serve."""
    others = sorted({run.folder.parent.as_posix() for run in runs if run.is_shared})
    if others:
        return ("" if not own else f"{len(own)}, else ") + f"as {', '.join(others)}"
    now = sum(run.folder in wanted for run in own)
    return str(len(own)) if now == len(own) else f"{len(own)}, {now} now"
