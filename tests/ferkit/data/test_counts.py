"""Counted samples against expected ones."""

from __future__ import annotations

from ferkit.contracts.data import Sample
from ferkit.data.counts import ALL, NO_LABEL, NO_SPLIT, Count, compare, differences, totals

CLASSES = ("happy", "sad")


def samples(**counts: int) -> list[Sample]:
    """`train_0=2`: two of the split with that label; `train`: without."""
    made = []
    for name, count in counts.items():
        split, _, label = name.partition("_")
        own = "" if split == "none" else split
        for number in range(count):
            made.append(Sample(id=f"{name}{number}", split=own, label=int(label or -1)))
    return made


def test_every_class_of_every_split() -> None:
    given = samples(train_0=2, train_1=3, test_0=1, none_0=1, test=2)
    expected = {"train": {"happy": 2, "sad": 5, "fear": 1}, "test": 2}
    counts = compare(given, CLASSES, expected)
    assert counts == [
        Count("train", "happy", 2, 2),
        Count("train", "sad", 5, 3),
        Count("train", "fear", 1, 0),
        Count("test", "", 2, 3),
        Count(NO_SPLIT, "happy", 0, 1),
    ]
    assert [(one.missing, one.surplus) for one in counts] == [
        (0, 0),
        (2, 0),
        (1, 0),
        (0, 1),
        (0, 1),
    ]
    assert [(one.kind, one.where, one.what) for one in differences(counts)] == [
        ("missing", "train/sad", "3 of 5 samples; 2 are missing."),
        ("missing", "train/fear", "0 of 1 samples; 1 are missing."),
        ("surplus", "test", "3 of 2 samples; 1 too many."),
        ("surplus", "(no split)/happy", "1 of 0 samples; 1 too many."),
    ]
    assert totals(counts) == (3, 2)


def test_all_alone_takes_whatever_there_is() -> None:
    given = samples(train_0=2, none_1=1, none=1)
    assert compare(given, CLASSES, {ALL: {"happy": 2, "sad": 1}}) == [
        Count(ALL, "happy", 2, 2),
        Count(ALL, "sad", 1, 1),
        Count(ALL, NO_LABEL, 0, 1),
    ]
    assert compare(given, CLASSES, {ALL: 4}) == [Count(ALL, "", 4, 4)]


def test_all_beside_splits_stands_for_these() -> None:
    given = samples(train_0=2, validation_1=1, test=5)
    expected = {"train": 3, "validation": 1, ALL: {"happy": 3, "sad": 1}}
    counts = compare(given, CLASSES, expected)
    assert counts == [
        Count("train", "", 3, 2),
        Count("validation", "", 1, 1),
        Count(ALL, "happy", 3, 2),
        Count(ALL, "sad", 1, 1),
        Count("test", NO_LABEL, 0, 5),
    ]
    assert totals(counts) == (1, 5)  # the missing one is told twice, and counts once


def test_where_nobody_said_nothing_is_wrong() -> None:
    counts = compare(samples(train_0=2), CLASSES, {})
    assert counts == [Count("train", "happy", "unknown", 2)]
    assert totals(counts) == (0, 0)
    assert differences(counts) == []


def test_least_and_most_where_copies_differ() -> None:
    expected = {"train": {"happy": (2, 3), "sad": 1}}
    for found, missing, surplus in ((1, 1, 0), (2, 0, 0), (3, 0, 0), (5, 0, 2)):
        happy, sad = compare(samples(train_0=found, train_1=1), CLASSES, expected)
        assert (happy.missing, happy.surplus, happy.said) == (missing, surplus, "2 to 3")
        assert (sad.missing, sad.surplus) == (0, 0)


def test_a_split_of_which_nobody_knows_is_no_difference() -> None:
    expected = {"train": {"happy": 1}, "unlabelled": "unknown"}
    counts = compare(samples(train_0=1, unlabelled_0=4), CLASSES, expected)
    assert counts[-1] == Count("unlabelled", "", "unknown", 4)
    assert totals(counts) == (0, 0)
