"""JAFFE by the names of its files, and its table of ratings."""

from __future__ import annotations

import pytest
from dataset_trees.jaffe import NAMES, TABLE, pictures
from ferkit_datasets.jaffe import NUMBERS, read_jaffe
from ferkit_datasets.params_lab import JaffeParams

from ferkit.errors import FerkitError

LABELS = {
    "KA.AN1.39.tiff": "anger",
    "KA.DI1.42.tiff": "disgust",
    "KA.FE1.45.tiff": "fear",
    "KA.HA1.29.tiff": "happy",
    "KM.NE1.1.tiff": "neutral",
    "KM.SA1.9.tiff": "sad",
    "YM.SU1.58.tiff": "surprise",
}


def read(root):
    return read_jaffe(JaffeParams(path=str(root)))


def told(reading) -> list[tuple[str, str]]:
    """Without the pictures that these trees are too small to have."""
    return [
        (p.kind, p.where.partition("/data/")[2])
        for p in reading.problems
        if p.kind != "missing file"
    ]


@pytest.mark.parametrize("folder", ["", "jaffe/"])
def test_every_code_is_its_class(grow, folder) -> None:
    reading = read(
        grow({**pictures(folder), f"{folder}.DS_Store": "x", "__MACOSX/jaffe/x.tiff": "x"})
    )
    assert {s.id: reading.classes[s.label] for s in reading.samples} == LABELS
    assert {s.subject for s in reading.samples} == {"KA", "KM", "YM"}
    assert {s.votes for s in reading.samples} == {None}
    assert all(s.attributes == {} for s in reading.samples)
    assert told(reading) == []


def test_the_set_has_213_numbers(grow) -> None:
    assert len(NUMBERS) == 213
    reading = read(grow(pictures()))
    missing = [p.where for p in reading.problems if p.kind == "missing file"]
    assert missing[0].endswith("/README_FIRST.txt")
    assert len(missing[1:]) == 213 - len(NAMES)
    assert missing[1].endswith("/*.2.tiff")


@pytest.mark.parametrize("name", ["README_FIRST.txt", "jaffe/A_README_FIRST.txt", "jaffe/README"])
def test_ratings_are_attributes(grow, name) -> None:
    extra = {"jaffe/YM.HA2.53.tiff": "face", name: TABLE}
    reading = read(grow(pictures("jaffe/") | extra))
    assert told(reading) == []
    of = {s.id: s.attributes for s in reading.samples}
    assert of["KM.NE1.1.tiff"] == {
        "rating_happy": 2.87,
        "rating_sad": 2.52,
        "rating_surprise": 2.10,
        "rating_anger": 1.97,
        "rating_disgust": 1.98,
        "rating_fear": 2.06,
    }
    assert of["YM.HA2.53.tiff"]["rating_happy"] == 4.87
    assert all(len(each) == 6 for each in of.values())


def test_columns_count_by_their_names(grow) -> None:
    table = "# FEA DIS ANG SUR SAD HAP PIC\n1 2.06 1.98 1.97 2.10 2.52 2.87 KM-NE1\n"
    reading = read(grow({"KM.NE1.1.tiff": "face", "README_FIRST.txt": table}))
    assert reading.samples[0].attributes["rating_happy"] == 2.87
    assert reading.samples[0].attributes["rating_fear"] == 2.06


def test_empty_lines_do_not_end_the_table(grow) -> None:
    files = pictures()
    reading = read(grow({**files, "README_FIRST.txt": TABLE.replace("\n", "\r\r\n")}))
    assert told(reading) == []
    assert all(len(s.attributes) == 6 for s in reading.samples)


def test_what_is_wrong_is_told(grow) -> None:
    files = pictures()
    files["KA.XX1.40.tiff"] = files["ZZ.AN1.41.tiff"] = "face"
    files["copy/KA.AN1.39.tiff"] = "face"
    files["KA.DI1.42.tiff"] = ""
    table = TABLE.replace("KA-HA1", "KA-SA1").replace("1.39 2.29 4.29", "1.39 2.29 9.29")
    files["README_FIRST.txt"] = table
    assert told(read(grow(files))) == [
        ("odd rating", "README_FIRST.txt:11"),
        ("empty file", "KA.DI1.42.tiff"),
        ("no rating", "KA.FE1.45.tiff"),
        ("odd rating", "README_FIRST.txt:8"),
        ("unknown label", "KA.XX1.40.tiff"),
        ("surplus file", "ZZ.AN1.41.tiff"),
        ("repeated row", "copy/KA.AN1.39.tiff"),
    ]


def test_a_read_me_without_the_table(grow) -> None:
    reading = read(grow({**pictures(), "README": "about JAFFE\n"}))
    assert told(reading) == [("no rating", "README")]
    assert len(reading.samples) == len(NAMES)


def test_another_folder(grow) -> None:
    with pytest.raises(FerkitError, match=r"no usable sample.*such as 'KA\.AN1\.39\.tiff'"):
        read(grow({"AF01/AF01ANS.JPG": "x"}))
