"""A part of the test split that is used without labels instead of being tested on."""

from __future__ import annotations

import pytest

from ferkit.contracts.data import Sample
from ferkit.data.members import Member, Rows
from ferkit.data.part_of_test import part_of_test
from ferkit.data.splits import make_splits
from ferkit.errors import FerkitError
from ferkit.sections import DataSection

CLASSES = ("a", "b")


def samples(count: int, *, subjects: int = 0) -> list[Sample]:
    return [
        Sample(id=f"s{i:03}", label=i % 2, subject=f"p{i // 2 % subjects}" if subjects else "")
        for i in range(count)
    ]


def members(found: list[Sample]) -> list[Member]:
    return [Member("test", i, sample) for i, sample in enumerate(found)]


def section(fraction: float, **more: object) -> DataSection:
    split = {"test_as_unlabelled": fraction, "validation": 0.2}
    return DataSection.model_validate({"train": {"use": "x"}, "split": split, **more})


def test_half_of_every_class_without_anybody_on_both_sides() -> None:
    test = members(samples(80, subjects=20))
    kept, given_up = part_of_test(test, 0.5, seed=0, alike={})
    assert len(kept) == len(given_up) == 40
    assert sum(member.sample.label for member in kept) == 20
    assert not {m.sample.subject for m in kept} & {m.sample.subject for m in given_up}
    again = part_of_test(test[::-1], 0.5, seed=0, alike={})
    assert {m.key for m in again[1]} == {m.key for m in given_up}
    other = part_of_test(test, 0.5, seed=1, alike={})
    assert {m.key for m in other[1]} != {m.key for m in given_up}


def test_alike_images_stay_on_one_side() -> None:
    test = members(samples(40))
    alike = {member.key: member.position // 4 for member in test}
    kept, given_up = part_of_test(test, 0.5, seed=0, alike=alike)
    assert not {alike[m.key] for m in kept} & {alike[m.key] for m in given_up}


@pytest.mark.parametrize(
    ("test", "message"),
    [
        ([], "no part of the test split can be given up: there is no test split. Set it to 0"),
        (samples(8, subjects=1), "can be given up: all test samples belong together"),
    ],
)
def test_what_cannot_be_divided(test: list[Sample], message: str) -> None:
    with pytest.raises(FerkitError, match=message):
        part_of_test(members(test), 0.5, seed=0, alike={})


def test_the_part_becomes_unlabelled_and_is_tested_on_no_more() -> None:
    rows = Rows(samples(60), CLASSES)
    own = Rows([Sample(id=f"t{i}", label=i % 2) for i in range(40)], CLASSES)
    splits = make_splits(rows, section=section(0.5, test={"use": "y"}), test=own)
    assert (len(splits.test), len(splits.unlabelled)) == (20, 20)
    assert {m.sample.label for m in splits.unlabelled} == {-1}
    assert not {m.key for m in splits.test} & {m.key for m in splits.unlabelled}
    assert {m.key for m in (*splits.test, *splits.unlabelled)} == {f"test/t{i}" for i in range(40)}
    assert "test-part" in {one.name for one in splits.protocol}
    assert "transductive" not in {one.name for one in splits.protocol}
    assert "part of the test split" in {problem.kind for problem in splits.problems}


def test_of_a_test_split_held_out_here() -> None:
    rows = Rows(samples(100, subjects=25), CLASSES)
    splits = make_splits(rows, section=section(0.5))
    parts = splits.parts()
    people = {name: {m.sample.subject for m in found} for name, found in parts.items()}
    assert len(splits.test) + len(splits.unlabelled) == 20
    assert not people["labelled"] & (people["test"] | people["unlabelled"])
    assert not people["test"] & people["unlabelled"]


def test_it_provides_samples_without_labels() -> None:
    assert section(0.5).uses_test_unlabelled
    assert section(0, transductive=True).uses_test_unlabelled
    assert not section(0).uses_test_unlabelled
