"""RaFD, the Radboud Faces Database: 67 people, 8 expressions, 3 gazes, 5 cameras at once.

A file's name says all, such as `Rafd090_28_Caucasian_male_angry_frontal.jpg`: camera, model,
kind of model (`Caucasian`, `Moroccan`, or `Kid` for children), sex, expression, gaze. The names
are by https://rafd.socsci.ru.nl/FAQ.html; folders do not matter, since the site gives parts of
the set as they are asked for.
"""

from __future__ import annotations

import re
from functools import partial
from itertools import product

from ferkit.data.filed import FileDataset, Reading
from ferkit.plugin import Context
from ferkit_datasets.gathered import Gathered
from ferkit_datasets.names import kept_classes
from ferkit_datasets.params_lab import RafdParams

WORDS = {
    "angry": "anger",
    "contemptuous": "contempt",
    "disgusted": "disgust",
    "fearful": "fear",
    "happy": "happy",
    "neutral": "neutral",
    "sad": "sad",
    "surprised": "surprise",
}
"""Its words for expressions."""

NAME = re.compile(
    r"Rafd(?P<angle>000|045|090|135|180)_(?P<model>\d{2})_(?P<kind>[A-Za-z]+)_(?P<sex>female|male)"
    r"_(?P<word>[a-z]+)_(?P<gaze>frontal|left|right)\.jpe?g",
    re.IGNORECASE,
)
Shot = tuple[str, str, int]
"""Expression, gaze, angle."""


def make_rafd(params: RafdParams, context: Context) -> FileDataset:
    """The data set `rafd`."""
    return FileDataset(partial(read_rafd, params))


def read_rafd(params: RafdParams) -> Reading:
    """Read what the names of the files say.

    Of every model of whom there is a picture, those that are not there are noted, for each
    camera, gaze and class that is asked for.

    Raises: FerkitError: no picture of RaFD, or none to use.
    """
    classes = kept_classes(contempt=params.contempt)
    access = "RaFD (files such as 'Rafd090_01_Caucasian_female_angry_frontal.jpg')."
    found = Gathered(params.path, classes, access=access)
    seen: dict[str, set[Shot]] = {}
    for file in found.images():
        match = NAME.fullmatch(file.name)
        if match is None:
            found.problem(
                "surplus file", found.relative(file), "is no picture of RaFD by its name."
            )
            continue
        model, word, gaze = (match[part].lower() for part in ("model", "word", "gaze"))
        angle = int(match["angle"])
        if word not in WORDS:
            found.problem("unknown label", found.relative(file), f"'{word}' is no expression.")
            continue
        kind, sex = match["kind"].capitalize(), match["sex"].lower()
        who = f"{model}_{kind}_{sex}"
        seen.setdefault(who, set()).add((word, gaze, angle))
        if angle not in params.angles or gaze not in params.gazes:
            continue
        name = WORDS[word]
        if name not in classes:
            found.problem("left out", found.relative(file), f"the class '{name}' is not kept.")
            continue
        found.add(
            file,
            name,
            id=file.name,
            subject=model,
            group=f"{model}/{word}/{gaze}",  # taken by the five cameras at once
            attributes={"angle": angle, "gaze": gaze, "kind": kind, "sex": sex},
        )
    words = [word for word, name in WORDS.items() if name in classes]
    for who in sorted(seen):
        for word, gaze, angle in product(words, params.gazes, params.angles):
            if (word, gaze, angle) not in seen[who]:
                file_name = f"Rafd{angle:03}_{who}_{word}_{gaze}.jpg"
                found.problem("missing file", file_name, "is nowhere in the folder.")
    return found.reading()
