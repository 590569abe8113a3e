"""FER2013 as a table and as folders."""

from __future__ import annotations

import pytest
from dataset_trees.fer2013 import GREY, ROWS, TABLE, tree
from ferkit_datasets.fer2013 import FOLDERS, read_fer2013
from ferkit_datasets.params_wild import Fer2013Params

from ferkit.errors import FerkitError

CLASS_OF = {
    0: "anger",
    1: "disgust",
    2: "fear",
    3: "happy",
    4: "sad",
    5: "surprise",
    6: "neutral",
}


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("FERKIT_CACHE", str(tmp_path / "cache"))


def read(folder):
    return read_fer2013(Fer2013Params(path=str(folder)))


def labels(reading) -> list[tuple[str, str]]:
    return [(reading.classes[s.label], s.split) for s in reading.samples]


EXPECTED = [(name, "train") for name in CLASS_OF.values()] + [
    ("happy", "validation"),
    ("neutral", "test"),
]


@pytest.mark.parametrize("name", ["fer2013.csv", "fer2013/fer2013.csv"])
def test_every_number_of_the_table_is_its_class(grow, name) -> None:
    folder = grow(tree(name))
    reading = read(folder)
    assert labels(reading) == EXPECTED
    assert reading.problems == ()
    ids = [s.id for s in reading.samples]
    assert ids[0] == "Training/fer0000000"
    assert ids[-2:] == ["PublicTest/fer0000007", "PrivateTest/fer0000008"]
    assert reading.samples[0].line == 2
    assert read(folder / name).samples == reading.samples


def test_the_other_archive_has_spaces_in_its_header(grow) -> None:
    rows = [f"{code}, Training, {GREY}" for code in range(7)]
    reading = read(grow({"icml_face_data.csv": "\n".join(["emotion, Usage, pixels", *rows])}))
    assert labels(reading) == EXPECTED[:7]


def test_what_is_wrong_in_the_table_is_told(grow) -> None:
    rows = [*ROWS, f"7,{GREY},Training", f"3,{GREY},Testing", "3,1 2 3,Training"]
    folder = grow({"fer2013.csv": "\n".join(["emotion,pixels,Usage", *rows])})
    reading = read(folder)
    assert [(p.kind, p.where.removeprefix(f"{folder}/")) for p in reading.problems] == [
        ("unknown label", "fer2013.csv:11"),
        ("bad split word", "fer2013.csv:12"),
        ("bad pixels", "fer2013.csv:13"),
    ]
    assert len(reading.samples) == 9


def test_every_folder_is_its_class(grow) -> None:
    files = {f"train/{name}/Training_1{name}.jpg": "face" for name in FOLDERS}
    files |= {"test/happy/PublicTest_1.jpg": "face", "test/sad/PrivateTest_2.jpg": "face"}
    files |= {"test/fear/odd.jpg": "face"}
    reading = read(grow(files))
    assert dict(zip((s.id for s in reading.samples), labels(reading), strict=True)) == {
        "train/angry/Training_1angry.jpg": ("anger", "train"),
        "train/disgust/Training_1disgust.jpg": ("disgust", "train"),
        "train/fear/Training_1fear.jpg": ("fear", "train"),
        "train/happy/Training_1happy.jpg": ("happy", "train"),
        "train/neutral/Training_1neutral.jpg": ("neutral", "train"),
        "train/sad/Training_1sad.jpg": ("sad", "train"),
        "train/surprise/Training_1surprise.jpg": ("surprise", "train"),
        "test/happy/PublicTest_1.jpg": ("happy", "validation"),
        "test/sad/PrivateTest_2.jpg": ("sad", "test"),
        "test/fear/odd.jpg": ("fear", "test"),
    }


def test_what_is_wrong_in_folders_is_told(grow) -> None:
    files = {"train/angry/Training_1.jpg": "", "train/joy/Training_2.jpg": "face"}
    files |= {"train/sad/Training_3.jpg": "face", "test/readme.txt": "x"}
    reading = read(grow(files))
    assert [p.kind for p in reading.problems] == ["empty file", "unknown label"]
    assert "'joy' is no expression" in reading.problems[1].what


def test_another_folder(grow) -> None:
    folder = grow({"fer213.csv": TABLE})
    with pytest.raises(FerkitError, match=r"neither 'fer2013.csv' nor.*Did you mean 'fer213.csv'"):
        read(folder)


def test_training_alone_and_folders_in_capitals(grow) -> None:
    folder = grow({"Train/Sad/Training_3.jpg": "face"})
    reading = read(folder)
    assert [(reading.classes[s.label], s.split) for s in reading.samples] == [("sad", "train")]
    assert [(p.kind, p.where.removeprefix(f"{folder}/")) for p in reading.problems] == [
        ("other case", "train"),
        ("missing folder", "test"),
    ]
