"""RAF-DB in its distributed layout."""

from __future__ import annotations

import pytest
from dataset_trees.raf_db import LIST, ROWS, tree
from ferkit_datasets.params import RafDbParams
from ferkit_datasets.raf_db import read_raf_db

from ferkit.errors import FerkitError


def labels(reading) -> dict[str, str]:
    return {s.id.rsplit("/", 1)[-1]: reading.classes[s.label] for s in reading.samples}


@pytest.mark.parametrize("inside", ["basic/", ""])
def test_every_number_is_its_class(grow, inside) -> None:
    reading = read_raf_db(RafDbParams(path=str(grow(tree(inside=inside)))))
    assert labels(reading) == {
        "train_00001_aligned.jpg": "surprise",
        "train_00002_aligned.jpg": "fear",
        "train_00003_aligned.jpg": "disgust",
        "train_00004_aligned.jpg": "happy",
        "train_00005_aligned.jpg": "sad",
        "train_00006_aligned.jpg": "anger",
        "train_00007_aligned.jpg": "neutral",
        "test_0001_aligned.jpg": "happy",
    }
    assert [s.split for s in reading.samples] == ["train"] * 7 + ["test"]
    assert reading.problems == ()


def test_the_photographs(grow) -> None:
    reading = read_raf_db(RafDbParams(path=str(grow(tree())), images="original"))
    assert reading.samples[0].path.endswith("Image/original/train_00001.jpg")


def test_what_is_wrong_is_told(grow) -> None:
    rows = [*ROWS, "train_00009.jpg 8", "extra_1.jpg 1", "train_00001.jpg 1"]
    files = tree(rows)
    del files["basic/Image/aligned/train_00002_aligned.jpg"]
    files["basic/Image/aligned/train_00003_aligned.jpg"] = ""
    reading = read_raf_db(RafDbParams(path=str(grow(files))))
    told = [(p.kind, p.where.rsplit("basic/")[-1]) for p in reading.problems]
    assert told == [
        ("missing file", "Image/aligned/train_00002_aligned.jpg"),
        ("empty file", "Image/aligned/train_00003_aligned.jpg"),
        ("unknown label", f"{LIST}:9"),
        ("bad split word", f"{LIST}:10"),
        ("repeated row", "Image/aligned/train_00001_aligned.jpg"),
        ("surplus file", "Image/aligned/extra_1_aligned.jpg"),
        ("surplus file", "Image/aligned/train_00009_aligned.jpg"),
    ]


def test_another_folder(grow, tmp_path) -> None:
    with pytest.raises(FerkitError, match=r"there is no 'EmoLabel'.*Did you mean 'EmoLabels'"):
        read_raf_db(RafDbParams(path=str(grow({"EmoLabels/x.txt": "x"}))))
    with pytest.raises(FerkitError, match="no 'Image' in it"):
        read_raf_db(RafDbParams(path=str(grow({LIST: "train_1.jpg 1"}))))
    with pytest.raises(FerkitError, match="does not exist"):
        read_raf_db(RafDbParams(path=str(tmp_path / "nowhere")))


def test_what_a_mac_leaves_and_odd_letters_do_no_harm(grow) -> None:
    files = dict(tree())
    files["basic/Image/aligned/._train_00001_aligned.jpg"] = "x"
    files["basic/EmoLabel/list_patition_label.txt"] = b"\xe9 1\ntrain_00001.jpg 1\n"
    reading = read_raf_db(RafDbParams(path=str(grow(files))))
    assert [sample.id.rsplit("/", 1)[-1] for sample in reading.samples] == [
        "train_00001_aligned.jpg"
    ]
    assert not any("._train" in problem.where for problem in reading.problems)
    assert [p.where.rsplit(":", 1)[-1] for p in reading.problems if p.kind != "surplus file"] == [
        "1"
    ]
