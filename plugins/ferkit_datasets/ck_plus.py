"""CK+: 593 sequences of 123 people from the neutral face to a peak, 327 of them with a label.

The layout is that of the ReadMe of the distribution (phase 1, 28th September 2010): images,
emotion labels, landmarks and FACS codes come in an archive each, with one folder a sequence. A
sequence without an emotion file has no label; in most copies its folder is there and empty.
Some copies have the images one folder deeper, in `extended-cohn-kanade-images`.

Frames are named by a counter or by a time code; both rise with time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from ferkit.data.filed import FileDataset, Reading
from ferkit.plugin import Context
from ferkit_datasets.gathered import Gathered, images_of
from ferkit_datasets.names import kept_classes
from ferkit_datasets.params_lab import CkPlusParams
from ferkit_datasets.places import folders_like, seen
from ferkit_datasets.points68 import Point, five_of, parse_points

CODES = {
    0: "neutral",
    1: "anger",
    2: "contempt",
    3: "disgust",
    4: "fear",
    5: "happy",
    6: "sad",
    7: "surprise",
}
"""The numbers in its emotion files; 0 is defined and, in the distribution, never given."""

IMAGES = "cohn-kanade-images"
EMOTION = "Emotion"
LANDMARKS = "Landmarks"
SUBJECT = r"S\d{3}"
PEAK_FRAMES = 3
"""How many frames at the end of a sequence have its label, taken as stills (paper A)."""

UNCLEAR = ""


class Sequence(NamedTuple):
    """subject: "S005". number: "001". folder: of its frames. labels: its emotion files."""

    subject: str
    number: str
    folder: Path
    labels: list[Path]

    @property
    def name(self) -> str:
        return f"{self.subject}/{self.number}"


def make_ck_plus(params: CkPlusParams, context: Context) -> FileDataset:
    """The data set `ck_plus`."""
    return FileDataset(partial(read_ck_plus, params))


def read_ck_plus(params: CkPlusParams) -> Reading:
    """Read the label of every sequence, and look its frames up.

    Raises: FerkitError: not the folder of CK+, or nothing in it to use.
    """
    classes = kept_classes(contempt=params.contempt)
    if params.samples == "sequences":  # each runs from neutral to a peak: none is neutral
        classes = tuple(name for name in classes if name != "neutral")
    access = f"CK+ (folders '{IMAGES}/S005/001' and '{EMOTION}/S005/001')."
    found = Gathered(params.path, classes, access=access)
    subjects = folders_like(SUBJECT)
    images = found.fullest(
        *(IMAGES, f"{IMAGES}/{IMAGES}", f"extended-{IMAGES}/{IMAGES}"), holds=subjects
    )
    labels = ("Emotion_labels", f"Emotion_labels/{EMOTION}")
    emotion = found.fullest(EMOTION, f"{EMOTION}/{EMOTION}", *labels, holds=subjects)
    tracked = None
    if params.landmarks and params.samples == "stills":
        if found.find(LANDMARKS) is not None:
            tracked = found.fullest(LANDMARKS, f"{LANDMARKS}/{LANDMARKS}", holds=subjects)
        else:
            what = "faces are detected without it."
            found.problem("missing folder", LANDMARKS, what, dropped=False)
    bare = 0
    for sequence in _sequences(found, images, emotion):
        name = _label(found, sequence)
        if name is None and not params.unlabelled:
            bare += 1
        elif name is not None and name not in (*classes, UNCLEAR):
            what = f"the class '{name}' is not kept."
            found.problem("left out", found.relative(sequence.folder), what)
        elif name != UNCLEAR:
            _add(found, sequence, name, tracked, stills=params.samples == "stills")
    if bare:
        what = f"{bare} sequences have no label; 'unlabelled: true' gives them too."
        found.problem("no label", found.relative(emotion), what)
    return found.reading()


def _sequences(found: Gathered, images: Path, emotion: Path) -> Iterator[Sequence]:
    """Those that have a folder of frames or of a label, sorted."""
    names: set[tuple[str, str]] = set()
    for tree in (images, emotion):
        for subject in _folders(found, tree, SUBJECT):
            names |= {(subject.name, each.name) for each in _folders(found, subject, r"\d{3}")}
    for subject_name, number in sorted(names):
        folder, labels = images / subject_name / number, _labels(emotion / subject_name / number)
        if folder.is_dir() or labels:
            yield Sequence(subject_name, number, folder, labels)


def _folders(found: Gathered, folder: Path, pattern: str) -> list[Path]:
    """Folders below another whose names are right; other folders are noted."""
    right = []
    for path in seen(folder):
        if not path.is_dir() or path in found.passed_by:
            continue
        if re.fullmatch(pattern, path.name):
            right.append(path)
        else:
            what = "is no subject and no sequence by its name."
            found.problem("surplus folder", found.relative(path), what)
    return right


def _labels(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.glob("*_emotion.txt") if not path.name.startswith("."))


def _label(found: Gathered, sequence: Sequence) -> str | None:
    """Its class; None: it has no label; `UNCLEAR`, and a problem: nobody can tell which."""
    if not sequence.labels:
        return None
    where = found.relative(sequence.labels[0])
    if len(sequence.labels) > 1:
        found.problem("repeated row", where, f"the sequence has {len(sequence.labels)} labels.")
        return UNCLEAR
    try:
        text = sequence.labels[0].read_text(encoding="utf-8-sig").strip()
        code = float(text)
    except (OSError, ValueError):
        found.problem("unknown label", where, "holds no number 0 to 7.", line=1)
        return UNCLEAR
    if code not in CODES:
        found.problem("unknown label", where, f"'{text}' is no label 0 to 7.", line=1)
        return UNCLEAR
    return CODES[int(code)]


def _frames(found: Gathered, sequence: Sequence) -> list[str] | None:
    """Names of its frames in order; None, and a problem, where others lie among them."""
    if not sequence.folder.is_dir():
        return []
    names = images_of(sequence.folder)
    pattern = rf"{sequence.subject}_{sequence.number}_\d{{8}}\.png"
    odd = [name for name in names if not re.fullmatch(pattern, name, re.IGNORECASE)]
    if not odd:
        return names
    what = "is no frame of this sequence, which is left out: a clip is all images of its folder."
    found.problem("surplus file", found.relative(sequence.folder / odd[0]), what)
    return None


def _add(
    found: Gathered, sequence: Sequence, name: str | None, tracked: Path | None, *, stills: bool
) -> None:
    frames = _frames(found, sequence)
    if frames is None:
        return
    _check_peak(found, sequence, frames)
    if stills:
        _add_stills(found, sequence, frames, name, tracked)
    else:
        found.add(sequence.folder, name, id=sequence.name, clip=True, **_shared(sequence, name))


def _check_peak(found: Gathered, sequence: Sequence, frames: list[str]) -> None:
    """The label's file is named after the last frame; note where it is another."""
    if not sequence.labels or not frames:
        return
    last, labelled = frames[-1].rpartition(".")[0], sequence.labels[0].name
    if labelled.lower() != f"{last}_emotion.txt".lower():
        what = f"names another frame than '{frames[-1]}', the last that is there."
        found.problem("other peak", found.relative(sequence.labels[0]), what, dropped=False)


def _shared(sequence: Sequence, name: str | None) -> dict[str, Any]:
    return {
        "subject": sequence.subject,
        "group": sequence.name,
        "split": "unlabelled" if name is None else "",
    }


def _add_stills(
    found: Gathered, sequence: Sequence, frames: list[str], name: str | None, tracked: Path | None
) -> None:
    """The first frame as neutral, the last three with the label."""
    if len(frames) <= PEAK_FRAMES:
        kind, what = "few frames", f"has {len(frames)}; stills are taken from 4 or more."
        if not frames:
            kind, what = "missing file", "there is no frame."
        found.problem(kind, found.relative(sequence.folder), what)
        return
    for place in (0, *range(len(frames) - PEAK_FRAMES, len(frames))):
        found.add(
            sequence.folder / frames[place],
            "neutral" if place == 0 and name is not None else name,
            id=f"{sequence.name}/{frames[place]}",
            landmarks=_landmarks(found, tracked, sequence, frames[place]),
            attributes={"frame": place},
            **_shared(sequence, name),
        )


def _landmarks(
    found: Gathered, tracked: Path | None, sequence: Sequence, frame: str
) -> tuple[Point, ...] | None:
    """The five of a frame; None, and a problem, where they are missing or make no face."""
    if tracked is None:
        return None
    stem = frame.rpartition(".")[0]
    file = tracked / sequence.subject / sequence.number / f"{stem}_landmarks.txt"
    where = found.relative(file)
    try:
        points = parse_points(file.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError):
        found.problem("missing landmarks", where, "cannot be read.", dropped=False)
        return None
    five = None if points is None else five_of(points)
    if five is None:
        what = "does not hold the 68 points of an upright face; the face will be detected."
        found.problem("odd landmarks", where, what, dropped=False)
    return five
