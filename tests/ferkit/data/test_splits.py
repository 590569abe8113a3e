from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from ferkit.contracts.data import CLASSES, Sample
from ferkit.data.members import Member, Rows
from ferkit.data.splits import PARTS, Splits, make_splits
from ferkit.errors import FerkitError
from ferkit.sections import DataSection


def section(**changes: Any) -> DataSection:
    split = {
        name: changes.pop(name) for name in ("validation", "test", "by", "seed") if name in changes
    }
    return DataSection(train=None, split=split, **changes)


def people(
    count: int, *, seed: int = 0, subjects: int | None = 40, classes: Sequence[str] = CLASSES
) -> Rows:
    """Random samples: uneven classes, subjects and sequences, some without a group."""
    draw = random.Random(seed)
    samples = []
    for i in range(count):
        subject = draw.randrange(subjects) if subjects else None
        # Sequences that show several people would chain all of them together.
        clip = "" if subjects else draw.choice(["", f"clip{draw.randrange(count // 3)}"])
        samples.append(
            Sample(
                f"{i:04d}.png",
                label=draw.choices(range(len(classes)), range(1, len(classes) + 1))[0],
                subject="" if subject is None else f"S{subject}",
                group=clip,
            )
        )
    return Rows(samples, tuple(classes))


def ids(members: Sequence[Member]) -> list[str]:
    return [member.sample.id for member in members]


def kinds(splits: Splits) -> dict[str, int]:
    return dict(Counter(problem.kind for problem in splits.problems))


def shuffled(rows: Rows, seed: int, groups: Sequence[int] | None = None) -> tuple[Rows, list[int]]:
    order = list(range(len(rows.samples)))
    random.Random(seed).shuffle(order)
    moved = [] if groups is None else [groups[i] for i in order]
    return Rows([rows.samples[i] for i in order], rows.classes), moved


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("subjects", [40, None])
def test_nothing_that_belongs_together_crosses(seed: int, subjects: int | None) -> None:
    draw = random.Random(seed)
    rows = people(600, seed=seed, subjects=subjects)
    duplicates = list(range(600))
    for _ in range(8 if subjects else 60):
        duplicates[draw.randrange(600)] = duplicates[draw.randrange(600)]
    splits = make_splits(rows, section=section(seed=seed), duplicate_groups=duplicates)
    side = {m.position: name for name in PARTS for m in getattr(splits, name)}
    left_out = kinds(splits).get("held out with its group", 0)
    assert len(side) == 600 - left_out  # everything else is somewhere, and once only
    assert left_out == 0 or subjects  # an image of two people is on the side of one of them
    sides: dict[object, set[str]] = {}
    for position, sample in enumerate(rows.samples):
        for key in (
            ("subject", sample.subject) if sample.subject else None,
            ("group", sample.group) if sample.group else None,
            ("image", duplicates[position]),
        ):
            if key is not None:
                sides.setdefault(key, set()).update({side[position]} if position in side else ())
    assert all(len(where) <= 1 for where in sides.values())
    assert not any("across" in kind for kind in kinds(splits))
    slack = 15 if subjects else 4  # half of a large group
    assert abs(len(splits.test) - 120) <= slack
    assert abs(len(splits.validation) - 0.1 * (600 - len(splits.test))) <= slack


@pytest.mark.parametrize("seed", range(4))
def test_the_same_seed_gives_the_same_split_whatever_the_order(seed: int) -> None:
    rows = people(300, seed=1, subjects=None if seed % 2 else 25)
    duplicates = [i // 2 * 2 if i % 100 < 2 else i for i in range(300)]
    first = make_splits(rows, section=section(seed=3, labels=50), duplicate_groups=duplicates)
    other_rows, moved = shuffled(rows, seed, duplicates)
    other = make_splits(other_rows, section=section(seed=3, labels=50), duplicate_groups=moved)
    for name in PARTS:
        assert ids(getattr(first, name)) == ids(getattr(other, name))
    for member in other.labelled:
        assert other_rows.samples[member.position].id == member.sample.id
    different = make_splits(rows, section=section(seed=4, labels=50), duplicate_groups=duplicates)
    assert ids(different.test) != ids(first.test)


def test_stratified_splits_meet_every_class_exactly() -> None:
    samples = [Sample(f"{c}/{i}", label=c) for c in range(7) for i in range(50)]
    splits = make_splits(Rows(samples, CLASSES), section=section())
    assert set(splits.counts()["test"].values()) == {10}
    assert set(splits.counts()["validation"].values()) == {4}
    assert set(splits.counts()["labelled"].values()) == {36}
    assert splits.counts()["unlabelled"] == dict.fromkeys(CLASSES, 0)
    assert kinds(splits) == {"few validation samples": 1}


def test_hold_outs_of_nothing() -> None:
    rows = people(200, subjects=None)
    splits = make_splits(rows, section=section(test=0, validation=0))
    assert [len(getattr(splits, name)) for name in PARTS] == [200, 0, 0, 0]
    assert kinds(splits) == {"no test split": 1, "few validation samples": 1}


def test_by_subject_wants_subjects_and_stratified_ignores_them() -> None:
    rows = people(400, subjects=30)
    rows.samples[7] = replace(rows.samples[7], subject="")  # type: ignore[index]
    with pytest.raises(FerkitError, match=r"data.split.by: 1 of 400 training samples name no"):
        make_splits(rows, section=section(by="subject"))
    auto = make_splits(rows, section=section(by="auto"))
    assert kinds(auto) == {"subject unknown": 1, "few validation samples": 1}
    plain = make_splits(rows, section=section(by="stratified"))
    assert len(plain.test) == 80
    crossing = [p for p in plain.problems if p.kind == "subjects across splits"]
    assert [p.where for p in crossing] == [
        "labelled, validation",
        "labelled, test",
        "validation, test",
    ]
    test_subjects = Counter(m.sample.subject for m in plain.test)
    trained = {m.sample.subject for m in plain.labelled} - {""}
    count = sum(n for subject, n in test_subjects.items() if subject in trained)
    assert crossing[1].what.startswith(f"{count} of 80 test samples, of ")


def given_rows() -> Rows:
    splits = ["train"] * 6 + ["validation"] * 2 + ["test"] * 2 + ["unlabelled"]
    samples = [
        Sample(f"{c}{i}", label=c, split=split, subject=f"P{i % 3}")
        for c in range(2)
        for i, split in enumerate(splits)
    ]
    return Rows(samples, ("happy", "sad"))


def test_given_splits_stand_and_overlaps_are_counted_not_removed() -> None:
    rows = given_rows()
    duplicates = list(range(22))
    duplicates[8] = duplicates[0]  # test "08" shows the image of train "00"
    duplicates[10] = duplicates[9]  # unlabelled "010" that of test "09"
    splits = make_splits(rows, section=section(), duplicate_groups=duplicates)
    for name, split in [("labelled", "train"), ("validation", "validation"), ("test", "test")]:
        assert ids(getattr(splits, name)) == sorted(s.id for s in rows.samples if s.split == split)
    assert [(m.sample.label, m.sample.truth) for m in splits.unlabelled] == [(-1, 0), (-1, 1)]
    what = {(p.kind, p.where): p.what for p in splits.problems}
    assert what["duplicates across splits", "labelled, test"].startswith("1 of 4 test samples are")
    assert what["duplicates across splits", "unlabelled, test"].startswith("1 of 4 test")
    assert what["subjects across splits", "labelled, test"].startswith(
        "4 of 4 test samples, of 2 subjects,"
    )
    assert not any(problem.dropped for problem in splits.problems)


def test_a_validation_split_beside_a_given_test_split_keeps_clear_of_both() -> None:
    samples = [
        Sample(f"{i:03d}", label=i % 2, split="test" if i < 40 else "train", subject=f"P{i % 20}")
        for i in range(200)
    ]
    for i in range(100, 200):
        samples[i] = replace(samples[i], subject=f"Q{i % 20}")
    splits = make_splits(Rows(samples, ("a", "b")), section=section())
    assert len(splits.test) == 40
    assert {m.sample.subject[0] for m in splits.validation} == {"Q"}
    assert 10 <= len(splits.validation) <= 20
    assert [p.where for p in splits.problems if "across" in p.kind] == ["labelled, test"]


def test_unmarked_samples_are_divided_and_marked_ones_stay() -> None:
    samples = [
        Sample(f"{i:03d}", label=i % 2, split="train" if i % 4 < 2 else "") for i in range(400)
    ]
    splits = make_splits(Rows(samples, ("a", "b")), section=section(test=0.25, validation=0))
    assert len(splits.test) == 50  # a quarter of the 200 that are not marked
    assert all(member.sample.split == "" for member in splits.test)
    marked = [replace(sample, split="train") for sample in samples]
    splits = make_splits(Rows(marked, ("a", "b")), section=section(test=0.25, validation=0))
    assert len(splits.test) == 100


def test_a_test_set_of_its_own_is_mapped_by_name() -> None:
    train = people(200, subjects=None, classes=("anger", "happy", "sad"))
    samples = [Sample(f"t{i}", label=i % 4) for i in range(40)]
    samples.append(Sample("t-other", label=0, split="train"))
    samples.append(Sample("t-none"))
    test = Rows(samples, ("sad", "contempt", "happy", "anger"))
    splits = make_splits(train, test=test, section=section())
    assert len(splits.test) == 30
    assert splits.counts()["test"] == {"anger": 10, "happy": 10, "sad": 10}
    assert all(member.source == "test" for member in splits.test)
    for member in splits.test:
        name = test.classes[test.samples[member.position].label]
        assert splits.classes[member.sample.label] == name
    dropped = Counter(p.kind for p in splits.problems if p.dropped)
    assert dropped == {"class not in this run": 10, "other split": 1, "no label to measure by": 1}


def test_a_test_split_in_train_gives_way_to_a_test_set() -> None:
    rows = given_rows()
    test = Rows([Sample("x", label=0), Sample("y", label=1)], ("happy", "sad"))
    splits = make_splits(rows, test=test, section=section())
    assert ids(splits.test) == ["x", "y"]
    assert kinds(splits)["other split"] == 4


def test_chosen_classes_leave_others_out() -> None:
    rows = people(300, subjects=None)
    splits = make_splits(rows, section=section(classes=("sad", "happy")))
    assert splits.classes == ("sad", "happy")
    expected = sum(CLASSES[s.label] in ("sad", "happy") for s in rows.samples)
    assert sum(len(members) for members in splits.parts().values()) == expected
    assert kinds(splits)["class not in this run"] == 300 - expected


def test_unlabelled_samples_hide_labels_and_keep_clear_of_what_is_held_out() -> None:
    train = people(100, subjects=None)
    extra = Rows(
        [Sample(f"u{i}", label=i % 2, votes=(1.0, 2.0)) for i in range(100)]
        + [Sample("u-test", split="test"), Sample("u-train", split="train")],
        ("contempt", "happy"),
    )
    duplicates = [*range(100), *range(100), 1000, 1001]  # u7 shows the image of train 0007
    splits = make_splits(train, unlabelled=extra, section=section(), duplicate_groups=duplicates)
    held = {m.position for m in (*splits.test, *splits.validation)}
    kept = {m.position for m in splits.unlabelled}
    assert kept == set(range(100)) - held | {101}
    assert all(m.sample.label == -1 and m.sample.votes is None for m in splits.unlabelled)
    happy = CLASSES.index("happy")
    assert {m.sample.truth for m in splits.unlabelled} == {-1, happy}
    counts = kinds(splits)
    assert counts["held out without label"] == len(held)
    assert counts["other split"] == 1
    assert counts["class not in this run"] == 50
    assert splits.counts()["unlabelled"][""] == sum(m.sample.truth < 0 for m in splits.unlabelled)


def test_unlabelled_rows_of_held_out_subjects_are_left_out() -> None:
    labelled = [Sample(f"{i:03d}", label=i % 2, subject=f"P{i % 50}") for i in range(200)]
    without = [Sample(f"x{i:03d}", subject=f"P{i % 50}") for i in range(200)]
    splits = make_splits(Rows(labelled + without, ("a", "b")), section=section())
    held = {m.sample.subject for m in (*splits.test, *splits.validation)}
    assert {m.sample.subject for m in splits.unlabelled}.isdisjoint(held)
    left = kinds(splits)["held out without label"]
    assert left == 4 * len(held)
    assert len(splits.unlabelled) == 200 - left


def test_transductive_adds_the_test_split_and_says_so() -> None:
    rows = people(200, subjects=None)
    plain = make_splits(rows, section=section())
    splits = make_splits(rows, section=section(transductive=True))
    assert ids(splits.test) == ids(plain.test)
    assert ids(splits.unlabelled) == ids(splits.test)
    assert all(m.sample.label == -1 for m in splits.unlabelled)
    assert [m.sample.truth for m in splits.unlabelled] == [m.sample.label for m in splits.test]
    assert "duplicates across splits" not in kinds(splits)
    (what,) = (p.what for p in splits.problems if p.kind == "transductive")
    assert what.startswith("40 test samples are also trained on")


def test_fewer_labels_are_a_part_of_more_and_the_rest_becomes_unlabelled() -> None:
    rows = people(500, subjects=None)
    whole = make_splits(rows, section=section())
    before: set[str] = set()
    for count in (7, 70, 71, 210):
        splits = make_splits(rows, section=section(labels=count))
        assert ids(splits.test) == ids(whole.test)
        assert ids(splits.validation) == ids(whole.validation)
        assert len(splits.labelled) == count
        assert before <= set(ids(splits.labelled))
        assert set(ids(splits.labelled)) | set(ids(splits.unlabelled)) == set(ids(whole.labelled))
        assert all(m.sample.label == -1 and m.sample.truth >= 0 for m in splits.unlabelled)
        before = set(ids(splits.labelled))
    splits_70 = make_splits(rows, section=section(labels=70))
    assert set(splits_70.counts()["labelled"].values()) == {10}
    other = make_splits(rows, section=section(labels=70, labels_seed=1))
    assert set(ids(other.labelled)) != set(ids(splits_70.labelled))
    with pytest.raises(FerkitError, match=r"data\.labels: 500 labels are asked for.* has 360"):
        make_splits(rows, section=section(labels=500))


def test_missing_classes_are_reported() -> None:
    samples = [Sample(f"{i:03d}", label=int(i >= 98)) for i in range(100)]
    splits = make_splits(Rows(samples, ("happy", "sad", "fear")), section=section())
    what = [p.what for p in splits.problems if p.kind == "class missing in a split"]
    assert "the labelled split has no sample of fear." in what
    assert any("validation" in sentence and "sad" in sentence for sentence in what)


def rows_of(labels: Sequence[int], **same: Any) -> Rows:
    return Rows([Sample(f"{i}", label=c, **same) for i, c in enumerate(labels)], ("happy", "sad"))


@pytest.mark.parametrize(
    ("rows", "changes", "message"),
    [
        (
            rows_of([0, 1] * 9, subject="P"),
            {},
            "a test split .*all samples are of one subject",
        ),
        (
            rows_of([0, 1] * 9, group="g"),
            {"test": 0},
            "a validation .*all samples are of one group",
        ),
        (rows_of([0] * 9 + [1]), {}, "only one sample has the label 'sad'"),
        (rows_of([0, 1]), {}, "'happy' and one the label 'sad'"),
        (rows_of([-1] * 9), {}, "no training sample has a label"),
        (rows_of([-1] * 9), {"test": 0, "validation": 0}, "no training sample has a label"),
        (rows_of([0, 1], split="test"), {"validation": 0}, "no training sample has a label"),
    ],
)
def test_what_cannot_be_divided(rows: Rows, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(FerkitError, match=message):
        make_splits(rows, section=section(**changes))


def test_groups_tied_to_given_splits_cannot_be_held_out() -> None:
    samples = [
        Sample(f"{i}", label=i % 2, subject=f"P{i % 3}", split="validation" if i < 3 else "")
        for i in range(30)
    ]
    with pytest.raises(FerkitError, match="all groups hold samples whose split is given"):
        make_splits(Rows(samples, ("a", "b")), section=section())


def test_two_subjects_suffice_for_one_hold_out_only() -> None:
    samples = [Sample(f"{i}", label=i // 2 % 2, subject=f"P{i % 2}") for i in range(40)]
    rows = Rows(samples, ("a", "b"))
    splits = make_splits(rows, section=section(validation=0))
    assert (len(splits.test), len(splits.labelled)) == (20, 20)
    with pytest.raises(FerkitError, match="a validation split cannot be held out"):
        make_splits(rows, section=section())


def test_wrong_use_is_refused() -> None:
    rows = people(50)
    with pytest.raises(ValueError, match="3 duplicate groups for 50 samples"):
        make_splits(rows, section=section(), duplicate_groups=[1, 2, 3])
    twice = Rows([*rows.samples, rows.samples[0]], rows.classes)
    with pytest.raises(ValueError, match="ids are not unique"):
        make_splits(twice, section=section())


def test_alike_images_of_several_people_are_pointed_out() -> None:
    samples = [Sample(f"{i:02d}", label=i % 2, subject=f"P{i % 10}") for i in range(60)]
    duplicates = list(range(60))
    duplicates[1] = duplicates[12] = 0  # P0, P1 and P2
    duplicates[23] = 3  # P3 twice
    splits = make_splits(Rows(samples, ("a", "b")), section=section(), duplicate_groups=duplicates)
    what = {p.kind: (p.where, p.what) for p in splits.problems}
    assert what["duplicate images"][1].startswith("5 of 60 images are identical or nearly")
    where, sentence = what["alike images of several subjects"]
    assert where == "00"
    assert "(P0, P1, P2)" in sentence
    one = [replace(sample, subject="") for sample in samples]
    with pytest.raises(FerkitError, match=r"one group \(images that look alike join them"):
        make_splits(Rows(one, ("a", "b")), section=section(), duplicate_groups=[0] * 60)


def test_alike_images_with_different_labels_are_pointed_out() -> None:
    samples = [Sample(f"{i:02d}", label=i % 2) for i in range(40)]
    duplicates = list(range(40))
    duplicates[5] = 4  # labels 0 and 1
    duplicates[8] = 6  # both 0
    splits = make_splits(Rows(samples, ("a", "b")), section=section(), duplicate_groups=duplicates)
    told = [p for p in splits.problems if p.kind == "alike images, different labels"]
    assert [(p.where, p.dropped) for p in told] == [("05", False)]
    assert "looks like 04" in told[0].what
