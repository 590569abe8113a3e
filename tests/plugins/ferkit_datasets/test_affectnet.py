"""AffectNet in its two forms."""

from __future__ import annotations

import numpy as np
import pytest
from dataset_trees.affectnet import IMAGES, TRAIN, face, folders, lists, npy, numbered, row
from ferkit_datasets.affectnet import read_affectnet
from ferkit_datasets.params_wild import AffectNetParams

from ferkit.errors import FerkitError

SEVEN = {
    0: "neutral",
    1: "happy",
    2: "sad",
    3: "surprise",
    4: "fear",
    5: "disgust",
    6: "anger",
}
FIVE = ((33.0, 40.0), (63.0, 42.0), (48.0, 60.0), (38.0, 80.0), (58.0, 81.0))


def read(folder, **params):
    return read_affectnet(AffectNetParams(path=str(folder), **params))


def labels(reading) -> list[tuple[str, str]]:
    return [(reading.classes[s.label], s.split) for s in reading.samples]


def told(reading, folder):
    return [(p.kind, p.where.removeprefix(f"{folder}/"), p.dropped) for p in reading.problems]


EXPECTED = [(name, "train") for name in SEVEN.values()] + [
    ("surprise", "test"),
    ("neutral", "test"),
]


@pytest.mark.parametrize(
    ("tables", "images"),
    [
        ("", IMAGES),
        ("Manually_Annotated_file_lists/", IMAGES),
        ("Manually_Annotated_file_lists/", f"Manually_Annotated/{IMAGES}"),
        ("Manually_Annotated/Manually_Annotated_file_lists/", f"Manually_Annotated/{IMAGES}"),
        ("Manually_Annotated_file_lists/", "Manually_Annotated"),
    ],
)
@pytest.mark.parametrize("header", [True, False])
def test_every_number_of_the_lists_is_its_class(grow, tables, images, header) -> None:
    folder = grow(lists(tables=tables, images=images, header=header))
    reading = read(folder)
    assert labels(reading) == EXPECTED
    assert reading.problems == ()
    assert reading.samples[0].id == f"{images}/689/0.jpg"
    assert [s.line for s in reading.samples][-2:] == ([2, 3] if header else [1, 2])


def test_every_number_of_the_files_is_its_class(grow) -> None:
    reading = read(grow(folders()))
    assert labels(reading) == EXPECTED
    assert reading.problems == ()
    ids = [s.id for s in reading.samples]
    assert ids[4:7] == [f"train_set/images/{number}.jpg" for number in (9, 10, 11)]


@pytest.mark.parametrize("files", [lists(), folders()], ids=["lists", "files"])
def test_landmarks_and_degrees(grow, files) -> None:
    folder = grow(files)
    sample = read(folder).samples[0]
    assert sample.landmarks == FIVE
    assert sample.attributes == {"valence": 0.5, "arousal": -0.25}
    without = read(folder, landmarks=False)
    assert {s.landmarks for s in without.samples} == {None}
    assert without.problems == ()


def test_contempt_and_what_is_no_expression(grow) -> None:
    more = [row(f"1/{code}.jpg", code, "-2", "-2") for code in (7, 8, 9, 10, 11)]
    folder = grow(lists([*TRAIN, *more]))
    reading = read(folder)
    assert labels(reading) == EXPECTED
    assert [(p.kind, p.what.split()[-1]) for p in reading.problems] == [
        ("left out", "contempt."),
        ("left out", "none."),
        ("left out", "uncertain."),
        ("left out", "face."),
        ("unknown label", "10."),
    ]
    assert told(reading, folder)[0] == ("left out", "training.csv:9", True)
    with_it = read(folder, contempt=True)
    assert with_it.classes[1] == "contempt"
    assert labels(with_it) == [*EXPECTED[:7], ("contempt", "train"), *EXPECTED[7:]]
    assert with_it.samples[7].attributes == {}  # -2: not given
    assert [p.kind for p in with_it.problems] == ["left out"] * 3 + ["unknown label"]


def test_contempt_in_files(grow) -> None:
    folder = grow(folders() | numbered("train_set", 99, 7))
    assert told(read(folder), folder) == [("left out", "train_set/annotations/99_exp.npy", True)]
    assert labels(read(folder, contempt=True))[7] == ("contempt", "train")


def test_what_is_wrong_in_the_lists_is_told(grow) -> None:
    sideways = face()
    sideways[0::2], sideways[1::2] = face()[1::2], face()[0::2]
    more = [
        row("689/0.jpg", 0),
        row("9/none.jpg", 1, points=["NULL"]),
        row("9/few.jpg", 1, points=face()[:-2]),
        row("9/side.jpg", 1, points=sideways),
        row("9/gone.jpg", 1),
        row("9/empty.jpg", 1),
        "9/short.jpg,1,2",
    ]
    files = lists([*TRAIN, *more])
    del files[f"{IMAGES}/9/gone.jpg"]
    files[f"{IMAGES}/9/empty.jpg"] = ""
    files[f"{IMAGES}/9/extra.jpg"] = "face"
    folder = grow(files)
    reading = read(folder)
    assert told(reading, folder) == [
        ("repeated row", f"{IMAGES}/689/0.jpg", True),
        ("missing landmarks", "training.csv:10", False),
        ("missing landmarks", "training.csv:11", False),
        ("odd landmarks", "training.csv:12", False),
        ("missing file", f"{IMAGES}/9/gone.jpg", True),
        ("empty file", f"{IMAGES}/9/empty.jpg", True),
        ("unknown label", "training.csv:15", True),
        ("surplus file", f"{IMAGES}/9/extra.jpg", True),
    ]
    assert [s.landmarks for s in reading.samples][7:10] == [None] * 3


def test_what_is_wrong_in_the_files_is_told(grow) -> None:
    files = folders()
    del files["train_set/images/5.jpg"], files["train_set/annotations/6_exp.npy"]
    del files["train_set/annotations/7_lnd.npy"], files["train_set/annotations/7_val.npy"]
    files["train_set/annotations/8_exp.npy"] = b"damaged"
    files["train_set/annotations/9_aro.npy"] = b"damaged"
    files["train_set/annotations/10_exp.npy"] = npy(np.zeros(3))
    folder = grow(files)
    reading = read(folder)
    assert told(reading, folder) == [
        ("missing file", "train_set/images/5.jpg", True),
        ("missing landmarks", "train_set/annotations/7_exp.npy", False),
        ("bad annotation", "train_set/annotations/8_exp.npy", True),
        ("bad annotation", "train_set/annotations/9_aro.npy", False),
        ("unknown label", "train_set/annotations/10_exp.npy", True),
        ("surplus file", "train_set/images/6.jpg", True),
    ]
    assert reading.samples[0].attributes == {"arousal": -0.25}
    assert reading.samples[1].attributes == {"valence": 0.5}


def test_another_folder(grow) -> None:
    with pytest.raises(FerkitError, match=r"there is no 'training\.csv' in it.*train_set"):
        read(grow({"readme.txt": "x"}))
    with pytest.raises(FerkitError, match="there is no 'train_set/annotations' in it"):
        read(grow({"train_set/images/1.jpg": "face"}))
