"""Published figures of rounds need rounds of ours beside them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ferkit.catalogue import catalogue
from ferkit.errors import FerkitError
from ferkit.plugins import load
from ferkit.recipe import read_recipe
from ferkit.running.matrix_plan import make_plan

RECIPE = """\
data:
  train: {use: rendered, count: 8}
  unlabelled: {use: rendered, count: 8, start: 20, labelled: false}
  test: {use: rendered, count: 8, start: 50}
evaluation: {rounds: ROUNDS}
matrix:
  settings: {s: {}, t: {}}
  variants:
    plain: {loop: {use: supervised}}
    student: {loop: {use: noisy_student, rounds: 2}}
    teacher: {loop: {use: noisy_student, rounds: 0}}
  paper: {source: P, rounds: {t: {NAME: [50, 60]}}}
"""

Plan = Callable[..., None]


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    def plan_it(name: str, *, rounds: bool = True) -> None:
        path = tmp_path / "r.yaml"
        text = RECIPE.replace("NAME", name).replace("ROUNDS", str(rounds).lower())
        path.write_text(text)
        components = catalogue(load())
        loaded = read_recipe(str(path), catalogue=components)
        assert loaded.matrix is not None
        make_plan(loaded, loaded.matrix, components, root=tmp_path / "o", jobs=1, smoke=False)

    return plan_it


@pytest.mark.parametrize(("name", "loop"), [("plain", "supervised"), ("teacher", "noisy_student")])
def test_a_loop_without_rounds_is_refused(plan: Plan, name: str, loop: str) -> None:
    with pytest.raises(FerkitError, match=rf"paper.rounds.t.{name}: .* the loop '{loop}' of this"):
        plan(name)


def test_rounds_that_are_not_measured_are_refused(plan: Plan) -> None:
    plan("student")
    with pytest.raises(FerkitError, match=r"t.student: gives .* evaluation.rounds is false"):
        plan("student", rounds=False)
