from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Any

import pytest
from ferkit_files.folder import make_folder
from ferkit_files.params import FolderParams
from pydantic import ValidationError

from ferkit.contracts.data import Dataset
from ferkit.data.filed import FileDataset
from ferkit.errors import FerkitError
from ferkit.plugin import Context


def folder(path: Path, **params: Any) -> FileDataset:
    return make_folder(FolderParams(path=str(path), **params), Context())


def named(dataset: FileDataset) -> dict[str, str]:
    return {
        sample.id: dataset.classes[sample.label] if sample.label >= 0 else ""
        for sample in dataset.samples()
    }


def test_classes_are_the_canonical_ones_that_are_there(touch, kinds) -> None:
    root = touch("sad/b.png", "happy/x/1.JPG", "happy/x/y/2.mp4", "anger/c.webm")
    dataset: Dataset = folder(root)
    assert dataset.classes == ("anger", "happy", "sad")
    assert named(dataset) == {
        "anger/c.webm": "anger",
        "happy/x/1.JPG": "happy",
        "happy/x/y/2.mp4": "happy",
        "sad/b.png": "sad",
    }
    assert dataset.problems() == ()
    assert Path(dataset.samples()[0].path) == root / "anger" / "c.webm"


def test_other_names_are_sorted_and_chosen_ones_keep_their_order(touch, kinds) -> None:
    root = touch("zeta/1.png", "happy/1.png", "alpha/1.png")
    assert folder(root).classes == ("alpha", "happy", "zeta")
    chosen = folder(root, classes=("zeta", "happy", "calm"))
    assert chosen.classes == ("zeta", "happy", "calm")
    assert named(chosen) == {"happy/1.png": "happy", "zeta/1.png": "zeta"}
    assert kinds(chosen.problems()) == {"unknown label": 1, "empty class": 1}


def test_labels_rename_join_and_leave_out(touch, kinds) -> None:
    root = touch("1/a.png", "2/a.png", "3/a.png", "3/b.png", "angry/a.png")
    labels = {1: "happy", "2": "sad", 3: None, "angry": "anger"}
    dataset = folder(root, labels=labels)
    assert dataset.classes == ("anger", "happy", "sad")
    assert named(dataset) == {"1/a.png": "happy", "2/a.png": "sad", "angry/a.png": "anger"}
    assert kinds(dataset.problems()) == {"left out by labels": 2}


def test_whatever_is_left_out_is_reported(touch, kinds) -> None:
    root = touch(
        "happy/1.png", "happy/.2.png", "happy/notes.txt", "happy/Thumbs.db", "loose.png",
        ".cache/x.png", "__MACOSX/happy/1.png", "sad/readme.md", "labels.csv",
    )  # fmt: skip
    (root / "happy" / "gone.png").symlink_to(root / "nowhere.png")
    (root / "fear").mkdir()
    dataset = folder(root)
    assert dataset.classes == ("happy",)
    assert kinds(dataset.problems()) == {
        "hidden file": 1,
        "hidden folder": 2,
        "not media": 4,
        "no class folder": 1,
        "missing file": 1,
        "empty folder": 2,
    }
    assert all(problem.dropped for problem in dataset.problems() if problem.kind != "empty folder")


def test_a_folder_that_cannot_be_read_is_reported(touch, kinds, monkeypatch) -> None:
    root = touch("happy/1.png", "sad/1.png", "sad/deep/2.png")
    scandir = os.scandir

    def refuse(path: Path) -> Any:
        if Path(path).name == "deep":
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr("ferkit.data.walk.os.scandir", refuse)
    dataset = folder(root)
    assert list(named(dataset)) == ["happy/1.png", "sad/1.png"]
    (problem,) = dataset.problems()
    assert problem.kind == "unreadable folder"
    assert problem.where.endswith("deep")
    assert "Permission denied" in problem.what


def test_links_in_a_circle_end(touch, kinds) -> None:
    root = touch("happy/1.png")
    (root / "happy" / "again").symlink_to(root / "happy")
    dataset = folder(root)
    assert list(named(dataset)) == ["happy/1.png"]
    assert kinds(dataset.problems()) == {"repeated folder": 1}


def test_names_that_are_not_text_are_reported(touch, kinds) -> None:
    root = touch("happy/1.png")
    with open(os.fsencode(root / "happy") + b"/\xff.png", "wb"):  # noqa: PTH123
        pass
    dataset = folder(root)
    assert list(named(dataset)) == ["happy/1.png"]
    assert kinds(dataset.problems()) == {"bad file name": 1}


def test_split_folders(touch, kinds) -> None:
    root = touch(
        "Train/happy/1.png", "train2/happy/1.png", "val/sad/2.png", "TEST/happy/3.png",
        "unlabeled/4.png", "unlabeled/sad/5.png", "unlabeled/album/6.png", "Train/loose.png",
    )  # fmt: skip
    dataset = folder(root, splits=True)
    assert dataset.classes == ("happy", "sad")
    assert {sample.id: (sample.split, sample.label) for sample in dataset.samples()} == {
        "TEST/happy/3.png": ("test", 0),
        "Train/happy/1.png": ("train", 0),
        "unlabeled/4.png": ("unlabelled", -1),
        "unlabeled/album/6.png": ("unlabelled", -1),
        "unlabeled/sad/5.png": ("unlabelled", 1),
        "val/sad/2.png": ("validation", 1),
    }
    assert kinds(dataset.problems()) == {"bad split word": 1, "no class folder": 1}


def test_splits_are_never_guessed(touch) -> None:
    root = touch("train/happy/1.png", "test/happy/2.png")
    with pytest.raises(FerkitError, match=r"\(test, train\) are splits, not classes.*splits: true"):
        folder(root).samples()
    other = touch("a/happy/1.png") / "a"
    with pytest.raises(FerkitError, match="no folder is named train"):
        folder(other, splits=True).samples()


def test_subject_and_group_are_taken_from_the_path(touch, kinds) -> None:
    root = touch("happy/S01_a_1.png", "happy/S02_b_1.png", "sad/other.png")
    dataset = folder(root, subject=r"/(S\d+)_", group=r"/S\d+_(\w)_")
    assert [(s.subject, s.group) for s in dataset.samples()] == [
        ("S01", "a"),
        ("S02", "b"),
        ("", ""),
    ]
    assert kinds(dataset.problems()) == {"no subject": 1, "no group": 1}
    assert not any(problem.dropped for problem in dataset.problems())


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"subject": "S01"}, "exactly one group"),
        ({"subject": "(a)(b)"}, "exactly one group"),
        ({"group": "("}, "not a regular expression"),
        ({"classes": ("a", "b", "a")}, "named twice: a"),
        ({"classes": ()}, "at least 1"),
        ({"split": True}, "Extra inputs"),
    ],
)
def test_wrong_parameters(params: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        FolderParams(path="x", **params)


def test_a_wrong_path_names_what_is_there(touch) -> None:
    root = touch("faces/happy/1.png")
    with pytest.raises(FerkitError, match=r"does not exist\. Did you mean '.*/faces'"):
        folder(root / "facse").samples()
    with pytest.raises(FerkitError, match=r"there is no '.*/facse'\. Did you mean '.*/faces'"):
        folder(root / "facse" / "happy").samples()
    with pytest.raises(FerkitError, match="does not exist") as raised:
        folder(root / "qqqqqq").samples()
    assert raised.value.hint is None
    with pytest.raises(FerkitError, match="is a file, not a folder"):
        folder(root / "faces" / "happy" / "1.png").samples()


def test_nothing_to_use_is_an_error(touch) -> None:
    root = touch("happy/readme.txt", "loose.png")
    with pytest.raises(FerkitError, match=r"no class folder holds.*\(2 files or folders"):
        folder(root).samples()


def test_classes_that_differ_by_spelling_are_pointed_out(touch, kinds) -> None:
    root = touch(
        "happy/1.png", "happy/2.png", "Happy/3.png", "hapy/4.png", "sad/1.png", "mad/1.png"
    )
    problems = [p for p in folder(root).problems() if p.kind == "look-alike classes"]
    assert len(problems) == 3
    assert "'Happy' (1 samples)" in problems[1].what or "'Happy' (1 samples)" in problems[0].what


def test_order_does_not_depend_on_the_file_system(touch, monkeypatch) -> None:
    names = [f"{name}/{i}.png" for name in ("happy", "sad", "fear") for i in range(8)]
    root = touch(*names)
    expected = [sample.id for sample in folder(root).samples()]
    scandir = os.scandir

    class Shuffled:
        def __init__(self, path: Any) -> None:
            with scandir(path) as listing:
                self.entries = list(listing)
            random.Random(1).shuffle(self.entries)

        def __enter__(self) -> Any:
            return iter(self.entries)

        def __exit__(self, *_: object) -> None:
            pass

    monkeypatch.setattr("ferkit.data.walk.os.scandir", Shuffled)
    assert [sample.id for sample in folder(root).samples()] == expected == sorted(names)


def test_the_fingerprint_follows_names_sizes_times_and_labels(touch) -> None:
    root = touch("happy/1.png", "sad/2.png")

    def print_of(**params: Any) -> str:
        return folder(root, **params).fingerprint()

    first = print_of()
    assert first == print_of()
    assert print_of(subject=r"(\d)\.png") != first
    assert print_of(labels={"sad": "fear"}) != first
    stat = (root / "sad" / "2.png").stat()
    touch("sad/2.png", size=2)
    os.utime(root / "sad" / "2.png", ns=(stat.st_atime_ns, stat.st_mtime_ns))
    second = print_of()
    assert second != first
    os.utime(root / "sad" / "2.png", ns=(stat.st_atime_ns, stat.st_mtime_ns + 1_000_000_000))
    assert print_of() not in (first, second)
    touch("sad/3.png")
    assert len({first, second, print_of()}) == 3


def test_construction_reads_nothing(tmp_path: Path) -> None:
    dataset = folder(tmp_path / "missing")
    with pytest.raises(FerkitError):
        _ = dataset.classes


def test_real_photographs_by_class(real_data: Path) -> None:
    dataset = folder(real_data / "london", subject=r"(\d+)\.jpg$")
    assert dataset.classes == ("happy", "neutral")
    assert len(dataset.samples()) == 204
    assert len({sample.subject for sample in dataset.samples()}) == 102
    assert [problem.kind for problem in dataset.problems()] == ["not media"]  # labels.csv
