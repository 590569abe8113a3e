"""Which published counts belong to which parameters."""

from __future__ import annotations

from typing import Any, Literal

import pytest
from pydantic import BaseModel, ValidationError

from ferkit.catalogue import catalogue
from ferkit.commands.datasets_expected import other_than_default, published
from ferkit.plugin import Kind
from ferkit.plugins import load
from ferkit.registry import DatasetEntry, read_registry


class Wanted(BaseModel):
    use: Literal["x"] = "x"
    path: str
    fold: int = 1
    angles: tuple[int, ...] = (90,)
    landmarks: bool = True


def entry(**more: Any) -> DatasetEntry:
    known = {"name": "x", "homepage": "", "access": "", "licence": "", "classes": ("happy",)}
    return DatasetEntry.model_validate({**known, "expected": {"all": 10}, **more})


SOME = entry(
    note="First.",
    same_counts=("landmarks",),
    expected_for=[
        {"parameters": {"fold": 2}, "expected": {"all": 11}, "note": "Second."},
        {"parameters": {"angles": [0, 90], "fold": 2}, "expected": {"all": 22}},
    ],
)


@pytest.mark.parametrize(
    ("chosen", "expected", "notes"),
    [
        ({}, {"all": 10}, ["First."]),
        ({"path": "elsewhere", "landmarks": False}, {"all": 10}, ["First."]),
        ({"fold": 2}, {"all": 11}, ["First.", "Second."]),
        ({"fold": 2, "landmarks": False}, {"all": 11}, ["First.", "Second."]),
        ({"fold": 2, "angles": (90, 0)}, {"all": 22}, ["First."]),
        (
            {"fold": 3},
            {},
            [
                "First.",
                "No published counts are known with fold=3: nothing to compare with.",
            ],
        ),
    ],
)
def test_counts_are_those_of_the_parameters(
    chosen: dict[str, Any], expected: dict[str, int], notes: list[str]
) -> None:
    found = published(SOME, Wanted.model_validate({"path": "here", **chosen}))
    assert found.expected == expected
    assert found.notes == notes


def test_a_data_set_of_which_nothing_is_published() -> None:
    for unknown in (None, entry(expected={})):
        assert published(unknown, Wanted(path="here")).expected == {}


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"expected_for": [{"parameters": {}, "expected": {"all": 1}}]}, "at least 1 item"),
        ({"expected_for": [{"parameters": {"a": 1}, "expected": {}}]}, "at least 1 item"),
        ({"expected_for": [{"parameters": {"a": 1}, "expected": {"all": 1}}] * 2}, "twice"),
        (
            {
                "same_counts": ("a",),
                "expected_for": [{"parameters": {"a": 1}, "expected": {"all": 1}}],
            },
            "a is in same_counts and in expected_for",
        ),
        (
            {"expected": {}, "expected_for": [{"parameters": {"a": 1}, "expected": {"all": 1}}]},
            "needs expected",
        ),
        ({"expected": {"all": -1}}, "greater than or equal to 0"),
        ({"known": {"duplicated": 0}}, "greater than 0"),
    ],
)
def test_a_wrong_entry(more: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        entry(**more)


def test_the_registry_speaks_of_parameters_that_there_are() -> None:
    components = catalogue(load())
    for each in read_registry().datasets:
        if not each.expected:
            continue
        model = components.params_model(Kind.DATASET, each.name)
        assert set(each.same_counts) <= set(model.model_fields), each.name
        for other in each.expected_for:
            given = model.model_validate({"path": "x", **other.parameters})
            own = other_than_default(given, without=each.same_counts)
            assert set(own) == set(other.parameters), (each.name, other.parameters)
            assert published(each, given).expected == other.expected


def total(counts: Any) -> Any:
    """Samples of each split; where copies differ, the most."""
    return {
        split: sum(n if isinstance(n, int) else n[1] for n in given.values())
        if isinstance(given, dict)
        else given
        for split, given in counts.items()
    }


@pytest.mark.parametrize(
    ("name", "parameters", "totals"),
    [
        ("ck_plus", {"samples": "stills", "contempt": False}, {"all": 1236}),
        ("ck_plus", {}, {"all": 327}),
        ("ck_plus", {"unlabelled": True}, {"all": 593}),
        ("afew", {}, {"train": 773, "validation": 383}),
        ("rafd", {}, {"all": 1407}),
        ("rafd", {"angles": [0, 45, 90, 135, 180], "contempt": True}, {"all": 8040}),
        ("ravdess", {"channel": "both", "calm": "keep"}, {"all": 2452}),
        ("ravdess", {"channel": "song", "calm": "keep"}, {"all": 1012}),
        ("dfew", {"fold": 2}, {"train": 9356, "test": 2341}),
        ("dfew", {"fold": 3}, {"train": 9357, "test": 2340}),
        ("dfew", {"fold": 4}, {"train": 9358, "test": 2339}),
        ("dfew", {"fold": 5}, {"train": 9361, "test": 2336}),
        ("affectnet", {"contempt": True}, {"train": 287651, "test": 4000}),
        ("raf_db", {"images": "original"}, {"train": 12271, "test": 3068}),
    ],
)
def test_sums_are_the_published_totals(
    name: str, parameters: dict[str, Any], totals: dict[str, int]
) -> None:
    (found,) = (each for each in read_registry().datasets if each.name == name)
    model = catalogue(load()).params_model(Kind.DATASET, name)
    chosen = model.model_validate({"path": "x", **parameters})
    assert total(published(found, chosen).expected) == totals
