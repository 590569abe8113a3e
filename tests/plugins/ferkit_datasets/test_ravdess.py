"""RAVDESS in its distributed layout."""

from __future__ import annotations

import pytest
from dataset_trees.ravdess import EMOTIONS, tree
from ferkit_datasets.params_video import RavdessParams
from ferkit_datasets.ravdess import read_ravdess

from ferkit.errors import FerkitError


def read(folder, **params):
    return read_ravdess(RavdessParams(path=str(folder), **params))


def labels(reading):
    return {s.id: reading.classes[s.label] for s in reading.samples}


def test_every_number_is_its_class(grow) -> None:
    reading = read(grow(tree()))
    assert labels(reading) == {
        "01-01-01-01-02-01-01": "neutral",
        "01-01-03-01-02-01-01": "happy",
        "01-01-04-01-02-01-01": "sad",
        "01-01-05-01-02-01-01": "anger",
        "01-01-06-01-02-01-01": "fear",
        "01-01-07-01-02-01-01": "disgust",
        "01-01-08-01-02-01-01": "surprise",
    }
    assert {s.subject for s in reading.samples} == {"01"}
    assert reading.samples[0].attributes == {
        "channel": "speech",
        "intensity": "normal",
        "statement": "dogs",
        "repetition": 1,
    }
    told = [(p.kind, p.where.rsplit("/")[-1], p.dropped) for p in reading.problems]
    assert told == [("left out", "01-01-02-01-02-01-01.mp4", True)]


def test_calm(grow) -> None:
    folder = grow(tree())
    neutral, kept = read(folder, calm="as_neutral"), read(folder, calm="keep")
    calm = "01-01-02-01-02-01-01"
    assert labels(neutral)[calm] == "neutral"
    assert kept.classes == (
        *("anger", "calm", "disgust", "fear", "happy", "neutral", "sad", "surprise"),
    )
    assert labels(kept) == labels(neutral) | {calm: "calm"}
    assert neutral.problems == kept.problems == ()


def test_one_file_of_each_recording(grow) -> None:
    folder = grow(tree())
    song = read(folder, channel="song", modality="video_only", calm="keep")
    assert list(labels(song)) == [f"02-02-{emotion}-01-01-02-01" for emotion in EMOTIONS[:6]]
    assert len(read(folder, channel="both", calm="keep").samples) == 14


def test_archives_unpacked_into_one_folder(grow) -> None:
    folder = grow(tree(speech="", song=""))
    assert labels(read(folder, channel="both", calm="keep")).keys() == (
        {f"01-01-{emotion}-01-02-01-01" for emotion in EMOTIONS}
        | {f"01-02-{emotion}-01-01-02-01" for emotion in EMOTIONS[:6]}
    )


def test_what_is_wrong_is_told(grow) -> None:
    files = tree() | {
        "Actor_01/01-01-01-01-02-01-01.mp4": "the same once more",
        "Actor_02/01-01-01-01-02-01-02.mp4": "",
        "Actor_02/01-01-09-01-02-01-02.mp4": "film",
        "Actor_02/01-01-01-01-02-01.mp4": "film",
        "Actor_99/01-01-01-01-02-01-99.mp4": "film",
        "Actor_02/._01-01-01-01-02-01-02.mp4": "hidden",
    }
    reading = read(grow(files))
    told = [(p.kind, p.where.rsplit("data/")[-1]) for p in reading.problems]
    assert told == [
        ("empty file", "Actor_02/01-01-01-01-02-01-02.mp4"),
        ("bad name", "Actor_02/01-01-01-01-02-01.mp4"),
        ("unknown label", "Actor_02/01-01-09-01-02-01-02.mp4"),
        ("bad name", "Actor_99/01-01-01-01-02-01-99.mp4"),
        ("repeated row", "Video_Speech_Actor_01/Actor_01/01-01-01-01-02-01-01.mp4"),
        ("left out", "Video_Speech_Actor_01/Actor_01/01-01-02-01-02-01-01.mp4"),
    ]


def test_another_folder(grow) -> None:
    folder = grow({"Actor_01/02-01-03-01-01-01-01.mp4": "film"})
    with pytest.raises(
        FerkitError, match=r"no usable audio_visual video of speech, but 1.*'modality'"
    ):
        read(folder)
    sound = grow({"Audio/03-01-03-01-01-01-01.wav": "sound"}) / "Audio"
    with pytest.raises(FerkitError, match=r"no usable sample.*RAVDESS"):
        read(sound)
