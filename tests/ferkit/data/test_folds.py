"""Cross-validation: every sample is tested once, nothing is torn apart, classes are balanced."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from ferkit.contracts.data import CLASSES, Sample
from ferkit.data.folds import assign_folds, fold_count, subjects_of
from ferkit.data.holdout import Group
from ferkit.data.members import Member, Rows
from ferkit.data.splits import PARTS, Splits, make_splits
from ferkit.errors import FerkitError
from ferkit.sections import DataSection, SplitSection


def section(**changes: Any) -> DataSection:
    names = SplitSection.model_fields
    split = {name: changes.pop(name) for name in list(changes) if name in names}
    return DataSection(train=None, split=split, **changes)


def people(
    count: int, subjects: int | None, *, seed: int = 0, splits: Sequence[str] = ("",)
) -> Rows:
    """Uneven classes, subjects of uneven size."""
    draw = random.Random(seed)
    samples = [
        Sample(
            f"{i:04d}.png",
            label=draw.choices(range(7), range(1, 8))[0],
            subject=f"S{min(draw.randrange(subjects), draw.randrange(subjects))}"
            if subjects
            else "",
            split=draw.choice(splits),
        )
        for i in range(count)
    ]
    return Rows(samples, CLASSES)


def shuffled(rows: Rows, seed: int) -> Rows:
    samples = list(rows.samples)
    random.Random(seed).shuffle(samples)
    return Rows(samples, rows.classes)


def ids(members: Sequence[Member]) -> list[str]:
    return [member.sample.id for member in members]


def every_fold(rows: Rows, count: int, **changes: Any) -> list[Splits]:
    groups = changes.pop("duplicate_groups", None)
    return [
        make_splits(rows, section=section(fold=fold, **changes), duplicate_groups=groups)
        for fold in range(count)
    ]


def kinds(splits: Splits) -> set[str]:
    return {problem.kind for problem in splits.problems}


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("folds", "subjects"), [(5, 40), (10, None), (3, 12)])
def test_every_sample_is_tested_once_and_no_subject_crosses(
    seed: int, folds: int, subjects: int | None
) -> None:
    rows = people(400, subjects, seed=seed)
    all_splits = every_fold(rows, folds, folds=folds, seed=seed)
    tested = Counter(name for splits in all_splits for name in ids(splits.test))
    assert tested == Counter(ids_of(rows))
    for splits in all_splits:
        everywhere = [name for part in PARTS for name in ids(getattr(splits, part))]
        assert sorted(everywhere) == sorted(ids_of(rows))
        people_of = {
            part: {m.sample.subject for m in getattr(splits, part)} - {""} for part in PARTS
        }
        for one, other in (
            ("labelled", "test"),
            ("labelled", "validation"),
            ("validation", "test"),
        ):
            assert not people_of[one] & people_of[other]
        assert abs(len(splits.validation) - 0.1 * (400 - len(splits.test))) <= (
            1 if not subjects else 25
        )


def ids_of(rows: Rows) -> list[str]:
    return [sample.id for sample in rows.samples]


def test_alike_images_and_given_groups_stay_in_one_fold() -> None:
    rows = people(120, None)
    samples = [replace(s, group=f"clip{i // 3}") for i, s in enumerate(rows.samples)]
    alike = list(range(120))
    alike[10] = alike[100]  # joins the clips 3 and 33
    all_splits = every_fold(Rows(samples, CLASSES), 4, folds=4, duplicate_groups=alike)
    fold_of = {name: fold for fold, splits in enumerate(all_splits) for name in ids(splits.test)}
    assert all(len({fold_of[s.id] for s in samples[i : i + 3]}) == 1 for i in range(0, 120, 3))
    assert fold_of[samples[10].id] == fold_of[samples[100].id]


@pytest.mark.parametrize("seed", range(4))
def test_folds_depend_on_the_seed_only(seed: int) -> None:
    rows = people(200, 25, seed=1)
    for fold in (0, 3):
        first = make_splits(rows, section=section(folds=5, fold=fold, seed=2, labels=40))
        other = make_splits(
            shuffled(rows, seed), section=section(folds=5, fold=fold, seed=2, labels=40)
        )
        for name in PARTS:
            assert ids(getattr(first, name)) == ids(getattr(other, name))
    another = make_splits(rows, section=section(folds=5, fold=0, seed=3))
    assert ids(another.test) != ids(make_splits(rows, section=section(folds=5, seed=2)).test)


@pytest.mark.parametrize("folds", [2, 5, 10])
@pytest.mark.parametrize("seed", range(4))
def test_single_samples_are_spread_evenly(folds: int, seed: int) -> None:
    draw = random.Random(seed)
    labels = [draw.choices(range(7), range(1, 8))[0] for _ in range(203)]
    groups = [Group(f"{i}", Counter({label: 1})) for i, label in enumerate(labels)]
    fold_of = assign_folds(groups, folds, seed=seed)
    sizes = Counter(fold_of.values())
    assert max(sizes.values()) - min(sizes.values()) <= 1
    of_class = Counter((labels[int(key)], fold) for key, fold in fold_of.items())
    for label in range(7):
        each = [of_class[label, fold] for fold in range(folds)]
        assert max(each) - min(each) <= 1


@pytest.mark.parametrize("seed", range(6))
def test_groups_of_uneven_size_are_balanced_as_well_as_they_allow(seed: int) -> None:
    draw = random.Random(seed)
    groups = [
        Group(f"S{i}", Counter(draw.choices(range(7), k=draw.randint(3, 20)))) for i in range(100)
    ]
    total = sum((Counter(group.counts) for group in groups), Counter())
    fold_of = assign_folds(groups, 5, seed=seed)
    for fold in range(5):
        held = sum((Counter(g.counts) for g in groups if fold_of[g.key] == fold), Counter())
        assert abs(sum(held.values()) / sum(total.values()) - 0.2) < 0.02
        assert all(abs(held[c] / total[c] - 0.2) < 0.06 for c in total)


def test_no_fold_is_empty_while_there_are_groups_enough() -> None:
    groups = [Group("a", {0: 90}), Group("b", {0: 1}), Group("c", {1: 1}), Group("d", {0: 2, 1: 2})]
    assert sorted(assign_folds(groups, 4, seed=0).values()) == [0, 1, 2, 3]


def test_leave_one_subject_out() -> None:
    rows = people(150, 11)
    names = subjects_of(rows.samples)
    assert names == sorted(names, key=lambda name: int(name[1:]))  # S2 before S10
    count = fold_count(SplitSection(folds="subject"), rows.samples)
    assert count == len(names) > 8
    for fold, splits in enumerate(every_fold(rows, count, folds="subject")):
        assert {member.sample.subject for member in splits.test} == {names[fold]}
        assert ids(splits.test) == sorted(s.id for s in rows.samples if s.subject == names[fold])
        assert splits.protocol[0].name == "leave-one-subject-out"
        assert f"subject {names[fold]}." in splits.protocol[0].what


def test_who_looks_like_the_subject_left_out_is_not_trained_on() -> None:
    samples = [Sample(f"{s}{i}", label=i % 2, subject=s) for s in "ABCDE" for i in range(8)]
    alike = list(range(40))
    alike[3] = alike[11]  # an image of A is one of B
    splits = make_splits(
        Rows(samples, ("happy", "sad")),
        section=section(folds="subject", fold=1),
        duplicate_groups=alike,
    )
    assert {member.sample.subject for member in splits.test} == {"B"}
    used = {m.sample.subject for part in ("labelled", "validation") for m in getattr(splits, part)}
    assert used == {"C", "D", "E"}
    left_out = [p for p in splits.problems if p.kind == "held out with its group"]
    assert len(left_out) == 8
    assert all(problem.dropped for problem in left_out)


def test_unlabelled_samples_of_a_subject_do_not_keep_it_in_training() -> None:
    # As in CK+, where most people have sequences without a label too.
    samples = [
        Sample(
            f"{s}{i}", label=-1 if i > 5 else i % 3, subject=s, split="unlabelled" if i > 5 else ""
        )
        for s in "ABCDEFGHIJ"
        for i in range(8)
    ]
    rows = Rows(samples, ("a", "b", "c"))
    for splits in every_fold(rows, 5, folds=5, validation=0.2):
        tested = {member.sample.subject for member in splits.test}
        chosen = {member.sample.subject for member in splits.validation}
        assert len(tested) == 2
        assert chosen
        assert {m.sample.subject for m in splits.unlabelled} == set("ABCDEFGHIJ") - tested - chosen


def test_given_splits_are_folded_only_when_they_are_pooled() -> None:
    rows = people(200, None, splits=("train", "train", "validation", "test"))
    message = r"data.split.folds: folds divide all.* train, .*given: pool"
    with pytest.raises(FerkitError, match=message):
        make_splits(rows, section=section(folds=5))
    all_splits = every_fold(rows, 5, folds=5, given="pool")
    assert sorted(n for splits in all_splits for n in ids(splits.test)) == sorted(ids_of(rows))
    assert "given splits pooled" in kinds(all_splits[0])
    assert [d.name for d in all_splits[0].protocol if d.declared] == ["k-fold", "pooled"]
    only_train = Rows([replace(s, split="train") for s in rows.samples], CLASSES)
    assert len(make_splits(only_train, section=section(folds=5)).test) == 40


def test_selecting_on_the_fold_leaves_more_to_train_on() -> None:
    rows = people(100, None)
    splits = make_splits(rows, section=section(folds=5, fold=2, selection="reported"))
    assert ids(splits.validation) == ids(splits.test)
    assert len(splits.labelled) == 80


def one_subject() -> Rows:
    return Rows([Sample(f"{i}", label=i % 2, subject="A") for i in range(20)], ("happy", "sad"))


@pytest.mark.parametrize(
    ("rows", "changes", "message"),
    [
        (
            people(90, 8),
            {"folds": 9},
            r"data.split.folds: 9 folds .* 90 labelled .* of [678] groups",
        ),
        (people(90, None), {"folds": "subject"}, "90 of 90 labelled samples name no subject"),
        (people(90, 6), {"folds": "subject", "fold": 6}, r"fold: there are \d folds, one for each"),
        (one_subject(), {"folds": "subject"}, r"all samples are of one subject \(A\)"),
        (one_subject(), {"folds": 2}, "are of 1 group that"),
        (Rows([Sample("a")], ("x", "y")), {"folds": 2, "validation": 0}, "no training sample has"),
    ],
)
def test_what_cannot_be_folded(rows: Rows, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(FerkitError, match=message):
        make_splits(rows, section=section(**changes))


def test_a_trial_makes_do_with_the_folds_there_are() -> None:
    rough = make_splits(people(60, 6), section=section(folds=20, fold=17), rough=True)
    assert 0 < len(rough.test) < 60
    alone = make_splits(people(60, 6), section=section(folds="subject", fold=50), rough=True)
    assert len({member.sample.subject for member in alone.test}) == 1
    fewer = make_splits(people(60, None), section=section(labels=4000), rough=True)
    assert len(fewer.labelled) == 43


def test_how_many_folds() -> None:
    assert fold_count(SplitSection(), ()) == 1
    assert fold_count(SplitSection(folds=7), ()) == 7
    unlabelled = Sample("u", subject="nobody")
    samples = [Sample("a", label=0, subject="10"), Sample("b", label=0, subject="9"), unlabelled]
    assert subjects_of(samples) == ["9", "10"]
    assert fold_count(SplitSection(folds="subject"), samples) == 2
