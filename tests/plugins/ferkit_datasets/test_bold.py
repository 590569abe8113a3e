"""BoLD in its distributed layout."""

from __future__ import annotations

import pytest
from dataset_trees.bold import FIRST, SECOND, THIRD, row, tree
from ferkit_datasets.bold import FEELINGS, RATINGS, read_bold
from ferkit_datasets.params_video import BoldParams

from ferkit.errors import FerkitError


def read(folder, **params):
    return read_bold(BoldParams(path=str(folder), **params))


@pytest.mark.parametrize("inside", ["BOLD_public/", ""])
def test_clips_are_unlabelled_data(grow, inside) -> None:
    folder = grow(tree(inside=inside))
    reading = read(folder)
    assert [s.id for s in reading.samples] == [FIRST, SECOND, THIRD]
    assert [s.label for s in reading.samples] == [-1] * 3
    assert [s.split for s in reading.samples] == ["unlabelled"] * 3
    assert [s.span for s in reading.samples] == [(10, 201), (0, 99), (5, 60)]
    assert [s.attributes for s in reading.samples] == [{"people": 2}, {"people": 1}, {"people": 1}]
    assert reading.samples[0].path == str(folder / f"{inside}videos/{FIRST}")
    assert reading.problems == ()


def test_every_person_is_a_sample(grow) -> None:
    reading = read(grow(tree()), samples="people", splits="official")
    assert [s.id for s in reading.samples] == [
        f"{FIRST}#0",
        f"{FIRST}#2",
        f"{SECOND}#1",
        f"{THIRD}#0",
    ]
    assert [s.span for s in reading.samples] == [(26, 201), (10, 150), (0, 99), (5, 60)]
    assert [s.split for s in reading.samples] == ["train", "train", "validation", "test"]
    assert [s.group for s in reading.samples] == [FIRST, FIRST, SECOND, THIRD]
    assert [s.line for s in reading.samples] == [1, 2, 1, 1]
    rated = dict(reading.samples[0].attributes)
    assert {name: rated.pop(name) for name in ("Peace", "Surprise", "Suffering")} == {
        "Peace": 0.25,
        "Surprise": 0.5,
        "Suffering": 0.75,
    }
    about = {name: rated.pop(name) for name in ("Valence", "Arousal", "Dominance")}
    assert about == {"Valence": 5.5, "Arousal": 4.25, "Dominance": 7.0}
    assert {name: value for name, value in rated.items() if name not in RATINGS} == {
        "Gender": "1",
        "Age": "2",
        "Ethnicity": "3",
        "annotation_confidence": 0.88,
    }
    assert reading.samples[3].attributes == {}  # the test is not rated


def test_the_feelings_in_the_order_of_the_columns(grow) -> None:
    scores = {name: number / 100 for number, name in enumerate(FEELINGS)}
    reading = read(grow(tree(val=[row(SECOND, 1, 0, 99, scores)])), samples="people")
    rated = reading.samples[2].attributes
    assert rated["Affection"] == 0.01
    assert rated["Doubt/Confusion"] == 0.11
    assert rated["Anger"] == 0.19
    assert rated["Fear"] == 0.23
    assert len(FEELINGS) == 26


def test_all_frames(grow) -> None:
    assert {s.span for s in read(grow(tree()), frames="all").samples} == {None}


def test_what_is_wrong_is_told(grow) -> None:
    val = [
        row(SECOND, 1, 0, 99),
        row(SECOND, 1, 0, 99),
        "",
        row(SECOND, 3, 50, 20),
        row("../secret.mp4", 0, 0, 9),
        "003/gone.mp4/0001.mp4,0",
        row("003/gone.mp4/0001.mp4", 0, 0, 9),
        row(FIRST, 5, 0, 9),
    ]
    files = tree(val=val)
    files[f"BOLD_public/videos/{THIRD}"] = ""
    files["BOLD_public/videos/003/IzvOYVMltkI.mp4/0999.mp4"] = "film"
    reading = read(grow(files))
    told = [(p.kind, p.where.rsplit("BOLD_public/")[-1]) for p in reading.problems]
    assert told == [
        ("repeated row", "annotations/val.csv:2"),
        ("bad row", "annotations/val.csv:4"),
        ("bad row", "annotations/val.csv:5"),
        ("bad row", "annotations/val.csv:6"),
        ("repeated row", "annotations/val.csv:8"),
        ("missing file", "videos/003/gone.mp4/0001.mp4"),
        ("empty file", f"videos/{THIRD}"),
        ("surplus file", "videos/003/IzvOYVMltkI.mp4/0999.mp4"),
    ]
    assert [s.id for s in reading.samples] == [FIRST, SECOND]


def test_another_folder(grow) -> None:
    with pytest.raises(FerkitError, match=r"no 'videos' in it.*'BOLD_public'"):
        read(grow({"train.csv": "x"}))
    folder = grow({"BOLD_public/videos/x.mp4": "film"})
    with pytest.raises(FerkitError, match="no 'BOLD_public/annotations' in it"):
        read(folder)


def test_a_part_without_its_table_is_told_and_the_rest_is_read(grow) -> None:
    files = tree()
    del files["BOLD_public/annotations/test_meta.csv"]
    reading = read(grow(files))
    assert reading.samples
    (problem,) = (p for p in reading.problems if p.kind == "missing file")
    assert problem.where.endswith("BOLD_public/annotations/test_meta.csv")
    assert problem.what == "there is no test split."
