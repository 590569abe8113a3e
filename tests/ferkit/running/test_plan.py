"""From a matrix to an order of runs."""

from __future__ import annotations

from pathlib import Path

from ferkit.matrix_section import MatrixSection
from ferkit.running.plan import default_jobs, plan_runs, ready, run_document

MATRIX = MatrixSection(
    variants={"a": {"training": {"batch_size": 8}}, "b": {}, "scratch": {"loop": "other"}},
    seeds=(3, 5),
    first={"loop": {"use": "supervised", "epochs": 1}},
    from_scratch=("scratch",),
)
DOCUMENT = {"training": {"batch_size": 32, "accumulate": 2}, "loop": "supervised", "matrix": {}}


def test_every_variant_runs_with_every_seed_after_its_first_model() -> None:
    runs = plan_runs(MATRIX)
    assert [(run.variant, run.seed) for run in runs] == [
        ("first", 3), ("first", 5),
        ("a", 3), ("b", 3), ("scratch", 3), ("a", 5), ("b", 5), ("scratch", 5),
    ]  # fmt: skip
    needs = {run.folder.as_posix(): run.needs for run in runs}
    assert needs["a/seed5"] == Path("first/seed5")
    assert needs["scratch/seed3"] is None
    assert needs["first/seed3"] is None


def test_without_variants_that_start_from_it_no_first_model_is_trained() -> None:
    alone = MATRIX.model_copy(update={"from_scratch": ("a", "b", "scratch")})
    assert all(run.variant != "first" for run in plan_runs(alone))


def test_a_variant_is_laid_over_the_recipe(tmp_path: Path) -> None:
    run = next(run for run in plan_runs(MATRIX) if run.variant == "a" and run.seed == 5)
    document = run_document(DOCUMENT, MATRIX, run, name="demo", root=tmp_path)
    assert document["training"] == {"batch_size": 8, "accumulate": 2}
    assert document["seed"] == 5
    assert document["name"] == "demo-a"
    assert document["init"] == str(tmp_path / "first/seed5")
    assert "matrix" not in document
    assert DOCUMENT["training"] == {"batch_size": 32, "accumulate": 2}, "the original stays"


def test_runs_wait_for_what_they_need_and_give_up_when_it_failed() -> None:
    waiting = [run for run in plan_runs(MATRIX) if run.variant in ("a", "b")]
    nothing, hopeless = ready(waiting, set(), set())
    assert nothing is None
    assert hopeless == []
    run, hopeless = ready(waiting, {Path("first/seed5")}, {Path("first/seed3")})
    assert run is not None
    assert run.seed == 5
    assert {lost.seed for lost in hopeless} == {3}


def test_a_gpu_runs_one_at_a_time_and_a_cpu_no_more_than_there_are() -> None:
    assert default_jobs("cuda:0", 10) == 1
    assert default_jobs("cpu", 1) == 1
