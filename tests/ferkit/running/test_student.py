"""The recipe's section `student`: which network it means, and where that starts from."""

from __future__ import annotations

from pathlib import Path

import pytest

from ferkit.catalogue import catalogue
from ferkit.errors import FerkitError, FerkitErrors
from ferkit.plugins import load
from ferkit.recipe import validate
from ferkit.running.student import student_of
from ferkit.testing import tiny_model

KNOWN = catalogue(load())


def recipe(folder: Path, **sections):
    document = {"data": {"train": {"use": "rendered", "count": 9}}, **sections}
    return validate(document, catalogue=KNOWN, name="x", folder=folder)


def student(folder: Path, **sections):
    return student_of(recipe(folder, **sections), lambda section: tiny_model())


@pytest.fixture
def weights(tmp_path: Path) -> str:
    path = tmp_path / "first.safetensors"
    path.write_bytes(b"")
    return str(path)


def test_without_the_section_it_is_the_model(tmp_path: Path) -> None:
    assert student(tmp_path) is None
    assert student(tmp_path, student={}) is None


def test_another_dropout_of_the_same_network(tmp_path: Path, weights: str) -> None:
    made = student(tmp_path, student={"dropout": 0.5}, model={"frames": 3}, init=weights)
    assert (made.section.dropout, made.section.frames) == (0.5, 3)
    assert made.init == Path(weights)


def test_another_network_starts_anew_unless_it_has_weights(tmp_path: Path, weights: str) -> None:
    larger = {"model": {"backbone": {"use": "small_cnn", "width": 32}, "dropout": 0.1}}
    made = student(tmp_path, student=larger, init=weights)
    assert made.section.backbone.width == 32
    assert made.section.dropout == 0.1
    assert made.init is None
    own = student(tmp_path, student={**larger, "init": weights})
    assert own.init == Path(weights)


def test_the_same_network_written_out_has_the_models_weights(tmp_path: Path, weights: str) -> None:
    written = {"backbone": {"use": "small_cnn"}, "frames": 2}
    assert student(tmp_path, student={"model": written}, init=weights).init == Path(weights)


def test_weights_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(FerkitError, match=r"student\.init: no run folder or weights file at .*no"):
        student(tmp_path, student={"init": str(tmp_path / "no")})


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"dropout": 1.0}, r"student\.dropout"),
        ({"model": {"backbone": "resnett"}}, "no backbone 'resnett'"),
        ({"modle": {}}, "modle"),
    ],
)
def test_mistakes_in_the_section(tmp_path: Path, section, message) -> None:
    with pytest.raises(FerkitErrors, match=message):
        recipe(tmp_path, student=section)
