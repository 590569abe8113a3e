"""KDEF by the names of its files."""

from __future__ import annotations

import pytest
from dataset_trees.kdef import ANGLES, tree
from ferkit_datasets.kdef import read_kdef
from ferkit_datasets.params_lab import KdefParams

from ferkit.errors import FerkitError


def read(root, **params):
    return read_kdef(KdefParams(path=str(root), **params))


def told(reading) -> list[tuple[str, str]]:
    """Without the people that these trees are too small to have."""
    return [
        (p.kind, p.where.partition("/data/")[2])
        for p in reading.problems
        if p.kind != "missing folder"
    ]


@pytest.mark.parametrize("folder", ["KDEF_and_AKDEF/KDEF/", "KDEF/", ""])
def test_every_code_is_its_class(grow, folder) -> None:
    files = tree(folder)
    if "AKDEF" in folder:
        files["KDEF_and_AKDEF/AKDEF/FAFFL.JPG"] = files["KDEF_and_AKDEF/Readme.txt"] = "x"
    files[f"{folder}AF01/Thumbs.db"] = "x"
    reading = read(grow(files))
    assert told(reading) == []
    assert {s.id: reading.classes[s.label] for s in reading.samples if s.id[:4] == "BF01"} == {
        "BF01AFS.JPG": "fear",
        "BF01ANS.JPG": "anger",
        "BF01DIS.JPG": "disgust",
        "BF01HAS.JPG": "happy",
        "BF01NES.JPG": "neutral",
        "BF01SAS.JPG": "sad",
        "BF01SUS.JPG": "surprise",
    }
    assert len(reading.samples) == 3 * 7


def test_both_sessions_show_one_person(grow) -> None:
    reading = read(grow(tree()), angles=("HL", "HR"))
    assert {s.id[:4]: s.subject for s in reading.samples} == {
        "AF01": "F01",
        "BF01": "F01",
        "AM35": "M35",
    }
    one = next(s for s in reading.samples if s.id == "AM35SUHR.JPG")
    assert one.attributes == {"session": "A", "angle": "HR", "sex": "M"}
    assert [s.id for s in reading.samples if s.group == one.group] == [
        "AM35SUHL.JPG",
        "AM35SUHR.JPG",
    ]


def test_two_files_of_the_release_have_other_names(grow) -> None:
    files = tree(people=("AF31", "AM31"))
    for old, new in (("AF31/AF31SAHL", "AF31/AF31V"), ("AM31/AM31SUHR", "AM31/AM31H")):
        files[f"KDEF_and_AKDEF/KDEF/{new}.JPG"] = files.pop(f"KDEF_and_AKDEF/KDEF/{old}.JPG")
    reading = read(grow(files), angles=ANGLES)
    assert told(reading) == []
    of = {s.id: (reading.classes[s.label], s.attributes["angle"]) for s in reading.samples}
    assert of["AF31V.JPG"] == ("sad", "HL")
    assert of["AM31H.JPG"] == ("surprise", "HR")


def test_black_pictures_are_left_out(grow) -> None:
    reading = read(grow(tree(people=("AF01",))), angles=("FR",))
    assert told(reading) == [("left out", "KDEF_and_AKDEF/KDEF/AF01/AF01SUFR.JPG")]
    assert len(reading.samples) == 6


def test_what_is_wrong_is_told(grow) -> None:
    files = {name.removeprefix("KDEF_and_AKDEF/"): text for name, text in tree().items()}
    del files["KDEF/AF01/AF01HAS.JPG"], files["KDEF/AF01/AF01HAFL.JPG"]
    files["KDEF/BF01/BF01NES.JPG"] = ""
    files["KDEF/BF01/BF01XXS.JPG"] = "photo"
    files["KDEF/copy/AM35SUS.JPG"] = "photo"
    reading = read(grow(files))
    assert told(reading) == [
        ("empty file", "KDEF/BF01/BF01NES.JPG"),
        ("surplus file", "KDEF/BF01/BF01XXS.JPG"),
        ("repeated row", "KDEF/copy/AM35SUS.JPG"),
        ("missing file", "AF01/AF01HAS.JPG"),
    ]
    folders = [p.where.rpartition("/")[2] for p in reading.problems if p.kind == "missing folder"]
    assert len(folders) == 140 - 3
    assert folders[0] == "AF02"


def test_another_folder(grow) -> None:
    with pytest.raises(FerkitError, match=r"no usable sample.*such as 'KDEF/AF01/AF01ANS\.JPG'"):
        read(grow({"KA.AN1.39.tiff": "x"}))
