"""Ranges, choices, grids: what a sweep draws from."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from ferkit.sweep_section import SweepSection
from ferkit.sweep_space import (
    Choices,
    Range,
    dimension,
    dimensions,
    grid,
    name_of,
    trials_asked,
)


def test_numbers_without_a_point_are_whole() -> None:
    assert dimension({"low": 8, "high": 32}) == Range(8, 32, log=False, step=1, whole=True)
    assert dimension({"low": 8, "high": 32.0}) == Range(8, 32.0, log=False, step=None, whole=False)
    assert dimension({"low": 1, "high": 64, "log": True}) == Range(
        1, 64, log=True, step=None, whole=True
    )
    whole = dimension({"low": 8, "high": 32, "step": 8})
    assert whole.value(16.0) == 16
    assert isinstance(whole.value(16.0), int)
    assert dimension({"low": 0.5, "high": 1.0}).value(0.1 + 0.2) == 0.3


def test_steps_from_low_up_to_high() -> None:
    found = dimension({"low": 0.5, "high": 0.95, "step": 0.05})
    assert found.grid() == [0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95]
    short = dimension({"low": 0.1, "high": 1.0, "step": 0.4})
    assert isinstance(short, Range)
    assert short.grid() == [0.1, 0.5, 0.9]
    assert short.top == 0.9


def test_choices_have_names() -> None:
    listed = dimension(["adam", 0.1, None, True, {"use": "small_cnn"}, {"use": "x", "n": 1}])
    assert isinstance(listed, Choices)
    assert listed.grid() == ["adam", "0.1", "null", "true", "small_cnn", "{use: x, n: 1}"]
    assert listed.value("null") is None
    assert listed.value("0.1") == 0.1
    named = dimension({"choices": {"few": 3, "many": 30}})
    assert named.value("many") == 30
    assert dimension({"choices": [1, 2]}).value("2") == 2
    assert name_of([1, "a"]) == "[1, a]"


@pytest.mark.parametrize("given", [{"low": 1}, {"low": True, "high": 2}, {"choices": 3}, {}])
def test_what_is_neither(given: object) -> None:
    with pytest.raises(ValidationError):
        dimension(given)


def test_a_grid_is_all_combinations() -> None:
    space = {"a.x": [1, 2], "b": {"choices": {"p": 0, "q": 1, "r": 2}}}
    sweep = SweepSection(space=space, sampler="grid")
    found = dimensions(sweep)
    combinations = grid(found)
    assert combinations[:4] == [
        {"a.x": "1", "b": "p"},
        {"a.x": "1", "b": "q"},
        {"a.x": "1", "b": "r"},
        {"a.x": "2", "b": "p"},
    ]
    assert trials_asked(sweep, found) == len(combinations) == 6
    assert trials_asked(sweep.model_copy(update={"trials": 4}), found) == 4
    assert trials_asked(sweep.model_copy(update={"trials": 40}), found) == 6
    assert trials_asked(sweep.model_copy(update={"sampler": "random"}), found) == 30
