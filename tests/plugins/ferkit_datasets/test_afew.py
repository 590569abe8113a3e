"""AFEW 8.0 in its distributed layout."""

from __future__ import annotations

import pytest
from dataset_trees.afew import tree
from ferkit_datasets.afew import read_afew
from ferkit_datasets.params_video import AfewParams

from ferkit.errors import FerkitError


def read(folder, **params):
    return read_afew(AfewParams(path=str(folder), **params))


LABELS = {
    "train/Angry/0000041280": "anger",
    "train/Disgust/0010041280": "disgust",
    "train/Fear/0020041280": "fear",
    "train/Happy/0030041280": "happy",
    "train/Neutral/0040041280": "neutral",
    "train/Sad/0050041280": "sad",
    "train/Surprise/0060041280": "surprise",
    "validation/Angry/0100041280": "anger",
    "validation/Disgust/0110041280": "disgust",
    "validation/Fear/0120041280": "fear",
    "validation/Happy/0130041280": "happy",
    "validation/Neutral/0140041280": "neutral",
    "validation/Sad/0150041280": "sad",
    "validation/Surprise/0160041280": "surprise",
}


@pytest.mark.parametrize(
    "names",
    [
        {},
        {"train": "Train/", "val": "Val/"},
        {"train": "Train_AFEW/Train_AFEW/", "val": "Val_AFEW/Val_AFEW/"},
    ],
)
@pytest.mark.parametrize("videos", ["original", "aligned"])
def test_every_folder_is_its_class(grow, names, videos) -> None:
    reading = read(grow(tree(**names)), videos=videos)
    assert {s.id: reading.classes[s.label] for s in reading.samples} == LABELS
    assert [s.split for s in reading.samples] == ["train"] * 7 + ["validation"] * 7
    assert reading.problems == ()


def test_the_paths(grow) -> None:
    folder = grow(tree())
    assert read(folder).samples[0].path == str(folder / "Train_AFEW/Angry/0000041280.avi")
    faces = read(folder, videos="aligned")
    inside = "Val_AFEW/AlignedFaces_LBPTOP_Points_Val/Faces/0160041280"
    assert faces.samples[-1].path == str(folder / inside)
    assert faces.stamps[-1][0] == len("face") * 2


def test_aligned_faces_unpacked_one_folder_deeper(grow) -> None:
    files = tree()
    for name in [name for name in files if "AlignedFaces_LBPTOP_Points_Val/" in name]:
        part = "AlignedFaces_LBPTOP_Points/"
        files[name.replace("AlignedFaces_LBPTOP_Points_Val/", part + part)] = files.pop(name)
    assert len(read(grow(files), videos="aligned").samples) == 14


@pytest.mark.parametrize("videos", ["original", "aligned"])
def test_the_official_test_has_no_labels(grow, videos) -> None:
    reading = read(grow(tree()), videos=videos, unlabelled_test=True)
    last = reading.samples[-1]
    assert (last.id, last.label, last.split) == ("test/000029320", -1, "unlabelled")
    assert len(reading.samples) == 15


def test_what_is_wrong_is_told(grow) -> None:
    files = tree()
    files["Train_AFEW/Angry/0000041280.avi"] = ""
    files["Train_AFEW/Contempt/1.avi"] = "film"
    reading = read(grow(files))
    told = [(p.kind, p.where.rsplit("data/")[-1]) for p in reading.problems]
    assert told == [
        ("empty file", "Train_AFEW/Angry/0000041280.avi"),
        ("unknown label", "Train_AFEW/Contempt"),
    ]
    assert all(p.dropped for p in reading.problems)


def test_what_is_wrong_with_aligned_faces_is_told(grow) -> None:
    faces = "Train_AFEW/AlignedFaces_LBPTOP_Points/Faces"
    files = tree()
    for frame in ("I_1000.jpg", "I_1001.jpg"):
        del files[f"{faces}/0010041280/{frame}"]
        del files[f"{faces}/0020041280/{frame}"]
    files[f"{faces}/0020041280/Thumbs.db"] = "no image"
    files[f"{faces}/999/I_1000.jpg"] = "face"
    reading = read(grow(files), videos="aligned")
    told = [(p.kind, p.where.rsplit("Faces/")[-1]) for p in reading.problems]
    assert told == [
        ("missing file", "0010041280"),
        ("empty file", "0020041280"),
        ("surplus file", "999"),
    ]


def test_another_folder(grow) -> None:
    with pytest.raises(FerkitError, match=r"there is no 'Train_AFEW'.*'Train_AFEW/Angry'"):
        read(grow({"CK/x.png": "x"}))
    files = tree()
    del files["Train_AFEW/Surprise/0060041280.avi"]
    folder = grow(files)
    with pytest.raises(FerkitError, match="there is no 'Train_AFEW/Surprise'"):
        read(folder)
