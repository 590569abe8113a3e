"""Where samples without crops belong."""

from __future__ import annotations

from ferkit.contracts.data import Problem, Sample
from ferkit.data.unseen import Unseen, unseen_by_split, without_crops
from ferkit.sections import DataSection

CLASSES = ("happy", "sad")


def section(**more: object) -> DataSection:
    fields = DataSection.model_fields.items()
    known = {name: field.get_default(call_default_factory=True) for name, field in fields}
    return DataSection.model_construct(**{**known, **more})


def lost(split: str, label: int = 0, kind: str = "no face") -> Unseen:
    return Unseen(Sample(id=f"{split}{label}{kind}", split=split, label=label), kind)


def test_reasons_go_with_their_samples() -> None:
    samples = [Sample(id=str(number)) for number in range(4)]
    failures = [
        Problem("no face", "1", "", True),
        Problem("broken frames", "2", "", False),
        Problem("unreadable video", "3", "", True),
    ]
    found = without_crops(samples, [0, 2], failures)
    assert [(each.sample.id, each.kind) for each in found] == [
        ("1", "no face"),
        ("3", "unreadable video"),
    ]
    assert [each.kind for each in without_crops(samples, [0, 2], failures[:1])] == [
        "not usable"
    ] * 2


def test_given_splits_only() -> None:
    found = [lost("train"), lost(""), lost("test"), lost("validation", 1), lost("test", -1)]
    parts = unseen_by_split({"train": (found, CLASSES)}, section(), CLASSES)
    assert {name: [each.sample.id for each in some] for name, some in parts.items()} == {
        "test": ["test0no face"],
        "validation": ["validation1no face"],
    }


def test_a_test_set_of_its_own_takes_the_place_of_the_given_one() -> None:
    unseen = {
        "train": ([lost("test")], CLASSES),
        "test": ([lost("", 1, "no certain face"), lost("train")], ("sad", "happy")),
    }
    (one,) = unseen_by_split(unseen, section(), CLASSES)["test"]
    assert one.kind == "no certain face"
    assert one.sample.label == 0  # happy, in the run's order


def test_what_is_reported_is_the_validation_split() -> None:
    found = [lost("validation"), lost("test")]
    parts = unseen_by_split({"train": (found, CLASSES)}, section(reported="validation"), CLASSES)
    assert [each.sample.split for each in parts["test"]] == ["test"]
    assert len(parts["test"]) == 1
    none = unseen_by_split({"train": ([], CLASSES)}, section(reported="validation"), CLASSES)
    assert none == {}


def test_where_a_part_of_the_test_is_given_up_nothing_is_said() -> None:
    half = section()
    half = half.model_copy(
        update={"split": half.split.model_copy(update={"test_as_unlabelled": 0.5})}
    )
    assert unseen_by_split({"train": ([lost("test")], CLASSES)}, half, CLASSES) == {}
