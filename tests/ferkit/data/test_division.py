"""What a division depends on: the rows of data.train and `data.split`, and nothing else."""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest

from ferkit.contracts.data import Sample
from ferkit.data.members import Member, Rows
from ferkit.data.splits import Splits, make_splits
from ferkit.sections import DataSection

CLASSES = tuple("abcdefg")
SPLITS: list[dict[str, Any]] = [
    {},
    {"folds": 5, "fold": 2},
    {"by": "stratified"},
    {"test_as_unlabelled": 0.5},
]


def section(**data: Any) -> DataSection:
    return DataSection.model_validate({"train": {"use": "x"}, **data})


def keys(members: Sequence[Member]) -> list[str]:
    return [member.key for member in members]


def kinds(splits: Splits) -> Counter[str]:
    return Counter(problem.kind for problem in splits.problems)


def people(count: int = 300, subjects: int = 30) -> Rows:
    draw = random.Random(0)
    return Rows(
        [
            Sample(
                id=f"seed1/{i:06d}",
                label=draw.randrange(7),
                subject=f"p{i % subjects}" if subjects else "",
                group="" if subjects else f"g{i // 2}",
            )
            for i in range(count)
        ],
        CLASSES,
    )


EXTRA = Rows([Sample(id=f"u{i}") for i in range(50)], CLASSES)


@pytest.mark.parametrize(
    ("subjects", "data", "expected"),
    [
        (30, {}, "3190946ae1db 4559cb75c7f5 fb62efd49d0e"),
        (30, {"split": {"folds": 5, "fold": 2}}, "4cdf9f5d5f86 fc09a1818666 aa6eb8a48e8b"),
        (30, {"split": {"folds": "subject", "fold": 3}}, "41974fd08bfd 4ad7ce5cd70f 285dee430551"),
        (0, {"split": {"folds": 10, "fold": 1}}, "ee6834d8e621 16c7fd8194b1 7c79d8d68acb"),
        (0, {"split": {"seed": 3}, "labels": 70}, "5f301477a58f d2b4623c58de 894409828d07"),
        (30, {"split": {"test_as_unlabelled": 0.5}}, "3190946ae1db 4559cb75c7f5 8fba33055b7c"),
    ],
)
def test_a_division_is_the_same_in_all_versions(
    subjects: int, data: dict[str, Any], expected: str
) -> None:
    splits = make_splits(people(subjects=subjects), section=section(**data))
    found = [
        hashlib.sha256(" ".join(keys(splits.parts()[name])).encode()).hexdigest()[:12]
        for name in ("labelled", "validation", "test")
    ]
    assert found == expected.split()


@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize("subjects", [0, 30])
def test_another_data_set_moves_nobody(split: dict[str, Any], subjects: int) -> None:
    rows = people(subjects=subjects)
    alone = make_splits(rows, section=section(split=split))
    apart = list(range(350))
    joint = list(apart)
    for place in range(10):  # each looks like two of data.train, which do not look alike
        joint[300 + place] = joint[17 * place + 40] = joint[place]
    splits = make_splits(
        rows,
        section=section(split=split, unlabelled={"use": "y"}),
        unlabelled=EXTRA,
        duplicate_groups=joint,
        own_groups=apart,
    )
    for name in ("test", "validation", "labelled"):
        assert keys(splits.parts()[name]) == keys(alone.parts()[name])
    held = {member.position for member in (*splits.test, *splits.validation)}
    for place in range(10):
        pair = {place, 17 * place + 40}
        there = f"unlabelled/u{place}" in keys(splits.unlabelled)
        assert there == (not pair & held) or split.get("test_as_unlabelled")
    assert "duplicates across splits" not in kinds(splits)


def test_a_test_set_of_its_own_moves_no_validation_sample() -> None:
    rows = people()
    own = Rows([Sample(id=f"t{i}", label=i % 7) for i in range(50)], CLASSES)
    splits = [
        make_splits(
            rows,
            section=section(test={"use": "y"}),
            test=own,
            duplicate_groups=[*range(300), *other],
            own_groups=range(350),
        )
        for other in (range(300, 350), range(50))
    ]
    assert keys(splits[0].validation) == keys(splits[1].validation)
    assert kinds(splits[1])["duplicates across splits"] >= 1
    assert "duplicates across splits" not in kinds(splits[0])


def test_a_likeness_of_people_with_names_moves_nobody() -> None:
    rows = people()
    split = {"folds": 5, "fold": 1}
    plain = make_splits(rows, section=section(split=split))
    alike = list(range(300))
    alike[31] = alike[62] = alike[1]  # of p1, p1 and p2
    alike[33] = alike[4]  # of p3 and p4
    splits = make_splits(rows, section=section(split=split), duplicate_groups=alike)
    assert keys(splits.test) == keys(plain.test)
    tested = {member.position for member in splits.test}
    gone = {
        place
        for group in ({1, 31, 62}, {33, 4})
        for place in group - tested
        if group & {member.position for member in (*splits.test, *plain.validation)}
    }
    trained = {member.position for member in (*splits.labelled, *splits.validation)}
    assert trained == set(range(300)) - tested - (gone - {m.position for m in splits.validation})
    assert "duplicates across splits" not in kinds(splits)
    assert kinds(splits)["alike images of several subjects"] == 2


def test_people_without_names_who_look_alike_stay_together() -> None:
    rows = people(subjects=0)
    alike = list(range(300))
    alike[100] = alike[200] = alike[0]
    tested = [
        {
            member.position
            for member in make_splits(
                rows, section=section(split={"folds": 5, "fold": fold}), duplicate_groups=alike
            ).test
        }
        for fold in range(5)
    ]
    assert sum(bool({0, 1, 100, 101, 200, 201} & found) for found in tested) == 1
