"""A matrix with settings: folders, what needs what, shared runs, selection, time left."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from ferkit.catalogue import Catalogue, catalogue
from ferkit.errors import FerkitError
from ferkit.matrix_section import MatrixSection
from ferkit.plugins import load
from ferkit.recipe import validate
from ferkit.running.matrix_plan import share_runs
from ferkit.running.matrix_recipe import with_absolute_paths
from ferkit.running.plan import PlannedRun, plan_runs, ready, run_document
from ferkit.running.selection import selected
from ferkit.running.time_left import RunTimes, left_in_words, seconds_left

DOCUMENT: dict[str, Any] = {
    "data": {
        "train": {"use": "rendered", "count": 8, "noise": 0.1},
        "unlabelled": {"use": "rendered", "count": 8, "labelled": False},
    },
    "matrix": {},
}


def grid(**changes: Any) -> MatrixSection:
    content: dict[str, Any] = {
        "seeds": [4, 5],
        "settings": {
            "clean": {"data": {"train": {"noise": 0.0}}},
            "noisy": {"data": {"train": {"noise": 0.2}, "unlabelled": None}},
        },
        "pretrain": {"model": {"dropout": 0.3}},
        "first": {"loop": {"use": "supervised", "epochs": 2}},
        "from_scratch": ["fresh"],
        "variants": {"plain": {}, "fresh": {"data": {"train": {"noise": 0.5}}}},
    }
    return MatrixSection.model_validate(content | changes)


def paths(runs: list[PlannedRun]) -> dict[str, str | None]:
    return {
        run.folder.as_posix(): None if run.needs is None else run.needs.as_posix() for run in runs
    }


@pytest.fixture(scope="module")
def components() -> Catalogue:
    return catalogue(load())


def test_every_setting_has_its_own_first_models_after_the_one_pretrained_model() -> None:
    assert paths(plan_runs(grid(not_pretrained=["noisy"]))) == {
        "pretrain/seed4": None,
        "clean/first/seed4": "pretrain/seed4",
        "clean/first/seed5": "pretrain/seed4",
        "clean/plain/seed4": "clean/first/seed4",
        "clean/fresh/seed4": None,
        "clean/plain/seed5": "clean/first/seed5",
        "clean/fresh/seed5": None,
        "noisy/first/seed4": None,
        "noisy/first/seed5": None,
        "noisy/plain/seed4": "noisy/first/seed4",
        "noisy/fresh/seed4": None,
        "noisy/plain/seed5": "noisy/first/seed5",
        "noisy/fresh/seed5": None,
    }


def test_without_first_models_variants_start_from_the_pretrained_one() -> None:
    runs = plan_runs(grid(first=None, seeds=[4], settings=None))
    assert paths(runs) == {
        "pretrain/seed4": None,
        "plain/seed4": "pretrain/seed4",
        "fresh/seed4": None,
    }
    assert [run.plan_file.as_posix() for run in runs] == [
        ".plan/pretrain-seed4.yaml",
        ".plan/plain-seed4.yaml",
        ".plan/fresh-seed4.yaml",
    ]


def test_a_pretrained_model_that_nothing_starts_from_is_not_trained() -> None:
    for unused in (
        grid(not_pretrained=["clean", "noisy"]),
        grid(from_scratch=["plain", "fresh"]),
    ):
        assert all(run.variant != "pretrain" for run in plan_runs(unused))


def test_a_variant_is_laid_over_its_setting_and_that_over_the_recipe(tmp_path: Path) -> None:
    matrix = grid()
    runs = {run.folder.as_posix(): run for run in plan_runs(matrix)}

    def document(folder: str) -> dict[str, Any]:
        return run_document(DOCUMENT, matrix, runs[folder], name="demo", root=tmp_path)

    plain = document("noisy/plain/seed5")
    assert plain["data"]["train"] == {"use": "rendered", "count": 8, "noise": 0.2}
    assert plain["data"]["unlabelled"] is None
    assert (plain["seed"], plain["name"]) == (5, "demo-noisy-plain")
    assert plain["init"] == str(tmp_path / "noisy/first/seed5")
    assert document("clean/fresh/seed4")["data"]["train"]["noise"] == 0.5
    pretrain = document("pretrain/seed4")
    assert pretrain["data"] == DOCUMENT["data"], "no setting is laid over it"
    assert pretrain["model"] == {"dropout": 0.3}
    assert pretrain["name"] == "demo-pretrain"


def shared(matrix: MatrixSection, components: Catalogue, root: Path) -> list[PlannedRun]:
    runs = plan_runs(matrix)
    recipes = {
        run.cell: validate(
            run_document(DOCUMENT, matrix, run, name="demo", root=root), catalogue=components
        )
        for run in runs
    }
    return share_runs(runs, recipes, name="demo", root=root)[0]


def test_settings_that_come_to_the_same_first_model_share_it(
    components: Catalogue, tmp_path: Path
) -> None:
    matrix = grid(
        seeds=[0, 1],
        settings={"a": {"model": {"dropout": 0.1}}, "b": {"model": {"dropout": 0.2}}},
        pretrain=None,
        first={"model": {"dropout": 0.0}},
        from_scratch=[],
        # 'same' takes the setting's value away again, 'other' keeps it.
        variants={"same": {"model": {"dropout": 0.0}}, "other": {}},
    )
    runs = shared(matrix, components, tmp_path)
    assert Counter(run.folder.as_posix() for run in runs) == {
        "a/first/seed0": 2, "a/first/seed1": 2,
        "a/same/seed0": 2, "a/same/seed1": 2,
        "a/other/seed0": 1, "a/other/seed1": 1, "b/other/seed0": 1, "b/other/seed1": 1,
    }  # fmt: skip
    of_b = {run.variant: run for run in runs if run.setting == "b" and run.seed == 1}
    assert of_b["first"].is_shared
    assert of_b["other"].needs == Path("a/first/seed1")
    assert not of_b["other"].is_shared


def test_first_models_from_other_weights_are_not_the_same(
    components: Catalogue, tmp_path: Path
) -> None:
    same: dict[str, Any] = {"a": {}, "b": {}}
    runs = shared(grid(settings=same, not_pretrained=["b"]), components, tmp_path)
    assert {run.folder.as_posix() for run in runs if run.variant == "first"} == {
        f"{setting}/first/seed{seed}" for setting in same for seed in (4, 5)
    }
    # The variants from scratch start from nothing in either, so these are the same.
    assert {run.folder.as_posix() for run in runs if run.variant == "fresh"} == {
        "a/fresh/seed4",
        "a/fresh/seed5",
    }


def test_a_failed_pretrained_model_makes_all_that_hangs_on_it_hopeless() -> None:
    waiting = plan_runs(grid(seeds=[0], not_pretrained=["noisy"]))[1:]
    failed = {Path("pretrain/seed0")}
    _, hopeless = ready(waiting, set(), failed)
    assert [run.folder.as_posix() for run in hopeless] == ["clean/first/seed0"]
    failed |= {run.folder for run in hopeless}
    run, hopeless = ready([one for one in waiting if one not in hopeless], set(), failed)
    assert [one.folder.as_posix() for one in hopeless] == ["clean/plain/seed0"]
    assert run is not None
    assert run.folder.as_posix() == "clean/fresh/seed0"


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        (["noisy"], {"noisy/first", "noisy/plain", "noisy/fresh"}),
        (["clean/fresh"], {"clean/fresh"}),
        (["c*/pl*"], {"pretrain", "clean/first", "clean/plain"}),
        (["*/first"], {"pretrain", "clean/first", "noisy/first"}),
        (["pretrain", "noisy/fresh"], {"pretrain", "noisy/fresh"}),
    ],
)
def test_only_what_is_named_and_what_it_starts_from(
    patterns: list[str], expected: set[str]
) -> None:
    matrix = grid(seeds=[0], not_pretrained=["noisy"])
    folders = selected(plan_runs(matrix), patterns, matrix=matrix)
    assert {folder.parent.as_posix() for folder in folders} == expected


def test_only_without_settings_names_variants() -> None:
    matrix = grid(seeds=[0], settings=None, pretrain=None)
    folders = selected(plan_runs(matrix), ["fr*"], matrix=matrix)
    assert folders == {Path("fresh/seed0")}
    assert len(selected(plan_runs(matrix), [], matrix=matrix)) == 3


@pytest.mark.parametrize(
    ("pattern", "settings", "message"),
    [
        ("claen", True, "--only claen: names no run of this matrix. Did you mean 'clean'?"),
        ("noisy/plane", True, "--only noisy/plane: names no run .* Did you mean 'plain'?"),
        ("zzz/plain", True, "Settings: clean, noisy."),
        ("zzz", False, "Variants: fresh, plain."),
    ],
)
def test_only_must_name_something(pattern: str, settings: bool, message: str) -> None:
    matrix = grid() if settings else grid(settings=None)
    with pytest.raises(FerkitError, match=message):
        selected(plan_runs(matrix), [pattern], matrix=matrix)


def test_time_left_is_told_from_runs_of_the_same_kind() -> None:
    runs = {run.folder.as_posix(): run for run in plan_runs(grid(pretrain=None))}
    first, plain, fresh = (runs[f"clean/{name}/seed4"] for name in ("first", "plain", "fresh"))
    times = RunTimes([(first, 10.0), (plain, 30.0)])
    assert times.expected(runs["noisy/plain/seed5"]) == 30  # of the same variant
    times.add(runs["noisy/plain/seed4"], 50.0)
    assert times.expected(runs["noisy/plain/seed5"]) == 50  # of the same setting, too
    assert times.expected(fresh) is None
    waiting = [runs["clean/plain/seed5"], runs["noisy/plain/seed5"]]
    # (30 + 50 + (10 - 4)) / 2 places, then the longest alone.
    under_way = {runs["clean/first/seed5"]: 4.0}
    assert seconds_left(times, waiting, under_way, jobs=2) == (50.0, True)
    assert seconds_left(times, waiting, under_way, jobs=1) == (86.0, True)
    assert seconds_left(times, [*waiting, fresh], {}, jobs=1) == (80.0, False)
    assert seconds_left(times, [fresh], {}, jobs=1) is None
    assert left_in_words((86.0, True)) == "about 1 min 26 s left"
    assert left_in_words((80.0, False)) == "more than 1 min 20 s left"
    assert left_in_words((0.2, True)) == "less than 10 s left"
    assert left_in_words((0.2, False)) == ""
    assert left_in_words(None) == ""


def test_paths_in_a_fragment_are_found_by_what_they_were_resolved_to(tmp_path: Path) -> None:
    fragment = {"train": {"use": "table", "path": "a.csv", "sep": "x"}, "parts": ["b.csv", 3]}
    resolved = {
        "train": {"use": "table", "path": str(tmp_path / "a.csv"), "sep": "x"},
        "parts": [str(tmp_path / "b.csv"), 3],
    }
    other = {"train": {"use": "other"}, "parts": None}
    assert with_absolute_paths(fragment, [other, resolved], tmp_path) == resolved
