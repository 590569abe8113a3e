"""FERV39k: 38935 clips from 22 kinds of scenes, each labelled by thirty people.

The layout is that of its archives, as public loaders read them: lists without a header such as
`4_setups/All_scenes/train_All.csv`, whose lines are `Action/Angry/0267 Angry`, and the clips below
`2_ClipsforFaceCrop` (cropped faces, a folder of images a clip) and `0_7_LabelClips` (videos). Some
programs unpack an archive into a folder of its own name, and Google Drive divides a large folder
into parts such as `2_ClipsforFaceCrop-001`; all are read.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from ferkit.contracts.data import CLASSES
from ferkit.data.filed import FileDataset, Reading
from ferkit.plugin import Context
from ferkit_datasets.clips import below_root, folders_in, surplus_clips, unpacked, videos_in
from ferkit_datasets.gathered import Gathered
from ferkit_datasets.lists import read_lines
from ferkit_datasets.params_video import Ferv39kParams
from ferkit_datasets.places import folders_like

WORDS = {
    "Angry": "anger",
    "Disgust": "disgust",
    "Fear": "fear",
    "Happy": "happy",
    "Neutral": "neutral",
    "Sad": "sad",
    "Surprise": "surprise",
}
"""The words of its lists, which are its folders too."""

LISTS = {"train": "train_All.csv", "test": "test_All.csv"}
FOLDERS = {"frames": "2_ClipsforFaceCrop", "original": "0_7_LabelClips"}


def make_ferv39k(params: Ferv39kParams, context: Context) -> FileDataset:
    """The data set `ferv39k`."""
    return FileDataset(partial(read_ferv39k, params))


def read_ferv39k(params: Ferv39kParams) -> Reading:
    """Read the lists of all scenes and look the clips up.

    Raises: FerkitError: not the folder of FERV39k, or nothing in it to use. IncompleteError: a list
        or the folder of the clips is not there.
    """
    access = "FERV39k (folders '4_setups/All_scenes' and '2_ClipsforFaceCrop/Action/Angry')."
    found = Gathered(params.path, CLASSES, access=access)
    setups = found.part(
        "4_setups", lambda: unpacked(found, "4_setups", holds=folders_like("All_scenes"))
    )
    roots = _roots(found, FOLDERS[params.clips])
    named: set[Path] = set()
    lists = {} if setups is None else {split: _list(found, setups, split) for split in LISTS}
    for split, table in lists.items():
        if table is not None and roots:
            _read_list(found, table, split, roots, params, named)
    met = folders_in if params.clips == "frames" else videos_in
    scenes = [scene for root in roots for scene in folders_in(root)]
    for scene in scenes if lists and all(lists.values()) else ():
        for label in folders_in(scene):
            surplus_clips(found, met(label), named=named)
    return found.reading()


def _list(found: Gathered, setups: Path, split: str) -> Path | None:
    """The list of a split; None where it is not there."""
    place = f"{below_root(found, setups)}/All_scenes/{LISTS[split]}"
    return found.part(place, partial(found.below, place))


def _read_list(
    found: Gathered,
    table: Path,
    split: str,
    roots: Sequence[Path],
    params: Ferv39kParams,
    named: set[Path],
) -> None:
    relative = below_root(found, table)
    for line, text in enumerate(read_lines(table), start=1):
        if not text.strip():
            continue
        place, _, word = text.strip().rpartition(" ")
        parts = place.strip().split("/")
        if word not in WORDS:
            what = f"'{text}' has none of the seven labels."
            found.problem("unknown label", relative, what, line=line)
        elif len(parts) != 3 or not parts[2].isdigit() or ".." in parts:
            what = f"'{text}' is no scene/label/number."
            found.problem("bad row", relative, what, line=line)
        elif parts[1] != word:
            what = f"'{text}' has one label in its path and another beside it."
            found.problem("labels disagree", relative, what, line=line)
        else:
            if params.clips == "original":
                parts[2] = f"{parts[2]}.mp4"
            places = [root.joinpath(*parts) for root in roots]
            file = next((each for each in places if each.exists()), places[0])
            named.add(file)
            found.add(
                file,
                WORDS[word],
                id=place.strip(),
                clip=params.clips == "frames",
                split=split,
                line=line,
                attributes={"scene": parts[0]},
            )


def _roots(found: Gathered, name: str) -> list[Path]:
    """The folders with the clips: one, or the parts into which Google Drive divides a download;
    [] where there is none.

    Such a part is called `2_ClipsforFaceCrop-001`, and has a folder of the plain name in it.
    """
    parts = [path for path in folders_in(found.root) if re.fullmatch(rf"{name}-\d+", path.name)]
    holds = folders_like(r"\D.*")  # scenes
    inner = [part / name if (part / name).is_dir() else part for part in parts]
    if parts and found.find(name) is None:
        return inner
    whole = found.part(name, partial(unpacked, found, name, holds=holds))
    return inner if whole is None else [whole, *inner]
