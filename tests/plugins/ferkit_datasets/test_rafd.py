"""RaFD by the names of its files."""

from __future__ import annotations

import pytest
from dataset_trees.rafd import ANGLES, GAZES, tree
from ferkit_datasets.names import EIGHT
from ferkit_datasets.params_lab import RafdParams
from ferkit_datasets.rafd import read_rafd
from pydantic import ValidationError

from ferkit.errors import FerkitError


def read(root, **params):
    return read_rafd(RafdParams(path=str(root), **params))


def told(reading) -> list[tuple[str, str]]:
    return [(p.kind, p.where.partition("/data/")[2]) for p in reading.problems]


def test_every_word_is_its_class(grow) -> None:
    reading = read(grow(tree()), contempt=True, gazes=("frontal",))
    assert reading.classes == EIGHT
    assert reading.problems == ()
    of_one = {s.id: reading.classes[s.label] for s in reading.samples if s.subject == "73"}
    assert of_one == {
        "Rafd090_73_Moroccan_male_angry_frontal.jpg": "anger",
        "Rafd090_73_Moroccan_male_contemptuous_frontal.jpg": "contempt",
        "Rafd090_73_Moroccan_male_disgusted_frontal.jpg": "disgust",
        "Rafd090_73_Moroccan_male_fearful_frontal.jpg": "fear",
        "Rafd090_73_Moroccan_male_happy_frontal.jpg": "happy",
        "Rafd090_73_Moroccan_male_neutral_frontal.jpg": "neutral",
        "Rafd090_73_Moroccan_male_sad_frontal.jpg": "sad",
        "Rafd090_73_Moroccan_male_surprised_frontal.jpg": "surprise",
    }


def test_the_papers_choice_is_the_default(grow) -> None:
    reading = read(grow(tree("RafD/")))
    assert reading.classes == ("anger", "disgust", "fear", "happy", "neutral", "sad", "surprise")
    assert len(reading.samples) == 3 * 7 * 3
    assert {s.attributes["angle"] for s in reading.samples} == {90}
    assert {s.attributes["gaze"] for s in reading.samples} == set(GAZES)
    assert {s.subject for s in reading.samples} == {"01", "11", "73"}
    assert len(reading.problems) == 3 * 3
    assert {(p.kind, p.dropped) for p in reading.problems} == {("left out", True)}


def test_pictures_of_one_moment_belong_together(grow) -> None:
    files = {name: "photo" for name in tree(angles=ANGLES) if "_01_" in name and "_left" in name}
    reading = read(grow(files), angles=(0, 45, 90, 135, 180), gazes=("left",))
    groups = [s.group for s in reading.samples]
    assert len(groups) == 5 * 7
    assert groups.count("01/angry/left") == 5
    shown = [s.attributes["angle"] for s in reading.samples if s.group == "01/angry/left"]
    assert shown == [0, 45, 90, 135, 180]


def test_what_is_wrong_is_told(grow) -> None:
    files = tree()
    del files["Rafd090_11_Kid_female_sad_left.jpg"]
    files["Rafd090_01_Caucasian_female_angry_frontal.jpg"] = ""
    files["Rafd090_01_Caucasian_female_bored_frontal.jpg"] = "photo"
    files["Rafd060_01_Caucasian_female_angry_frontal.jpg"] = "photo"
    files["frontal/Rafd090_73_Moroccan_male_happy_left.jpg"] = "copy"
    files["ReadMe.txt"] = files[".DS_Store"] = "x"
    reading = read(grow(files), contempt=True)
    assert told(reading) == [
        ("surplus file", "Rafd060_01_Caucasian_female_angry_frontal.jpg"),
        ("empty file", "Rafd090_01_Caucasian_female_angry_frontal.jpg"),
        ("unknown label", "Rafd090_01_Caucasian_female_bored_frontal.jpg"),
        ("repeated row", "frontal/Rafd090_73_Moroccan_male_happy_left.jpg"),
        ("missing file", "Rafd090_11_Kid_female_sad_left.jpg"),
    ]
    assert len(reading.samples) == 3 * 8 * 3 - 2


def test_another_folder(grow) -> None:
    with pytest.raises(FerkitError, match=r"no usable sample \(1 rows.*such as 'Rafd090_01"):
        read(grow({"AF01/AF01ANS.JPG": "x"}))
    with pytest.raises(ValidationError, match="angles"):
        RafdParams(path="x", angles=(60,))
