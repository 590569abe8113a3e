"""DFEW in its distributed layout."""

from __future__ import annotations

import pytest
from dataset_trees.dfew import BOTH, HEADER, TEST, TRAIN, lists, tree, votes
from dataset_trees.workbook import workbook
from ferkit_datasets.dfew import read_dfew
from ferkit_datasets.params_video import DfewParams

from ferkit.errors import FerkitError


def read(folder, **params):
    return read_dfew(DfewParams(path=str(folder), **params))


LABELS = {
    "00101": "happy",
    "00102": "sad",
    "00103": "neutral",
    "00104": "anger",
    "00105": "surprise",
    "00106": "disgust",
    "00107": "fear",
    "00007": "anger",
}


@pytest.mark.parametrize("clips", ["frames", "original"])
def test_every_number_is_its_class(grow, clips) -> None:
    reading = read(grow(tree() | votes()), clips=clips)
    assert {s.id: reading.classes[s.label] for s in reading.samples} == LABELS
    assert [s.split for s in reading.samples] == ["train"] * 7 + ["test"]
    assert reading.samples[0].line == 2
    assert reading.problems == ()


def test_the_paths(grow) -> None:
    folder = grow(tree() | votes())
    assert read(folder).samples[0].path == str(folder / "Clip/clip_224x224/00101")
    assert read(folder, clips="original").samples[0].path == str(folder / "Clip/original/101.mp4")


def test_votes_in_the_order_of_the_classes(grow) -> None:
    reading = read(grow(tree() | votes()))
    names = ("anger", "disgust", "fear", "happy", "neutral", "sad", "surprise")
    assert reading.classes == names
    assert reading.samples[0].votes == (3.0, 5.0, 6.0, 0.0, 2.0, 1.0, 4.0)


def test_votes_as_csv(grow) -> None:
    rows = [",".join(HEADER), "101,7,0,0,1,2,0,0,1", "103,,0,0,0,0,0,0,0", "104,-1,0,0,0,0,0,0,0"]
    reading = read(grow(tree() | {"Annotation/annotation.csv": "\n".join(rows)}))
    assert reading.samples[0].votes == (1.0, 0.0, 0.0, 7.0, 0.0, 0.0, 2.0)
    assert [s.votes for s in reading.samples[1:]] == [None] * 7
    told = [(p.kind, p.where.rsplit("data/")[-1], p.dropped) for p in reading.problems]
    table = "Annotation/annotation.csv"
    assert told == [("bad row", f"{table}:3", False), ("bad row", f"{table}:4", False)]


def test_the_fold_that_is_asked_for(grow) -> None:
    second = lists(TEST, TRAIN, fold=2)
    reading = read(grow(tree() | second | votes()), fold=2)
    assert [s.id for s in reading.samples if s.split == "train"] == ["00007"]


def test_other_names_of_the_folders(grow) -> None:
    name = "{0}(single_labeled)/{0}(single_labeled)"
    reading = read(grow(tree(part="clip_224x224_part_1/", name=name) | votes()))
    assert {s.id: reading.classes[s.label] for s in reading.samples} == LABELS
    assert reading.problems == ()


def test_clips_without_one_emotion(grow) -> None:
    folder = grow(tree([*BOTH, "500,0"]) | votes())
    left = read(folder)
    told = [(p.kind, p.where.rsplit("/")[-1], p.dropped) for p in left.problems]
    assert told == [("left out", "00500", True)]
    assert len(left.samples) == 8
    taken = read(folder, unlabelled=True)
    last = taken.samples[-1]
    assert (last.id, last.label, last.split, last.votes) == ("00500", -1, "unlabelled", None)
    assert taken.problems == ()


def test_what_is_wrong_is_told(grow) -> None:
    train = [*TRAIN, "108,8", "109,1", "x,1", "101,1", "110"]
    files = tree(train=train) | {"Clip/clip_224x224/00103/notes.txt": "x"}
    for number in ("00102", "00103"):
        for frame in (1, 2):
            del files[f"Clip/clip_224x224/{number}/{number}_{frame:05}.jpg"]
    files["Clip/clip_224x224/more/00101/1.jpg"] = "face"
    reading = read(grow(files))
    told = [(p.kind, p.where.rsplit("data/")[-1], p.dropped) for p in reading.problems]
    table = "EmoLabel_DataSplit/train(single-labeled)/set_1.csv"
    assert told == [
        ("repeated clip", "Clip/clip_224x224/more/00101", True),
        ("missing file", "Annotation/annotation.xlsx", False),
        ("missing file", f"{table}:3", True),
        ("empty file", "Clip/clip_224x224/00103", True),
        ("unknown label", f"{table}:9", True),
        ("missing file", f"{table}:10", True),
        ("bad row", f"{table}:11", True),
        ("repeated row", "Clip/clip_224x224/00101", True),
        ("unknown label", f"{table}:13", True),
    ]


def test_another_folder(grow) -> None:
    with pytest.raises(FerkitError, match=r"no 'EmoLabel_DataSplit' in it.*clip_224x224"):
        read(grow({"Clip/clip_224x224/00001/00001_00001.jpg": "x"}))
    folder = grow(tree())
    with pytest.raises(FerkitError, match=r"no 'EmoLabel_DataSplit/train.*set_2\.csv' in it"):
        read(folder, fold=2)
    grow({"Annotation/annotation.xlsx": workbook([["clip", "vote"], [1, 2]])})
    with pytest.raises(FerkitError, match=r"no column 'order'.*clip, vote"):
        read(folder)
    grow({"EmoLabel_DataSplit/train(single-labeled)/set_1.csv": "clip,label\n1,1\n"})
    (folder / "Annotation/annotation.xlsx").unlink()
    with pytest.raises(FerkitError, match=r"no column 'video_name'"):
        read(folder)


def test_labels_alone_as_targets(grow) -> None:
    reading = read(grow(tree()), votes=False)  # the spreadsheet is not even looked for
    assert {sample.votes for sample in reading.samples} == {None}
    assert reading.problems == ()
