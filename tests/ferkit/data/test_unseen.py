"""Samples without crops: why there are none, and in which split they are."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from ferkit.contracts.data import Problem, Sample
from ferkit.data.members import Crops, Member, Rows
from ferkit.data.splits import Splits, make_splits
from ferkit.data.unseen import without_crops
from ferkit.sections import DataSection

CLASSES = ("happy", "sad")


def section(**data: Any) -> DataSection:
    return DataSection.model_validate({"train": {"use": "x"}, **data})


def ids(members: Sequence[Member]) -> list[str]:
    return [member.sample.id for member in members]


def samples(count: int, *, subjects: int = 0, split: str = "") -> list[Sample]:
    draw = random.Random(0)
    return [
        Sample(
            id=f"{i:03}",
            label=draw.randrange(2),
            subject=f"p{i % subjects}" if subjects else "",
            split=split,
        )
        for i in range(count)
    ]


def lacking(rows: Sequence[Sample], lost: set[int], classes: tuple[str, ...] = CLASSES) -> Rows:
    kept = [place for place in range(len(rows)) if place not in lost]
    return Rows(rows, classes, Crops(kept, [rows[place] for place in kept]))


def test_reasons_go_with_their_samples() -> None:
    failures = [
        Problem("no face", "1", "", True),
        Problem("broken frames", "2", "", False),
        Problem("unreadable video", "3", "", True),
    ]
    assert without_crops(4, [0, 2], failures) == {1: "no face", 3: "unreadable video"}
    assert without_crops(4, [0, 2], failures[:1]) == {1: "not usable", 3: "not usable"}


def same_but_for_lost(whole: Splits, some: Splits, names: set[str]) -> None:
    """The same division, from which the lost samples are missing."""
    for part in ("test", "validation"):
        everybody = ids(whole.parts()[part])
        assert ids(some.parts()[part]) == [one for one in everybody if one not in names]
        assert ids(some.unseen.get(part, ())) == [one for one in everybody if one in names]
    assert not {*ids(some.labelled), *ids(some.unlabelled)} & {
        *names,
        *ids(whole.test),
        *ids(whole.validation),
    }


@pytest.mark.parametrize("subjects", [0, 30])
@pytest.mark.parametrize(
    "split",
    [
        {},
        {"folds": 5, "fold": 3},
        {"folds": "subject", "fold": 2},
        {"test_as_unlabelled": 0.5},
        {"by": "stratified"},
    ],
)
def test_a_row_without_a_crop_is_divided_and_moves_nobody(
    split: dict[str, Any], subjects: int
) -> None:
    if split.get("folds") == "subject" and not subjects:
        return
    rows = samples(300, subjects=subjects)
    whole = make_splits(Rows(rows, CLASSES), section=section(split=split))
    for seed in range(3):
        lost = set(random.Random(seed).sample(range(300), 40))
        some = make_splits(lacking(rows, lost), section=section(split=split))
        same_but_for_lost(whole, some, {rows[place].id for place in lost})
        total = sum(map(len, (*some.parts().values(), *some.unseen.values())))
        assert total + sum(problem.dropped for problem in some.problems) <= 300


def test_all_labelled_rows_are_in_one_fold_with_a_crop_or_without() -> None:
    rows = samples(120)
    tested: list[str] = []
    for fold in range(5):
        splits = make_splits(
            lacking(rows, set(range(0, 120, 3))),
            section=section(split={"folds": 5, "fold": fold}),
        )
        tested += [*ids(splits.test), *ids(splits.unseen["test"])]
    assert sorted(tested) == [sample.id for sample in rows]


def test_of_given_splits() -> None:
    rows = [
        replace(sample, split=split, id=f"{split}{sample.id}", label=label)
        for split in ("train", "test", "validation")
        for label, sample in zip([0, 1, 0, 1, -1], samples(5), strict=True)
    ]
    lost = {0, 5, 9, 11}
    splits = make_splits(lacking(rows, lost), section=section())
    assert {name: ids(found) for name, found in splits.unseen.items()} == {
        "test": ["test000"],
        "validation": ["validation001"],
    }
    # Of those that are lost preparation has told; of the others it is told here.
    assert [p.where for p in splits.problems if p.kind == "no label to measure by"] == [
        "validation004"
    ]


def test_of_a_test_set_of_its_own_with_labels_in_the_runs_order() -> None:
    own = lacking(
        [Sample("a", label=1), Sample("b", label=0), Sample("c", label=1, split="train")],
        {0, 2},
        ("sad", "happy"),
    )
    splits = make_splits(Rows(samples(60), CLASSES), test=own, section=section(test={"use": "y"}))
    (one,) = splits.unseen["test"]
    assert (one.sample.id, one.sample.label) == ("a", 0)


def test_what_is_reported_is_the_validation_split() -> None:
    rows = [
        replace(s, split="validation" if i < 20 else "train") for i, s in enumerate(samples(80))
    ]
    splits = make_splits(lacking(rows, {3, 40}), section=section(reported="validation"))
    assert ids(splits.unseen["test"]) == ["003"]
    assert len(splits.test) == 19


def test_every_face_is_where_its_row_is() -> None:
    rows = samples(60)
    places = [place for place in range(60) for _ in range(place % 3)]  # none, one or two faces
    faces = [
        replace(rows[place], id=f"{rows[place].id}#{number}", group=rows[place].id)
        for number, place in enumerate(places)
    ]
    whole = make_splits(Rows(rows, CLASSES), section=section(split={"folds": 5}))
    splits = make_splits(
        Rows(rows, CLASSES, Crops(places, faces)), section=section(split={"folds": 5})
    )
    for name in ("test", "validation"):
        there = {name.partition("#")[0] for name in ids(splits.parts()[name])}
        assert there | set(ids(splits.unseen.get(name, ()))) == set(ids(whole.parts()[name]))
    for member in splits.labelled:
        assert member.sample.id == faces[member.position].id
        assert member.sample.group == member.row
