"""Types of parameters in words."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Any, Literal

import pytest
from pydantic import BaseModel, Field

from ferkit.parameters import parameters, type_in_words
from ferkit.plugin import DataPath, Params
from ferkit.sections import DataSection, FacesSection


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Inner(BaseModel):
    a: int = 1


class Everything(Params):
    needed: int = Field(description="of them")
    bounded: float = Field(0.5, gt=0, le=1)
    large: int = Field(10_000_000, lt=2**31)
    maybe: float | None = Field(None, ge=2)
    text: str = ""
    pair: tuple[int, float] = (1, 0.5)
    many: tuple[str, ...] = Field(("a", "b"), min_length=1)
    mapping: dict[str, int] = Field(default_factory=dict)
    choice: Literal["x", "y"] = "x"
    either: int | Literal["auto"] = "auto"
    colour: Colour = Colour.BLUE
    flag: bool = False
    file: DataPath | None = None
    inner: Inner = Inner()


def test_parameters_in_words():
    rows = [(row.name, row.type, row.default) for row in parameters(Everything)]
    assert rows == [
        ("needed", "whole number", "required"),
        ("bounded", "number > 0, <= 1", "0.5"),
        ("large", "whole number < 2147483648", "10000000"),
        ("maybe", "number >= 2 or null", "null"),
        ("text", "text", '""'),
        ("pair", "list of 2: whole number, number", "[1, 0.5]"),
        ("many", "list of text (not empty)", "[a, b]"),
        ("mapping", "mapping to whole number", "{}"),
        ("choice", "x, y", "x"),
        ("either", "whole number or auto", "auto"),
        ("colour", "red, blue", "blue"),
        ("flag", "true or false", "false"),
        ("file", "path or null", "null"),
        ("inner", "mapping", "see below"),
    ]
    assert parameters(Everything)[0].description == "of them"


def test_components_are_called_by_their_kind():
    rows = {row.name: (row.type, row.default) for row in parameters(DataSection)}
    assert rows["train"] == ("dataset", "required")
    assert rows["unlabelled"] == ("dataset or null", "null")
    faces = {row.name: (row.type, row.default) for row in parameters(FacesSection)}
    assert faces["detector"] == ("face detector or null", "mtcnn")


@pytest.mark.parametrize(
    ("annotation", "words"),
    [(Path, "path"), (Any, "anything"), (list[int], "list of whole number")],
)
def test_further_types(annotation, words):
    assert type_in_words(annotation) == words
