"""What the runs of a matrix say of its folds: pooled figures, and what was trained on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ferkit.data.folds import Fold
from ferkit.data.protocol import Made, _test
from ferkit.evaluation.protocol import fold_count
from ferkit.matrix_section import MatrixSection
from ferkit.running.folder import write_json
from ferkit.running.matrix_pools import leaves_subjects_out, pools_of, shares_tested
from ferkit.running.matrix_state import read_finished, write_state
from ferkit.running.matrix_tables import write_tables
from ferkit.running.plan import plan_runs
from ferkit.sections import DataSection

Make = Callable[..., Any]
NOTHING: Any = None


def about(fold: int, count: int, folds: int | str, sizes: dict[str, int] | None) -> dict[str, Any]:
    """run.json of a fold."""
    section = DataSection.model_validate({"train": {"use": "x"}, "split": {"folds": folds}})
    subject = "s3" if folds == "subject" else ""
    made = Made(test=True, validation=True, fold=Fold(fold, count, subject, ()), alike=NOTHING)
    said = [_test(section, {"test": 2}, made).as_json()]
    data: dict[str, Any] = {"protocol": said}
    if sizes is not None:
        data["splits"] = {name: {"n": n} for name, n in sizes.items()}
    return {"data": data, "seconds": 1.0}


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """A matrix whose runs are done but for some: each fold tests a happy and a sad sample."""

    def make_it(
        asked: int | list[int],
        *,
        folds: int | str,
        sizes: dict[str, int] | None = None,
        undone: tuple[str, ...] = (),
        count: int = 4,
    ) -> Any:
        section = MatrixSection.model_validate({"variants": {"a": {}, "b": {}}, "folds": asked})
        runs = plan_runs(section)
        for run in runs:
            folder = tmp_path / run.folder
            folder.mkdir(parents=True)
            write_json(folder / "run.json", about(run.fold or 0, count, folds, sizes))
            results = {"test": {"n": 2, "accuracy": {"value": 0.1 * (run.fold or 0) + 0.5}}}
            write_json(folder / "results.json", results)
            table = {"id": [f"{run.fold}a", f"{run.fold}b"], "split": ["test"] * 2}
            table |= {"label": ["happy", "sad"], "prob_happy": [0.9, 0.8], "prob_sad": [0.1, 0.2]}
            pq.write_table(pa.table(table), folder / "predictions.parquet")
        recipe = SimpleNamespace(
            data=SimpleNamespace(split=SimpleNamespace(folds=folds)),
            evaluation=SimpleNamespace(bootstrap=20, bins=5),
        )
        return SimpleNamespace(
            root=tmp_path, name="m", matrix=section, runs=runs, smoke=False, started="",
            recipes={run.cell: recipe for run in runs}, recorded=None,
            finished=lambda run: run.folder.as_posix() not in undone,
        )  # fmt: skip

    return make_it


@pytest.mark.parametrize("folds", [7, "subject"])
def test_the_number_of_folds_is_read_from_the_runs(folds: int | str) -> None:
    older = about(2, 7, folds, None)
    assert fold_count(older) == 7  # by the words of its protocol
    assert fold_count({"data": older["data"] | {"folds": 9}}) == 9
    assert fold_count({"data": older["data"] | {"folds": None}}) is None
    assert fold_count({"data": {"protocol": []}}) is None


def test_what_was_really_trained_on_is_counted(make: Make) -> None:
    plan = make([0, 1], folds="subject", sizes={"test": 2, "labelled": 16, "validation": 3})
    finished = read_finished(plan)
    assert shares_tested(plan, finished, None) == {"a": 0.125, "b": 0.125}
    state = write_state(plan, "done", finished=finished)
    entry = state["summary"]["variants"]["a"]["over_folds"]["accuracy"]
    # 0.5 and 0.6: deviation 0.0707, half width 12.7062 sd sqrt(1/2 + 2/16), cut off at 1.
    assert entry["low"] == 0
    assert entry["sd"] == pytest.approx(0.0707, abs=1e-4)


@pytest.mark.parametrize(("folds", "expected"), [(4, {"a": 1 / 3, "b": 1 / 3}), ("subject", {})])
def test_runs_that_do_not_say_so_have_equal_folds(
    make: Make, folds: int | str, expected: dict[str, float]
) -> None:
    plan = make([0, 1, 2], folds=folds)
    assert shares_tested(plan, read_finished(plan), None) == expected


def test_subjects_left_out_have_the_pooled_figure(make: Make, tmp_path: Path) -> None:
    plan = make([0, 1, 3], folds="subject")
    finished = read_finished(plan)
    assert leaves_subjects_out(plan, None)
    (first, second) = pools_of(plan, finished).values()
    assert first.about["confusion"] == second.about["confusion"] == [[3, 0], [3, 0]]
    assert (first.about["folds"], first.about["of_folds"]) == (3, 4)
    state = write_state(plan, "done", finished=finished)
    write_tables(plan, state, finished)
    entry = state["summary"]["variants"]["a"]
    assert (entry["mean"], entry["over_folds"]["accuracy"]["mean"]) == pytest.approx((0.5, 1.9 / 3))
    assert "of the test samples of 3 of 4 folds together" in (tmp_path / "matrix.md").read_text()
    assert "pooled" not in write_state(plan, "running", finished=finished)["summary"]


def test_a_number_of_folds_keeps_its_mean(make: Make) -> None:
    plan = make(4, folds=4, undone=("b/seed0-fold2",))
    assert not leaves_subjects_out(plan, None)
    variants = write_state(plan, "partial", finished=read_finished(plan))["summary"]["variants"]
    assert variants["a"]["mean"] == pytest.approx(0.65)
    assert variants["a"]["pooled"]["metrics"]["accuracy"]["mean"] == pytest.approx(0.5)
    assert variants["b"]["pooled"] == {"why": "3 of 4 folds are done"}
