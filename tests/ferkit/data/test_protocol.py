"""Which split is reported, by what is selected, and what a run says of itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from ferkit.contracts.data import Sample
from ferkit.data.members import Member, Rows
from ferkit.data.splits import Splits, make_splits
from ferkit.errors import FerkitError
from ferkit.sections import DataSection

NAMES = ("happy", "sad")


def given(*, tests: int = 4, labelled_tests: bool = True) -> Rows:
    """As AFEW is: a training and a validation split, and test videos that may lack labels."""
    words = ["train"] * 30 + ["validation"] * 10 + ["test"] * tests
    samples = [
        Sample(
            f"{split}{c}{i}",
            label=-1 if split == "test" and not labelled_tests else c,
            split=split,
            subject=f"{split}{i % 10}",
        )
        for c in range(2)
        for i, split in enumerate(words)
    ]
    return Rows(samples, NAMES)


def divided(rows: Rows, **changes: Any) -> Splits:
    return make_splits(rows, section=DataSection(train=None, **changes))


def words(members: Sequence[Member]) -> set[str]:
    return {member.sample.id.rstrip("0123456789") for member in members}


def names(splits: Splits, *, declared: bool) -> list[str]:
    return [one.name for one in splits.protocol if one.declared == declared]


def test_validation_reported_and_selected_on_a_part_of_train() -> None:
    for labelled_tests in (True, False):
        rows = given(labelled_tests=labelled_tests)
        splits = divided(rows, reported="validation")
        assert len(splits.test) == 20
        assert words(splits.test) == {"validation"}
        assert words(splits.validation) == words(splits.labelled) == {"train"}
        assert len(splits.validation) == 6
        assert not splits.unlabelled
        left_out = [p for p in splits.problems if p.kind == "other split"]
        assert len(left_out) == 8
        assert all(p.dropped and "data.reported is validation" in p.what for p in left_out)
        assert names(splits, declared=True) == ["reported-validation"]
        assert names(splits, declared=False) == ["inner-validation"]


def test_validation_reported_and_selected_as_the_papers_do() -> None:
    splits = divided(given(), reported="validation", selection="reported")
    assert splits.validation == splits.test
    assert len(splits.labelled) == 60
    assert names(splits, declared=True) == ["selected-on-test", "reported-validation"]
    assert splits.protocol[0].what.startswith("Selected and reported on the same split: ")
    assert "selected on the test split" in {problem.kind for problem in splits.problems}
    assert not any("across" in problem.kind for problem in splits.problems)


def test_selection_on_the_test_split_leaves_a_given_validation_split_out() -> None:
    splits = divided(given(), selection="reported")
    assert words(splits.test) == {"test"}
    assert splits.validation == splits.test
    assert words(splits.labelled) == {"train"}
    left_out = [p for p in splits.problems if p.kind == "other split"]
    assert len(left_out) == 20
    assert "data.selection is reported" in left_out[0].what


def test_by_default_nothing_is_chosen_by_the_test_split() -> None:
    splits = divided(given())
    assert words(splits.validation) == {"validation"}
    assert words(splits.test) == {"test"}
    assert names(splits, declared=True) == []
    assert names(splits, declared=False) == ["inner-validation", "official-split"]
    bare = Rows([Sample(f"{i}", label=i % 2) for i in range(100)], NAMES)
    splits = divided(bare, split={"by": "stratified"}, labels_per_class=5)
    assert names(splits, declared=True) == []
    assert names(splits, declared=False) == [
        "inner-validation",
        "held-out",
        "subjects-cross",
        "few-labels",
    ]
    without = divided(bare, split={"validation": 0, "test": 0})
    assert names(without, declared=False) == ["no-validation", "no-test"]


def test_pooled_splits_are_divided_anew() -> None:
    splits = divided(given(), split={"given": "pool"})
    assert {"train", "validation", "test"} >= words(splits.test)
    assert len(words(splits.test)) > 1
    assert sum(map(len, splits.parts().values())) == 88
    assert names(splits, declared=True) == ["pooled"]


def test_a_test_set_of_its_own_is_named() -> None:
    test = Rows([Sample(f"t{i}", label=i % 2) for i in range(10)], NAMES)
    chosen = {"use": "rendered", "domain": "lab", "start": 0}

    def first(other: dict[str, Any]) -> tuple[str, bool, str]:
        section = DataSection(train=chosen, test=other)
        one = next(
            one
            for one in make_splits(given(), section=section, test=test).protocol
            if "test-set" in one.name or "cross" in one.name
        )
        return one.name, one.declared, one.what

    assert first({**chosen, "start": 900})[:2] == ("own-test-set", False)
    name, declared, what = first({**chosen, "domain": "wild"})
    assert (name, declared) == ("own-test-set", True)
    assert "differs from data.train in domain" in what
    name, declared, what = first({"use": "raf_db", "path": "raf"})
    assert (name, declared) == ("cross-data-set", True)
    assert what == "Across data sets: trained on rendered, tested on raf_db (10 samples)."


def test_test_samples_among_the_unlabelled_ones_are_transductive_however_they_came_there() -> None:
    splits = divided(given(), transductive=True)
    assert names(splits, declared=True) == ["transductive"]
    train = Rows([Sample(f"{i}", label=i % 2) for i in range(40)], NAMES)
    test = Rows([Sample(f"t{i}", label=i % 2) for i in range(20)], NAMES)
    section = DataSection(train=None, test=None)
    same = [*range(40), *range(100, 120), *range(100, 120)]
    splits = make_splits(train, section=section, test=test, unlabelled=test, duplicate_groups=same)
    assert "transductive" in names(splits, declared=True)
    few = [*range(40), *range(100, 120), *range(100, 105), *range(200, 215)]
    splits = make_splits(train, section=section, test=test, unlabelled=test, duplicate_groups=few)
    assert "transductive" not in names(splits, declared=True)


def test_what_cannot_be_reported() -> None:
    bare = Rows([Sample(f"{i}", label=i % 2) for i in range(40)], NAMES)
    with pytest.raises(FerkitError, match=r"data.reported: no labelled sample of data.train is"):
        divided(bare, reported="validation")
    with pytest.raises(FerkitError, match=r"data.selection: there is no test split"):
        divided(bare, selection="reported", split={"test": 0})
