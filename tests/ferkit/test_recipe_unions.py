"""Errors in a value that may be a number or a mapping."""

from __future__ import annotations

from pathlib import Path

import pytest

from ferkit.catalogue import Catalogue, catalogue
from ferkit.errors import FerkitError
from ferkit.plugins import load
from ferkit.recipe import read_recipe
from ferkit.registry import read_registry


@pytest.fixture(scope="module")
def components() -> Catalogue:
    return catalogue(load([plugin.name for plugin in read_registry().plugins if plugin.builtin]))


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (
            "0",
            r":3:21: data.labels_per_class must be at least 1 or a mapping \(key: value\), not 0.",
        ),
        ("few", r"must be a whole number or a mapping \(key: value\), not 'few'."),
        ("{sad: 0}", r"r.yaml:3:27: data.labels_per_class.sad must be at least 1, not 0.$"),
        ("{sad: few}", "data.labels_per_class.sad must be a whole number, not 'few'.$"),
        ("3\n  labels: 9", r"r.yaml:2:3: data is wrong: data.labels and data.labels_per_class"),
    ],
)
def test_number_or_mapping(components: Catalogue, tmp_path: Path, value: str, message: str) -> None:
    path = tmp_path / "r.yaml"
    path.write_text(f"data:\n  train: {{use: rendered, count: 9}}\n  labels_per_class: {value}\n")
    with pytest.raises(FerkitError, match=message):
        read_recipe(str(path), catalogue=components)


def test_both_are_read(components: Catalogue, tmp_path: Path) -> None:
    path = tmp_path / "r.yaml"
    for value, read in (("3", 3), ("{sad: 3, fear: 1}", {"sad": 3, "fear": 1})):
        path.write_text(f"data: {{train: {{use: rendered}}, labels_per_class: {value}}}\n")
        recipe = read_recipe(str(path), catalogue=components).recipe
        assert recipe is not None
        assert recipe.data.labels_per_class == read
