"""AFEW 8.0: clips of films in seven classes, the data of the challenge EmotiW 2018.

The layout is that of the challenge's archives, as public scripts unpack and read it: a folder a
class in `Train_AFEW` and in `Val_AFEW` (also `Train` and `Val`), beside them the folder of aligned
faces with one folder a video. The test's labels were never published.

Not verified on the data themselves: that the faces of the test lie one folder a video as well.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import NamedTuple

from ferkit.contracts.data import CLASSES
from ferkit.data.filed import FileDataset, Reading
from ferkit.plugin import Context
from ferkit_datasets.clips import below_root, folders_in, surplus_clips, unpacked, videos_in
from ferkit_datasets.gathered import Gathered
from ferkit_datasets.params_video import AfewParams
from ferkit_datasets.places import files_like, folders_like

FOLDERS = {
    "Angry": "anger",
    "Disgust": "disgust",
    "Fear": "fear",
    "Happy": "happy",
    "Neutral": "neutral",
    "Sad": "sad",
    "Surprise": "surprise",
}
"""The folder of each class."""

FACES = ("AlignedFaces_LBPTOP_Points", "AlignedFaces_LBPTOP_Points_Val")
"""What the folder with the aligned faces is called; in both parts both are met."""

TEST_VIDEOS = "Test_vid_Distribute"
TEST_FACES = "Test_2017_Faces_Distribute"


class Part(NamedTuple):
    """split: of its samples. folders: what it is called."""

    split: str
    folders: tuple[str, ...]


PARTS = (
    Part("train", ("Train_AFEW", "Train", "Train/Train_AFEW")),
    Part("validation", ("Val_AFEW", "Val", "Val/Val_AFEW")),
)
CLASS = "|".join(FOLDERS)


def make_afew(params: AfewParams, context: Context) -> FileDataset:
    """The data set `afew`."""
    return FileDataset(partial(read_afew, params))


def read_afew(params: AfewParams) -> Reading:
    """List the videos of every class, or their aligned faces.

    Raises: FerkitError: not the folder of AFEW, or nothing in it to use. IncompleteError: the
        folder of a split or a class is not there.
    """
    access = "AFEW 8.0 (folders 'Train_AFEW/Angry' to 'Val_AFEW/Surprise')."
    found = Gathered(params.path, CLASSES, access=access)
    aligned = params.videos == "aligned"
    for part in PARTS:
        _read_part(found, part, aligned=aligned)
    if params.unlabelled_test:
        _read_test(found, aligned=aligned)
    return found.reading()


def _read_part(found: Gathered, part: Part, *, aligned: bool) -> None:
    look = partial(unpacked, found, *part.folders, holds=folders_like(CLASS))
    folder = found.part(part.folders[0], look)
    if folder is None:
        return
    inside = below_root(found, folder)
    faces = None
    if aligned:
        candidates = [f"{inside}/{name}/{inner}" for name in FACES for inner in ("", f"{name}/")]
        places = [f"{candidate}Faces" for candidate in candidates]
        faces = found.part(places[0], partial(found.first_of, *places))
        if faces is None:
            return
    clips: set[Path] = set()
    for code, name in FOLDERS.items():
        of_class = found.part(f"{inside}/{code}", partial(found.below, inside, code))
        for video in videos_in(of_class) if of_class is not None else ():
            clip = video if faces is None else faces / video.stem
            unique = f"{part.split}/{code}/{video.stem}"
            found.add(clip, name, id=unique, clip=aligned, split=part.split)
            clips.add(clip)
    known = {code.casefold() for code in FOLDERS}
    for other in folders_in(folder):
        if other.name.casefold() not in known and (strange := len(videos_in(other))):
            what = f"the folder of {strange} videos is none of the seven classes."
            found.problem("unknown label", below_root(found, other), what)
    if faces is not None:
        surplus_clips(found, folders_in(faces), named=clips)


def _read_test(found: Gathered, *, aligned: bool) -> None:
    where = ("Test_AFEW", "Test")
    name = TEST_FACES if aligned else TEST_VIDEOS
    met = folders_in if aligned else videos_in
    holds = folders_like(r"\d+") if aligned else files_like(r".*\.\w+")
    places = [f"{test}/{name}" for test in where]
    folder = found.part(places[0], partial(unpacked, found, *places, holds=holds))
    for clip in met(folder) if folder is not None else ():
        found.add(clip, None, id=f"test/{clip.stem}", clip=aligned, split="unlabelled")
