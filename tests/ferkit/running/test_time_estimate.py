"""Estimates from timed steps, and the words for them."""

from __future__ import annotations

from pathlib import Path

import pytest

from ferkit import plugins
from ferkit.catalogue import Catalogue, catalogue
from ferkit.contracts.training import Phase
from ferkit.plugin import Context
from ferkit.recipe import read_recipe
from ferkit.running import time_estimate
from ferkit.running.assemble import read_data
from ferkit.running.plan import PlannedRun
from ferkit.running.planned_work import PhaseWork, RunWork, Sizes
from ferkit.running.step_times import Answer, answer
from ferkit.running.time_estimate import BEGINNING, FIGURES, Case, Counted, Estimated, in_words
from ferkit.running.time_left import RunTimes
from ferkit.sections import Recipe


@pytest.fixture
def components() -> Catalogue:
    return catalogue(plugins.load())


@pytest.fixture
def recipe(tiny_recipe: Path, components: Catalogue) -> Recipe:
    return read_recipe(str(tiny_recipe), catalogue=components).recipe


@pytest.fixture
def case(recipe: Recipe, components: Catalogue) -> Case:
    return Case(recipe, read_data(recipe, components, Context()))


def test_a_run_is_the_sum_of_its_parts(recipe: Recipe) -> None:
    one = PhaseWork(Phase("one", 3), 3, 5, (16, 0), labels=0, validated=30, sooner=False)
    two = PhaseWork(Phase("two", 2), 2, 4, (16, 8), labels=100, validated=20, sooner=True)
    counted = Counted(
        recipe, Sizes(80, 40, 10, 20), RunWork((one, two), 120, 30), 200, 2.0, Context()
    )
    times = [Answer(0.5, 0.01, 0.02, 0.001, 0.1), Answer(0.8, 0.02, 0.03, 0.001, 0.1)]
    found = time_estimate.joined(counted, times)
    steps = 3 * 5 * 0.5 + 2 * 4 * 0.8
    predicted = 30 * 0.01 + 120 * 0.02  # in the phases
    predicted += 120 * 0.02 + 30 * 0.03  # at the end
    other = BEGINNING + 2.0 + 200 * 0.001 + FIGURES * 0.1
    assert found == (pytest.approx(steps + predicted + other), True)


def test_rows_are_divided_and_counted(case: Case, components: Catalogue) -> None:
    counted = time_estimate.count(case, components)
    assert counted.sizes.test == 40
    assert counted.sizes.unlabelled == 40
    assert counted.sizes.labelled + counted.sizes.validation == 84
    assert [work.epochs for work in counted.work.phases] == [2, 3]
    assert counted.context.image_size == 32


def test_real_steps_are_timed(case: Case, components: Catalogue) -> None:
    counted = time_estimate.count(case, components)
    questions = time_estimate._questions(counted, case)
    assert len({key for key, _ in questions}) == 2
    for _, question in questions:
        found = answer(question, components)
        assert all(seconds > 0 for seconds in found)
        assert found.whole_clip == pytest.approx(found.predicted)  # stills


def test_steps_of_a_loop_that_learns_something_of_its_own_are_timed(
    tiny_recipe: Path, components: Catalogue
) -> None:
    read = read_recipe(
        str(tiny_recipe), catalogue=components, overrides=["loop={use: rul, epochs: 2, steps: 3}"]
    )
    case = Case(read.recipe, read_data(read.recipe, components, Context()))
    counted = time_estimate.count(case, components)
    ((_, question),) = time_estimate._questions(counted, case)
    assert answer(question, components).step > 0
    assert [work.steps for work in counted.work.phases] == [3]


def test_only_the_first_networks_are_timed(
    case: Case, components: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time_estimate, "MOST_NETWORKS", 1)
    monkeypatch.setattr(
        time_estimate,
        "answers",
        lambda questions, **_: [Answer(1.0, 1.0, 1.0, 1.0, 1.0) for _ in questions],
    )
    other = case.recipe.model_copy(
        update={"model": case.recipe.model.model_copy(update={"dropout": 0.5})}
    )
    cases = {"one": case, "same": case, "other": Case(other, case.read)}
    assert list(time_estimate.estimate(cases, components, threads=1)) == ["one", "same"]


def test_in_words() -> None:
    assert in_words(130.0, at_most=False, is_whole=True) == "about 2 min 10 s"
    assert in_words(130.0, at_most=True, is_whole=True) == "at most about 2 min 10 s"
    assert in_words(130.0, at_most=True, is_whole=False) == "more than 2 min 10 s"


def test_time_left_begins_with_the_estimate_and_learns_from_runs() -> None:
    slow, fast, new = (PlannedRun(name, 0, Path(name)) for name in ("slow", "fast", "new"))
    estimated = {slow.cell: 10.0, fast.cell: 4.0}
    times = RunTimes((), estimated)
    assert [times.expected(run) for run in (slow, fast, new)] == [10.0, 4.0, None]
    times.add(slow, 30.0)  # three times as long as thought
    assert [times.expected(run) for run in (slow, fast, new)] == [30.0, 12.0, None]
    assert Estimated(1.0, at_most=True).at_most
