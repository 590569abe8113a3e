"""Different samples of two splits that show a picture in common."""

from __future__ import annotations

from ferkit.contracts.data import Sample
from ferkit.data.members import Member
from ferkit.data.pictures import Shows
from ferkit.data.shared_pictures import shared_pictures

Split = dict[str, Shows]


def told(**splits: Split) -> list[tuple[str, str]]:
    every: dict[str, Split] = {
        name: splits.get(name, {}) for name in ("labelled", "unlabelled", "validation", "test")
    }
    parts = {
        name: [Member("train", 0, Sample(one)) for one in split] for name, split in every.items()
    }
    shown = {name: list(split.values()) for name, split in every.items()}
    return [(one.where, one.what) for one in shared_pictures(parts, shown)]


def test_stills_of_clips_and_parts_of_videos_that_overlap() -> None:
    (one,) = told(
        labelled={
            "still": Shows("b", ("b",)),
            "first": Shows("1", ("video:0-9",)),
            "tape": Shows("tape", ("tape",)),
        },
        test={
            "clip": Shows("clip", ("a", "b")),
            "other": Shows("other", ("c",)),
            "across": Shows("2", ("video:9-12",)),
            "after": Shows("3", ("video:10-19",)),
            "piece": Shows("4", ("tape:2-3",)),
        },
    )
    assert one == (
        "labelled, test",
        "3 of 5 test samples show a picture that one of the labelled split shows too, as a still"
        " of a clip, or where clips overlap; figures on them flatter the model.",
    )


def test_what_is_told_elsewhere_is_not_told_twice() -> None:
    clip, still = Shows("clip", ("a", "b")), Shows("a", ("a",))
    # Copies look alike; a sample without its label (transductive) is said to be one.
    assert told(labelled={"x": clip}, test={"copy": clip}) == []
    assert told(unlabelled={"x": clip}, validation={"x": clip}, test={"x": clip}) == []
    assert told(test={"x": clip, "y": still}) == []
    both = told(unlabelled={"y": still}, validation={"x": clip}, test={"z": still})
    assert [where for where, _ in both] == ["validation, test", "unlabelled, validation"]
