"""CREMA-D in its distributed layout."""

from __future__ import annotations

import pytest
from dataset_trees.crema_d import NAMES, TABLE, tree, votes
from ferkit_datasets.crema_d import read_crema_d
from ferkit_datasets.params_video import CremaDParams

from ferkit.errors import FerkitError


def read(folder, **params):
    return read_crema_d(CremaDParams(path=str(folder), **params))


def test_every_name_is_its_class(grow) -> None:
    reading = read(grow(tree()))
    assert reading.classes == ("anger", "disgust", "fear", "happy", "neutral", "sad")
    assert {s.id: reading.classes[s.label] for s in reading.samples} == {
        "1001_DFA_ANG_XX": "anger",
        "1001_IEO_DIS_LO": "disgust",
        "1001_IEO_FEA_MD": "fear",
        "1002_DFA_NEU_XX": "neutral",
        "1002_IEO_HAP_HI": "happy",
        "1091_WSI_SAD_XX": "sad",
    }
    assert {s.id[-6:]: s.attributes["level"] for s in reading.samples} == {
        "ANG_XX": "unspecified",
        "DIS_LO": "low",
        "FEA_MD": "medium",
        "NEU_XX": "unspecified",
        "HAP_HI": "high",
        "SAD_XX": "unspecified",
    }
    assert [s.subject for s in reading.samples] == ["1001"] * 3 + ["1002"] * 2 + ["1091"]
    assert reading.samples[0].attributes["sentence"] == "DFA"
    assert reading.problems == ()


@pytest.mark.parametrize(("of", "first"), [("voice", 1.0), ("face", 2.0), ("audio_visual", 3.0)])
def test_votes_of_those_who_heard_or_saw(grow, of, first) -> None:
    reading = read(grow(tree()), votes=of)
    # A, D, F, H, N, S are the classes in their order.
    assert reading.samples[0].votes == (first, 2.0, 3.0, 4.0, 5.0, 1.0)
    assert reading.samples[-1].votes == (first, 2.0, 3.0, 4.0, 5.0, 6.0)


def test_without_the_table(grow) -> None:
    files = tree()
    del files[TABLE]
    reading = read(grow(files))
    assert [s.votes for s in reading.samples] == [None] * 6
    assert [(p.kind, p.dropped) for p in reading.problems] == [("missing file", False)]


def test_a_table_of_another_kind(grow) -> None:
    reading = read(grow(tree() | {TABLE: "clip,votes\n1,2\n"}))
    assert [(p.kind, p.dropped) for p in reading.problems] == [("bad table", False)]


def test_what_is_wrong_is_told(grow) -> None:
    files = tree([*NAMES[:5], "1003_IEO_SUR_XX", "1003_IEO_ANG_ZZ", "notes", "1003_IEO_ANG_HI"])
    files["VideoFlash/1003_IEO_ANG_LO.flv"] = "version https://git-lfs.github.com/spec/v1\noid"
    files["VideoFlash/1001_DFA_ANG_XX.mp4"] = "film"
    files["VideoFlash/1002_DFA_NEU_XX.flv"] = ""
    files[TABLE] = votes() + '"200001",1,1,1,1,1,1,"1001_DFA_ANG_XX"\n"200099",,1\n'
    reading = read(grow(files))
    told = [(p.kind, p.where.rsplit("data/")[-1], p.dropped) for p in reading.problems]
    assert told == [
        ("repeated row", f"{TABLE}:20", True),
        ("bad row", f"{TABLE}:21", False),
        ("repeated row", "VideoFlash/1001_DFA_ANG_XX.mp4", True),
        ("empty file", "VideoFlash/1002_DFA_NEU_XX.flv", True),
        ("no votes", "VideoFlash/1003_IEO_ANG_HI.flv", False),
        ("not fetched", "VideoFlash/1003_IEO_ANG_LO.flv", True),
        ("bad name", "VideoFlash/1003_IEO_ANG_ZZ.flv", True),
        ("unknown label", "VideoFlash/1003_IEO_SUR_XX.flv", True),
        ("bad name", "VideoFlash/notes.flv", True),
        ("missing file", "VideoFlash/1091_WSI_SAD_XX.flv", True),
    ]
    assert len(reading.samples) == 5


def test_another_folder(grow) -> None:
    with pytest.raises(FerkitError, match=r"no 'VideoFlash' in it.*Did you mean 'VideoFlsh'"):
        read(grow({"VideoFlsh/1001_DFA_ANG_XX.flv": "x"}))
