"""Folders of images as samples, where `clips` says so."""

from __future__ import annotations

from pathlib import Path

import pytest
from ferkit_files.folder import read_folder
from ferkit_files.params import FolderParams, UnlabelledFolderParams
from ferkit_files.unlabelled_folder import read_unlabelled_folder

from ferkit.errors import FerkitError


def told(problems) -> list[tuple[str, str]]:
    return [(problem.kind, Path(problem.where).name) for problem in problems]


def test_the_lowest_folders_below_a_class_are_clips(touch) -> None:
    root = touch(
        "happy/anna/clip1/2.png",
        "happy/anna/clip1/10.png",
        "happy/anna/clip2/1.png",
        "happy/anna/poster.png",
        "happy/film.mp4",
        "sad/ben/1.png",
        "sad/ben/2.png",
        "sad/empty/notes.txt",
        "anger/lonely.png",
        "top.png",
    )
    reading = read_folder(FolderParams(path=str(root), clips="folders", subject="/([a-z]+)"))
    rows = [(s.id, s.path, reading.classes[s.label], s.subject) for s in reading.samples]
    assert rows == [
        ("happy/anna/clip1", str(root / "happy/anna/clip1"), "happy", "anna"),
        ("happy/anna/clip2", str(root / "happy/anna/clip2"), "happy", "anna"),
        ("happy/film.mp4", str(root / "happy/film.mp4"), "happy", "film"),
        ("sad/ben", str(root / "sad/ben"), "sad", "ben"),
    ]
    assert reading.stamps[0][0] == 2  # bytes of both images
    assert told(reading.problems) == [
        ("not media", "notes.txt"),
        ("image beside clips", "poster.png"),
        ("image beside clips", "top.png"),
        ("no class folder", "anger"),
        ("empty folder", "anger"),
    ]
    plain = read_folder(FolderParams(path=str(root)))
    assert len(plain.samples) == 8


def test_with_splits(touch) -> None:
    root = touch(
        "train/sad/a/1.png", "train/happy/b/1.png", "unlabelled/c/1.png", "val/sad/d/1.png"
    )
    reading = read_folder(FolderParams(path=str(root), clips="folders", splits=True))
    assert [(s.id, s.split, s.label) for s in reading.samples] == [
        ("train/happy/b", "train", 0),
        ("train/sad/a", "train", 1),
        ("unlabelled/c", "unlabelled", -1),
        ("val/sad/d", "validation", 1),
    ]


def test_a_changed_image_changes_the_stamp(touch) -> None:
    root = touch("sad/a/1.png")
    params = FolderParams(path=str(root), clips="folders")
    before = read_folder(params).stamps
    touch("sad/a/1.png", size=2)
    assert read_folder(params).stamps != before


def test_images_right_in_the_class_folders(touch) -> None:
    root = touch("sad/1.png")
    with pytest.raises(FerkitError, match="no class folder holds an image or a video"):
        read_folder(FolderParams(path=str(root), clips="folders"))


def test_without_labels(touch) -> None:
    root = touch("a/b/1.png", "a/b/2.png", "a/c/1.png", "x.mp4")
    reading = read_unlabelled_folder(UnlabelledFolderParams(path=str(root), clips="folders"))
    assert [(s.id, s.group) for s in reading.samples] == [("a/b", "a"), ("a/c", "a"), ("x.mp4", "")]
