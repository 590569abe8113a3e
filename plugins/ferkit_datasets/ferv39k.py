"""FERV39k: 38935 clips from 22 kinds of scenes, each labelled by thirty people.

The layout is that of its archives, as public loaders read them: lists without a header such as
`4_setups/All_scenes/train_All.csv`, whose lines are `Action/Angry/0267 Angry`, and the clips below
`2_ClipsforFaceCrop` (cropped faces, a folder of images a clip) and `0_7_LabelClips` (videos). Some
programs unpack an archive into a folder of its own name; both are read.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from ferkit.contracts.data import CLASSES
from ferkit.data.filed import FileDataset, Reading
from ferkit.plugin import Context
from ferkit_datasets.clips import below_root, folders_in, surplus_clips, unpacked, videos_in
from ferkit_datasets.gathered import Gathered
from ferkit_datasets.params_video import Ferv39kParams

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

    Raises: FerkitError: not the folder of FERV39k, or nothing in it to use.
    """
    access = "FERV39k (folders '4_setups/All_scenes' and '2_ClipsforFaceCrop/Action/Angry')."
    found = Gathered(params.path, CLASSES, access=access)
    setups = below_root(found, unpacked(found, "4_setups"))
    clips = unpacked(found, FOLDERS[params.clips])
    named: set[Path] = set()
    for split, name in LISTS.items():
        table = found.below(setups, "All_scenes", name)
        relative = below_root(found, table)
        content = table.read_text(encoding="utf-8-sig", errors="replace")
        for line, text in enumerate(content.splitlines(), start=1):
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
                clip = clips.joinpath(*parts)
                file = clip if params.clips == "frames" else clip.with_suffix(".mp4")
                named.add(file)
                about = {"scene": parts[0]}
                found.add(
                    file, WORDS[word], id="/".join(parts), split=split, line=line, attributes=about
                )
    met = folders_in if params.clips == "frames" else videos_in
    for scene in folders_in(clips):
        for label in folders_in(scene):
            surplus_clips(found, met(label), named=named)
    return found.reading()
