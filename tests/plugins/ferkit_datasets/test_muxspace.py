"""The repository muxspace/facial_expressions."""

from __future__ import annotations

import pytest
from dataset_trees.muxspace import ROWS, tree
from ferkit_datasets.muxspace import person_of, read_muxspace
from ferkit_datasets.params_wild import MuxspaceParams

from ferkit.errors import FerkitError


def read(folder, **params):
    return read_muxspace(MuxspaceParams(path=str(folder), **params))


def labels(reading) -> dict[str, str]:
    return {s.id.removeprefix("images/"): reading.classes[s.label] for s in reading.samples}


SEVEN = {
    "facial-expressions_2868588k.jpg": "anger",
    "Aaron_Eckhart_0001.jpg": "neutral",
    "Aaron_Eckhart_0002.jpg": "happy",
    "Avinash_1.jpg": "disgust",
    "Avinash_12.jpg": "sad",
    "Dileep_7.jpg": "fear",
    "Dileep_8.jpg": "surprise",
}


def test_every_word_is_its_class(grow) -> None:
    folder = grow(tree())
    reading = read(folder)
    assert labels(reading) == SEVEN
    assert [(p.kind, p.dropped) for p in reading.problems] == [("left out", True)]
    assert reading.problems[0].where.endswith("data/legend.csv:9")
    assert labels(read(folder, contempt=True)) == SEVEN | {"Zoe_Ball_0001.jpg": "contempt"}


def test_who_is_shown(grow) -> None:
    reading = read(grow(tree()))
    assert [s.subject for s in reading.samples][1:5] == ["Aaron_Eckhart"] * 2 + ["Avinash"] * 2
    assert reading.samples[0].attributes == {"user": "628"}
    assert person_of("FaridaJalal_109.jpg") == "FaridaJalal"
    assert person_of("image.jpg") == "image"
    assert person_of("facial-expressions_2868588k.jpg") == "facial-expressions_2868588k"


def test_what_is_wrong_is_told(grow) -> None:
    rows = [
        *ROWS,
        "JN721,Aaron_Eckhart_0001.jpg,neutral",
        "jhamski,Avinash_30.jpg,SURPRISE",
        "jhamski,Avinash_30.jpg,SADNESS",
        "jhamski,Avinash_31.jpg,joyful",
        "jhamski,,FEAR",
        "jhamski,Gone_0001.jpg,fear",
    ]
    files = tree(rows)
    del files["images/"], files["images/Gone_0001.jpg"]
    files["images/Extra_0001.jpg"] = "photo"
    files["images/Dileep_7.jpg"] = ""
    folder = grow(files)
    reading = read(folder)
    told = [(p.kind, p.where.removeprefix(f"{folder}/")) for p in reading.problems]
    assert told == [
        ("empty file", "images/Dileep_7.jpg"),
        ("left out", "data/legend.csv:9"),
        ("repeated row", "images/Aaron_Eckhart_0001.jpg"),
        ("contradictory labels", "data/legend.csv:11"),
        ("contradictory labels", "data/legend.csv:12"),
        ("unknown label", "data/legend.csv:13"),
        ("bad path", "data/legend.csv:14"),
        ("missing file", "images/Gone_0001.jpg"),
        ("surplus file", "images/Extra_0001.jpg"),
    ]
    assert "'Avinash_30.jpg' is called sadness and surprise" in reading.problems[3].what


def test_another_folder(grow) -> None:
    with pytest.raises(FerkitError, match=r"no 'data' in it.*muxspace/facial_expressions"):
        read(grow({"legend.csv": "x"}))
