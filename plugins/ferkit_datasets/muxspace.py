"""The repository muxspace/facial_expressions: 13690 photographs, labelled by students and services.

Read as its last commit is. What follows from the list itself: labels are in capitals or not,
seven images stand in it twice with one label and one with two, 36 images are in no row. Its
photographs are mostly those of Labeled Faces in the Wild, whose file names name the person; so do
those of eight further people. The column `user.id` says who added a row, not who is shown.
"""

from __future__ import annotations

import re
from functools import partial

from ferkit.data.filed import FileDataset, Reading
from ferkit.plugin import Context
from ferkit_datasets.gathered import Gathered
from ferkit_datasets.lists import Row, read_list
from ferkit_datasets.names import kept_classes
from ferkit_datasets.params_wild import MuxspaceParams
from ferkit_datasets.places import within

NAMES = {
    "anger": "anger",
    "contempt": "contempt",
    "disgust": "disgust",
    "fear": "fear",
    "happiness": "happy",
    "neutral": "neutral",
    "sadness": "sad",
    "surprise": "surprise",
}
"""The words of its list, in small letters."""

LIST = "data/legend.csv"


def make_muxspace(params: MuxspaceParams, context: Context) -> FileDataset:
    """The data set `muxspace`."""
    return FileDataset(partial(read_muxspace, params))


def read_muxspace(params: MuxspaceParams) -> Reading:
    """Read the legend and look its images up.

    Raises: FerkitError: not a checkout of the repository, or nothing in it to use.
    """
    classes = kept_classes(contempt=params.contempt)
    access = "muxspace (github.com/muxspace/facial_expressions)."
    found = Gathered(params.path, classes, access=access)
    legend, images = found.below(LIST), found.below("images")
    rows = list(read_list(legend, ("user.id", "image", "emotion")))
    words: dict[str, set[str]] = {}
    for _, (_, image, word) in rows:
        words.setdefault(image, set()).add(word.lower())
    for line, (user, image, word) in rows:
        file = within(images, image)
        if file is None:
            what = f"'{image}' is no image in 'images'."
            found.problem("bad path", LIST, what, line=line)
            continue
        why = _why_not(found, Row(line, (user, image, word)), words[image])
        if why is not None:
            found.pass_over(file)
            found.problem(*why, line=line)
            continue
        found.add(
            file,
            NAMES[word.lower()],
            subject=person_of(image),
            line=line,
            attributes={"user": user},
        )
    found.surplus(images)
    return found.reading()


def person_of(image: str) -> str:
    """Who is shown, by the file's name: all of it but the number at the end."""
    return re.sub(r"_?\d*\.\w+$", "", image)


def _why_not(found: Gathered, row: Row, words: set[str]) -> tuple[str, str, str] | None:
    """(kind, where, what) of the problem for which a row can't be used."""
    _, image, word = row.cells
    if word.lower() not in NAMES:
        return "unknown label", LIST, f"'{word}' of '{image}' is no expression."
    if len(words) > 1:
        other = " and ".join(sorted(words))
        return "contradictory labels", LIST, f"'{image}' is called {other}."
    if NAMES[word.lower()] not in found.classes:
        return "left out", LIST, f"'{image}' shows {word.lower()}, which is not asked for."
    return None
