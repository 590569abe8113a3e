"""The table of a plan: names go on in another line, and never in the middle of a word."""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from ferkit.running.plan import PlannedRun
from ferkit.running.plan_table import folded, numbers, plan_table
from ferkit.running.time_estimate import Estimated

NAME = "width4-labels20-adam"


def shown(width: int, *, variant: str = "successive_smoothing") -> list[str]:
    """The lines of a table of two runs, one from the other."""
    runs = [
        PlannedRun("first", 0, Path(NAME, "first/seed0"), None, NAME),
        PlannedRun(variant, 0, Path(NAME, variant, "seed0"), Path(NAME, "first/seed0"), NAME),
    ]
    plan: Any = SimpleNamespace(
        runs=runs, matrix=SimpleNamespace(settings={NAME: {}}), recipes={}, finished=lambda _: False
    )
    estimated = {run.cell: Estimated(605.0, at_most=True) for run in runs}
    wanted = {run.folder for run in runs}
    console = Console(width=width, record=True, file=StringIO())
    console.print(plan_table(plan, wanted, estimated, done=True, width=width))
    lines = [line.rstrip() for line in console.export_text().splitlines()]
    assert max(map(len, lines)) <= width
    return [line for line in lines if line]


def test_names_go_on_after_their_marks() -> None:
    head, _, *rows = shown(80)
    assert "at most 10 min 5 s" in rows[0]
    words = " ".join(rows).split()
    assert {"width4-", "labels20-", "successive_", "smoothing", "adam/first"} <= set(words)
    assert "starts from" in head
    assert NAME in shown(140)[2]


def test_a_column_is_left_out_before_a_word_is_broken() -> None:
    lines = shown(70, variant="successivesmoothingoflabels")
    assert lines[-1] == "There is no room for the column 'starts from'."
    assert any("successivesmoothingoflabels" in line for line in lines)


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("a-b/c_d e", 3, ["a-", "b/", "c_d", "e"]),
        ("first", 2, ["first"]),
        ("one two", 9, ["one two"]),
        ("--x--y", 3, ["--", "x--", "y"]),
        ("", 4, [""]),
    ],
)
def test_folding(text: str, width: int, lines: list[str]) -> None:
    assert folded(text, width).split("\n") == lines


def test_seeds_in_words() -> None:
    assert numbers([0, 1, 2, 3]) == "0-3"
    assert numbers([0, 2]) == "0, 2"
    assert numbers([]) == "-"
