from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest

from ferkit.contracts.data import Sample
from ferkit.data.members import Rows
from ferkit.data.splits import Splits, make_splits
from ferkit.errors import FerkitError
from ferkit.sections import DataSection

NAMES = ("fear", "happy", "sad")
SIZES = (12, 100, 60)


def rows(order: int = 0) -> Rows:
    samples = [Sample(f"{NAMES[c]}/{i}", label=c) for c in range(3) for i in range(SIZES[c])]
    random.Random(order).shuffle(samples)
    return Rows(samples, NAMES)


def divided(order: int = 0, **changes: Any) -> Splits:
    section = DataSection(train=None, split={"test": 0, "validation": 0}, **changes)
    return make_splits(rows(order), section=section)


def kept(splits: Splits) -> set[str]:
    return {member.sample.id for member in splits.labelled}


def of_class(splits: Splits) -> list[int]:
    count = Counter(member.sample.label for member in splits.labelled)
    return [count[label] for label in range(3)]


def test_so_many_of_each_class() -> None:
    splits = divided(labels_per_class=10)
    assert of_class(splits) == [10, 10, 10]
    assert len(splits.unlabelled) == sum(SIZES) - 30
    assert all(member.sample.label == -1 for member in splits.unlabelled)
    assert not any("fewer labels" in problem.kind for problem in splits.problems)


SEVEN = ("anger", "disgust", "fear", "happy", "neutral", "sad", "surprise")
FACES = (700, 700, 281, 4700, 2500, 1900, 1300)  # about as many of each as RAF-DB has for training


def of_seven(**changes: Any) -> list[int]:
    samples = [Sample(f"{c}/{i}", label=c) for c in range(7) for i in range(FACES[c])]
    section = DataSection(train=None, split={"test": 0, "validation": 0}, **changes)
    splits = make_splits(Rows(samples, SEVEN), section=section)
    assert len(splits.labelled) + len(splits.unlabelled) == sum(FACES)
    return [Counter(each.sample.label for each in splits.labelled)[label] for label in range(7)]


@pytest.mark.parametrize("number", [10, 25, 100, 250])
def test_published_sizes_per_class(number: int) -> None:
    """Of Roy and Etemad's comparison (ACII 2022)."""
    assert of_seven(labels_per_class=number) == [number] * 7


@pytest.mark.parametrize(
    ("total", "fear", "others"), [(100, 10, 15), (400, 40, 60), (2000, 200, 300), (4000, 250, 625)]
)
def test_published_sizes_in_all(total: int, fear: int, others: int) -> None:
    """Of Li et al.'s (CVPR 2022) on RAF-DB, by class and by their sum."""
    per_class = {name: fear if name == "fear" else others for name in SEVEN}
    assert sum(of_seven(labels_per_class=per_class)) == 6 * others + fear == total
    counts = of_seven(labels=total)
    assert sum(counts) == total
    most = max(counts)
    assert all(count in (size, most, most - 1) for count, size in zip(counts, FACES, strict=True))


def test_a_class_with_fewer_gives_all_it_has_and_it_is_said() -> None:
    splits = divided(labels_per_class=25)
    assert of_class(splits) == [12, 25, 25]
    told = [problem for problem in splits.problems if problem.kind == "fewer labels than asked for"]
    assert [problem.what for problem in told] == [
        "the training split has 12 labels of fear, not 25; all are used."
    ]


def test_each_class_may_have_its_own_number() -> None:
    # Sizes as published for 100 labels of RAF-DB: fewer of fear than of the others.
    assert of_class(divided(labels_per_class={"fear": 10, "happy": 15, "sad": 15})) == [10, 15, 15]
    with pytest.raises(FerkitError, match="no number for happy and no class joy"):
        divided(labels_per_class={"fear": 1, "sad": 1, "joy": 2})


def test_a_fraction_is_of_each_class_and_takes_at_least_one() -> None:
    assert of_class(divided(labels_fraction=0.25)) == [3, 25, 15]
    assert of_class(divided(labels_fraction=0.001)) == [1, 1, 1]
    assert of_class(divided(labels_fraction=1.0)) == list(SIZES)


@pytest.mark.parametrize("seed", range(4))
def test_fewer_are_a_part_of_more_whatever_the_order(seed: int) -> None:
    amounts: list[list[dict[str, Any]]] = [
        [{"labels_per_class": n} for n in (1, 5, 12, 30, 100)],
        [{"labels_fraction": f} for f in (0.01, 0.1, 0.11, 0.5, 0.9, 1.0)],
        [{"labels": n} for n in (3, 20, 90)],
    ]
    for series in amounts:
        before: set[str] = set()
        for amount in series:
            chosen = kept(divided(seed, labels_seed=seed, **amount))
            assert chosen == kept(divided(seed + 10, labels_seed=seed, **amount))
            assert before <= chosen
            before = chosen
    per_class = kept(divided(labels_per_class=10, labels_seed=seed))
    assert per_class == kept(divided(labels=30, labels_seed=seed))
    assert per_class != kept(divided(labels_per_class=10, labels_seed=seed + 1))
