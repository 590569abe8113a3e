"""FERV39k in its distributed layout."""

from __future__ import annotations

import pytest
from dataset_trees.ferv39k import LISTS, TRAIN, tree
from ferkit_datasets.ferv39k import read_ferv39k
from ferkit_datasets.params_video import Ferv39kParams

from ferkit.errors import FerkitError


def read(folder, **params):
    return read_ferv39k(Ferv39kParams(path=str(folder), **params))


@pytest.mark.parametrize("clips", ["frames", "original"])
def test_every_word_is_its_class(grow, clips) -> None:
    reading = read(grow(tree()), clips=clips)
    assert {s.id: reading.classes[s.label] for s in reading.samples} == {
        "Action/Angry/0267": "anger",
        "Action/Disgust/0267": "disgust",
        "Action/Fear/0267": "fear",
        "Action/Happy/0267": "happy",
        "Action/Neutral/0267": "neutral",
        "Action/Sad/0267": "sad",
        "Action/Surprise/0267": "surprise",
        "DailyLife/Angry/0094": "anger",
    }
    assert [s.split for s in reading.samples] == ["train"] * 7 + ["test"]
    assert [s.line for s in reading.samples] == [1, 2, 3, 4, 5, 6, 7, 1]
    assert reading.samples[-1].attributes == {"scene": "DailyLife"}
    assert reading.problems == ()


def test_the_paths(grow) -> None:
    folder = grow(tree())
    faces = read(folder).samples[0].path
    assert faces == str(folder / "2_ClipsforFaceCrop/Action/Angry/0267")
    video = read(folder, clips="original").samples[0].path
    assert video == str(folder / "0_7_LabelClips/Action/Angry/0267.mp4")


def test_archives_in_folders_of_their_own_name(grow) -> None:
    faces = "2_ClipsforFaceCrop/2_ClipsforFaceCrop/"
    reading = read(grow(tree(faces=faces, setups="4_setups/")))
    assert len(reading.samples) == 8
    assert reading.problems == ()


def test_what_is_wrong_is_told(grow) -> None:
    train = [*TRAIN, "Action/Happy/1 Contempt", "Action/Happy/2 Sad", "Happy/3 Happy", TRAIN[0]]
    files = tree(train)
    for frame in ("01.jpg", "02.jpg"):
        del files[f"2_ClipsforFaceCrop/Action/Disgust/0267/{frame}"]
        del files[f"2_ClipsforFaceCrop/Action/Fear/0267/{frame}"]
    files["2_ClipsforFaceCrop/Action/Fear/0267/Thumbs.db"] = "no image"
    reading = read(grow(files))
    told = [(p.kind, p.where.rsplit("data/")[-1]) for p in reading.problems]
    assert told == [
        ("missing file", "2_ClipsforFaceCrop/Action/Disgust/0267"),
        ("empty file", "2_ClipsforFaceCrop/Action/Fear/0267"),
        ("unknown label", f"{LISTS}/train_All.csv:8"),
        ("labels disagree", f"{LISTS}/train_All.csv:9"),
        ("bad row", f"{LISTS}/train_All.csv:10"),
        ("repeated row", "2_ClipsforFaceCrop/Action/Angry/0267"),
        ("surplus file", "2_ClipsforFaceCrop/Action/Happy/1"),
        ("surplus file", "2_ClipsforFaceCrop/Action/Happy/2"),
    ]
    assert all(p.dropped for p in reading.problems)


def test_another_folder(grow) -> None:
    with pytest.raises(FerkitError, match=r"no '4_setups' in it.*All_scenes"):
        read(grow({"2_ClipsforFaceCrop/Action/Angry/0001/01.jpg": "x"}))
    folder = grow({f"{LISTS}/train_All.csv": "x", f"{LISTS}/test_All.csv": "x"})
    with pytest.raises(FerkitError, match="no '0_7_LabelClips' in it"):
        read(folder, clips="original")
