"""The files that hold the tables of a matrix."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ferkit.evaluation.matrix import summarise_matrix
from ferkit.evaluation.rounds import summarise_rounds
from ferkit.evaluation.wording import SMOKE
from ferkit.recipe_matrix import is_own_file
from ferkit.running.matrix_tables import write_tables

FILES = ("matrix.md", "matrix_compact.md", "matrix_rounds.md")


@pytest.mark.parametrize("smoke", [True, False])
def test_markdown_of_smoke_runs_says_so_before_its_table(tmp_path: Path, smoke: bool) -> None:
    summary = summarise_matrix(
        {"plain": {0: {"test": {"accuracy": {"value": 0.5}}}}}, baseline=None, metric="accuracy"
    )
    rounds = summarise_rounds({0: [{"name": "r0", "accuracy": 0.5}]}, "accuracy")
    plan: Any = SimpleNamespace(root=tmp_path, matrix=SimpleNamespace(settings={"s": {}}))
    of_settings = {"summary": None, "settings": {"s": summary}, "first_accuracy": {}}
    for state, written in ((of_settings, FILES), ({"summary": summary}, FILES[:1])):
        write_tables(plan, {"smoke": smoke, "rounds": {"": {"plain": rounds}}, **state}, [])
        for name in written:
            lines = (tmp_path / name).read_text().splitlines()
            assert (lines[:2] == [SMOKE, ""]) is smoke, name
            assert lines[2 * smoke].startswith("|"), name
    # A variant's folder can't have the name of any of these.
    assert all(is_own_file(path.name) for path in tmp_path.iterdir())
    assert not is_own_file("matrix_a")
    assert is_own_file("Matrix_Epochs.md")
