"""Folders of images as clips: which of the folders below a data set's are clips."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ferkit.contracts.data import Problem
from ferkit.data.walk import MediaFile
from ferkit.errors import FerkitError
from ferkit.faces.decode import is_video
from ferkit.faces.keys import file_state


def clips_among(files: Sequence[MediaFile], root: Path, problems: list[Problem]) -> list[MediaFile]:
    """The lowest folders with images in place of the images; videos stay.

    An image beside or above a folder with images is in no clip and left out, which goes to
    `problems`, as do folders that can't be read.

    Args:
        files: sorted, below `root`.
    Returns: sorted by their path below `root`; a clip's stamp is that of all its images.
    """
    videos = [file for file in files if is_video(file.relative)]
    images = [file for file in files if not is_video(file.relative)]
    holding = {file.relative.rpartition("/")[0] for file in images}
    above = {"", *(parent for folder in holding for parent in _above(folder))}
    found = []
    for folder in sorted(holding - above):
        try:
            stamp = file_state(root / folder)
        except FerkitError as error:
            problems.append(Problem("unreadable folder", str(root / folder), error.what, True))
            continue
        found.append(MediaFile(folder, str(root / folder), stamp))
    for file in images:
        if file.relative.rpartition("/")[0] in above:
            what = "lies in no clip: its folder is the top one, or holds folders with images."
            problems.append(Problem("image beside clips", file.path, what, dropped=True))
    return sorted([*videos, *found])


def _above(folder: str) -> list[str]:
    parts = folder.split("/")
    return ["/".join(parts[:depth]) for depth in range(1, len(parts))]
