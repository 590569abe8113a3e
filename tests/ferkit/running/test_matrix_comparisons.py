"""Paired tests and published figures in matrix.json, from the folders of runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ferkit.matrix_section import MatrixSection
from ferkit.running.folder import write_json
from ferkit.running.matrix_state import read_finished, write_state
from ferkit.running.matrix_tables import write_tables
from ferkit.running.plan import plan_runs

N = 8
Write = Callable[..., dict[str, Any]]


def predictions(right: int, start: int = 0) -> pa.Table:
    ids = [str(place) for place in range(start, start + N)]
    said = ["happy"] * right + ["sad"] * (N - right)
    table = {"id": ids, "split": ["test"] * N, "label": ["happy"] * N, "predicted": said}
    happy = [float(name == "happy") for name in said]
    return pa.table({**table, "prob_happy": happy, "prob_sad": [1 - one for one in happy]})


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a matrix whose variants answer so many of eight samples rightly, and its state."""

    def make(
        right: dict[str, int], *, status: str = "done", broken: tuple[str, ...] = (),
        undone: tuple[str, ...] = (), **matrix: Any,
    ) -> dict[str, Any]:  # fmt: skip
        section = MatrixSection.model_validate({"variants": {name: {} for name in right}} | matrix)
        runs = plan_runs(section)
        for run in runs:
            folder = tmp_path / run.folder
            folder.mkdir(parents=True)
            write_json(folder / "run.json", {})
            accuracy = right[run.variant] / N
            write_json(folder / "results.json", {"test": {"accuracy": {"value": accuracy}}})
            file = folder / "predictions.parquet"
            pq.write_table(predictions(right[run.variant], N * (run.fold or 0)), file)
            if run.folder.as_posix() in broken:
                file.write_bytes(b"no parquet")
        split = SimpleNamespace(folds=matrix.get("folds"))
        evaluation = SimpleNamespace(bootstrap=50, bins=10)
        recipe = SimpleNamespace(data=SimpleNamespace(split=split), evaluation=evaluation)
        plan: Any = SimpleNamespace(
            root=tmp_path, name="m", matrix=section, runs=runs, smoke=False, started="",
            recipes={run.cell: recipe for run in runs}, recorded=None,
            finished=lambda run: run.folder.as_posix() not in undone,
        )  # fmt: skip
        finished = read_finished(plan)
        state = write_state(plan, status, finished=finished)
        write_tables(plan, state, finished)
        return state

    return make


def test_each_variant_is_tested_against_the_baseline(write: Write, tmp_path: Path) -> None:
    state = write({"a": 0, "b": 8, "c": 2}, baseline="a", seeds=[0])
    tests = state["tests"]
    assert (tests["comparisons"], tests["correction"], tests["level"]) == (2, "Holm", 0.05)
    assert [(pair["variant"], pair["against"]) for pair in tests["pairs"]] == [
        ("b", "a"),
        ("c", "a"),
    ]
    found = state["summary"]["variants"]["b"]["test"]
    assert (found["p"], found["p_holm"]) == pytest.approx((2 / 256, 4 / 256))
    assert "test" not in state["summary"]["variants"]["a"]
    assert "p, Holm over 2" in (tmp_path / "matrix.md").read_text()
    assert "\\begin{tabular}" in (tmp_path / "matrix.tex").read_text()
    assert ",p,p_holm,test,test_n," in (tmp_path / "matrix.csv").read_text()


def test_every_two_are_tested_where_asked(write: Write) -> None:
    state = write({"a": 0, "b": 8, "c": 2}, baseline="b", compare="all")
    pairs = [(pair["variant"], pair["against"]) for pair in state["tests"]["pairs"]]
    assert pairs == [("a", "b"), ("c", "a"), ("c", "b")]
    assert state["summary"]["variants"]["c"]["test"]["against"] == "b"


def test_without_a_baseline_nothing_is_tested(write: Write) -> None:
    assert "tests" not in write({"a": 0, "b": 8})


@pytest.mark.parametrize("status", ["planned", "running"])
def test_nothing_is_tested_before_the_runs_are_done(write: Write, status: str) -> None:
    assert "tests" not in write({"a": 0, "b": 8}, baseline="a", status=status)


def test_folds_are_pooled_and_summarised(write: Write) -> None:
    state = write({"a": 0, "b": 4}, baseline="a", folds=2)
    (pair,) = state["tests"]["pairs"]
    assert (pair["n"], pair["p"]) == (2 * N, pytest.approx(2 / 256))
    assert state["summary"]["seeds"] == ["0.0", "0.1"]
    assert state["summary"]["variants"]["b"]["folds"] == 2
    pooled = state["summary"]["variants"]["b"]["pooled"]
    assert (pooled["samples"], pooled["confusion"]) == (2 * N, [[8, 8], [0, 0]])
    assert pooled["metrics"]["accuracy"]["mean"] == state["summary"]["variants"]["b"]["mean"]
    assert [run["fold"] for run in state["runs"]] == [0, 0, 1, 1]


def test_broken_predictions_are_said_and_the_rest_is_tested(write: Write) -> None:
    state = write(
        {"a": 0, "b": 8, "c": 8},
        baseline="a",
        seeds=[0, 1],
        broken=("b/seed0", "c/seed0", "c/seed1"),
    )
    first, second = state["tests"]["pairs"]
    assert first["replicates"] == ["1"]
    assert first["notes"] == ["left out: runs without readable predictions (0)"]
    assert (second["p"], second["why"]) == (None, "predictions are missing")
    assert state["tests"]["comparisons"] == 1


def test_a_partial_matrix_tests_what_is_there(write: Write) -> None:
    state = write(
        {"a": 0, "b": 8},
        baseline="a",
        settings={"s": {}, "t": {}},
        undone=("t/a/seed0",),
        status="partial",
    )
    assert [pair["setting"] for pair in state["tests"]["pairs"]] == ["s"]
    assert state["settings"]["s"]["variants"]["b"]["test"]["p"] == pytest.approx(2 / 256)
    assert "test" not in state["settings"]["t"]["variants"]["b"]


def test_published_figures_are_in_the_summaries(write: Write) -> None:
    paper = {"source": "P", "cells": {"s": {"b": 95}}, "rows": {"R": {"s": 90}}}
    settings: dict[str, Any] = {"s": {}, "t": {}}
    state = write({"a": 0, "b": 8}, settings=settings, paper=paper)
    assert state["settings"]["s"]["variants"]["b"]["paper"] == {
        "value": 0.95,
        "ours": 1.0,
        "difference": pytest.approx(0.05),
    }
    assert state["settings"]["s"]["paper"]["models"] == {"R": 0.9}
    assert "paper" not in state["settings"]["t"]["variants"]["b"]
