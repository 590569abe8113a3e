"""`folder`: a folder per class."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from ferkit.contracts.data import Problem, Sample
from ferkit.data.filed import FileDataset, Reading
from ferkit.data.walk import MediaFile, media_below, require_folder
from ferkit.errors import FerkitError
from ferkit.plugin import Context
from ferkit.suggest import nearest
from ferkit_files.clips import clips_among
from ferkit_files.params import FolderParams
from ferkit_files.rows import (
    SPLIT_WORDS,
    class_order,
    class_problems,
    matched,
)


class Placed(NamedTuple):
    """A file and what its folders say. name: of the class folder, "" if it lies in none."""

    file: MediaFile
    name: str
    split: str


def make_folder(params: FolderParams, context: Context) -> FileDataset:
    """The data set `folder`."""
    return FileDataset(partial(read_folder, params))


def read_folder(params: FolderParams) -> Reading:
    """Find the samples of a folder of class folders.

    Raises: FerkitError: no such folder, splits and classes mixed up, or nothing in it to use.
    """
    root = require_folder(params.path)
    problems: list[Problem] = []
    files = media_below(root, problems)
    if params.clips == "folders":
        files = clips_among(files, root, problems)
    _check_splits(root, params)
    placed = [one for file in files if (one := _place(file, params.splits, problems)) is not None]
    labels = [params.labels.get(one.name, one.name) for one in placed]
    said = {
        label
        for label, one in zip(labels, placed, strict=True)
        if label and one.split != "unlabelled"
    }
    classes = class_order(said, params.classes)
    samples: list[Sample] = []
    stamps: list[tuple[int, int]] = []
    for one, name in zip(placed, labels, strict=True):
        if one.split != "unlabelled" and name not in classes:
            problems.append(_unknown(one, name, classes))
            continue
        label = classes.index(name) if name in classes else -1
        samples.append(_sample(one, label, params, problems))
        stamps.append(one.file.stamp)
    if not samples:
        left_out = f" ({len(problems)} files or folders are left out)" if problems else ""
        raise FerkitError(
            f"no class folder holds an image or a video{left_out}.",
            where=params.path,
            hint="Expected are folders named after classes, with images or videos in them.",
        )
    counts = Counter(classes[sample.label] for sample in samples if sample.label >= 0)
    problems += class_problems(classes, counts, where=params.path)
    problems += _empty_folders(root, placed, params.splits)
    return Reading(classes, tuple(samples), tuple(problems), tuple(stamps))


def _check_splits(root: Path, params: FolderParams) -> None:
    names = [entry.name for entry in _visible_folders(root)]
    known = [name for name in names if name.lower() in SPLIT_WORDS]
    if params.splits and not known:
        raise FerkitError(
            "no folder is named train, validation, test or unlabelled.",
            where=params.path,
            hint="Without 'splits: true' the folders are classes.",
        )
    if not params.splits and names and len(known) == len(names):
        raise FerkitError(
            f"its folders ({', '.join(known)}) are splits, not classes.",
            where=params.path,
            hint="Set 'splits: true', or name one of them.",
        )


def _place(file: MediaFile, splits: bool, problems: list[Problem]) -> Placed | None:
    """Read split and class folder off a path; None, and a problem, if it lies in neither."""
    *folders, _ = file.relative.split("/")
    split = ""
    if splits and folders:
        word = folders.pop(0)
        if word.lower() not in SPLIT_WORDS:
            what = f"folder {word!r} is no split (train, validation, test, unlabelled)."
            problems.append(Problem("bad split word", file.path, what, dropped=True))
            return None
        split = SPLIT_WORDS[word.lower()]
    if not folders and split != "unlabelled":
        what = (
            "holds images itself, not clips in folders of their own."
            if Path(file.path).is_dir()
            else "lies beside the class folders, not in one."
        )
        problems.append(Problem("no class folder", file.path, what, dropped=True))
        return None
    return Placed(file, folders[0] if folders else "", split)


def _unknown(one: Placed, name: str | None, classes: Sequence[str]) -> Problem:
    if name is None:
        what = f"`labels` leaves {one.name!r} out."
        return Problem("left out by labels", one.file.path, what, dropped=True)
    close = nearest(name, classes)
    what = f"{name!r} is none of the classes." + (f" Did you mean {close!r}?" if close else "")
    return Problem("unknown label", one.file.path, what, dropped=True)


def _sample(one: Placed, label: int, params: FolderParams, problems: list[Problem]) -> Sample:
    relative = one.file.relative
    found = {"subject": matched(params.subject, relative), "group": matched(params.group, relative)}
    for what, value in found.items():
        if value is None:
            sentence = f"the pattern for the {what} does not match {relative!r}."
            problems.append(Problem(f"no {what}", one.file.path, sentence, dropped=False))
    return Sample(
        id=relative,
        path=one.file.path,
        label=label,
        subject=found["subject"] or "",
        group=found["group"] or "",
        split=one.split,
    )


def _empty_folders(root: Path, placed: Sequence[Placed], splits: bool) -> list[Problem]:
    """Class folders in which nothing was found."""
    used = {"/".join(one.file.relative.split("/")[: 2 if splits else 1]) for one in placed}
    tops = [
        folder
        for folder in _visible_folders(root)
        if not splits or folder.name.lower() in SPLIT_WORDS
    ]
    folders = [inner for top in tops for inner in _visible_folders(top)] if splits else tops
    return [
        Problem("empty folder", str(folder), "holds no image and no video.", dropped=False)
        for folder in folders
        if folder.relative_to(root).as_posix() not in used
    ]


def _visible_folders(root: Path) -> list[Path]:
    try:
        entries = sorted(root.iterdir())
    except OSError:
        return []  # reported by the walk
    return [entry for entry in entries if entry.is_dir() and not entry.name.startswith((".", "__"))]
