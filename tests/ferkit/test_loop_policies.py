"""A loop's own label updates and weightings stand where a recipe names none."""

from __future__ import annotations

from pathlib import Path

import pytest

from ferkit.catalogue import catalogue
from ferkit.errors import FerkitErrors
from ferkit.plugin import Component
from ferkit.plugins import load
from ferkit.recipe import dump_recipe, read_recipe

KNOWN = catalogue(load())
DATA = "data: {train: {use: rendered, count: 20}, test: {use: rendered, count: 20}, labels: 10}\n"


def read(folder: Path, text: str, *overrides: str):
    path = folder / "recipe.yaml"
    path.write_text(DATA + text)
    return read_recipe(str(path), overrides=overrides, catalogue=KNOWN)


def chosen(section) -> list[list[str]]:
    return [[one.use for one in section.label_updates], [one.use for one in section.weightings]]


def test_they_stand_where_the_recipe_names_none(tmp_path: Path) -> None:
    recipe = read(tmp_path, "loop: fixmatch\n").recipe
    assert chosen(recipe.unlabelled) == [["hard"], ["confidence"]]
    assert recipe.unlabelled.weightings[0].threshold == 0.95
    assert chosen(recipe.labelled) == [[], []]


def test_what_the_recipe_names_counts(tmp_path: Path) -> None:
    text = "loop: {use: fixmatch, ratio: 2}\nunlabelled: {weightings: [uniform]}\n"
    assert chosen(read(tmp_path, text).recipe.unlabelled) == [["hard"], ["uniform"]]
    none = read(tmp_path, "loop: fixmatch\nunlabelled: {label_updates: [], weightings: []}\n")
    assert chosen(none.recipe.unlabelled) == [[], []]
    other = read(tmp_path, "loop: supervised\n")
    assert chosen(other.recipe.unlabelled) == [[], []]
    asked = read(tmp_path, "loop: supervised\n", "loop=fixmatch")
    assert chosen(asked.recipe.unlabelled) == [["hard"], ["confidence"]]


def test_they_are_in_the_recipe_that_is_run_and_their_plugins_too(tmp_path: Path) -> None:
    loaded = read(tmp_path, "loop: fixmatch\n")
    assert {"fixmatch", "basics"} <= set(loaded.plugins_used)
    written = tmp_path / "written.yaml"
    written.write_text(dump_recipe(loaded.recipe))
    again = read_recipe(str(written), catalogue=KNOWN).recipe
    assert again == loaded.recipe
    assert "confidence" in written.read_text()


def test_each_variant_of_a_matrix_gets_those_of_its_loop(tmp_path: Path) -> None:
    text = "matrix: {variants: {plain: {}, ours: {loop: fixmatch}}}\n"
    loaded = read(tmp_path, text)  # `confidence` is known though nobody names it
    assert loaded.matrix is not None
    assert {"fixmatch", "basics"} <= set(loaded.plugins_used)
    wrong = text.replace("loop: fixmatch", "loop: fixmatch, unlabelled: {weightings: [none]}")
    with pytest.raises(FerkitErrors, match="'none'"):
        read(tmp_path, wrong)


def test_a_policy_that_is_not_installed_is_told(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("FERKIT_PLUGINS", "fixmatch,rendered,crops")
    path = tmp_path / "recipe.yaml"
    path.write_text(DATA + "loop: fixmatch\nmodel: {backbone: none}\n")
    with pytest.raises(FerkitErrors) as error:
        read_recipe(str(path), catalogue=catalogue(load()))
    assert "'hard'" in str(error.value)
    assert "'confidence'" in str(error.value)


def test_a_component_says_none_by_default() -> None:
    assert Component(name="x", summary="", factory="a:b").policies == {}
