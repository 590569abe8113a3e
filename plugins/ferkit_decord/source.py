"""What decord is given to open, so that what it can't do shows before it goes wrong."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ferkit.errors import FerkitError
from ferkit.faces.container import Container
from ferkit_decord.mp4 import Mp4, read_mp4

OTHER_READER = "The reader 'pyav' can: pip install 'ferkit[pyav]', and in the recipe"
OTHER_READER += " 'faces: {reader: {use: pyav}}'."


class Source(NamedTuple):
    """Where decord finds a video.

    uri: a path or an address of FFmpeg's. cut_off: the file ends before its container does.
    mirror: axis of (H, W, 3) to flip after decord has turned a frame; it ignores mirroring.
    """

    uri: str
    cut_off: bool
    mirror: int | None = None

    def shown(self, frame: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        """A frame of decord's, or several (N, H, W, 3), the way a player shows them."""
        return frame if self.mirror is None else np.flip(frame, self.mirror - 3).copy()


@contextmanager
def source_of(path: Path, container: Container) -> Iterator[Source]:
    """What decord is to open for a file.

    Raises: FerkitError: decord would read it wrongly.
    """
    where = str(path)
    if container.name == "mpegts":
        # It loses the first frames of each and fills up with copies of the last.
        raise FerkitError(
            "an MPEG transport stream, which decord reads wrongly.", where=where, hint=OTHER_READER
        )
    if container.cut_off and container.name not in ("mp4", "matroska"):
        raise FerkitError(
            "the file was cut off, and decord can't read the rest.", where=where, hint=OTHER_READER
        )
    if container.name != "mp4":
        yield Source(where, container.cut_off)
        return
    video = read_mp4(path)
    if not container.cut_off:
        yield Source(where, False, video.mirror)
        return
    with tempfile.TemporaryDirectory(prefix="ferkit-") as folder:
        uri = _whole_part(path, video, Path(folder) / "index")
        if uri is None:
            raise FerkitError(
                "the file was cut off, and decord can't read the rest.",
                where=where,
                hint=OTHER_READER,
            )
        yield Source(uri, True, video.mirror)


def _whole_part(path: Path, video: Mp4, index: Path) -> str | None:
    """An address of FFmpeg's at which a cut-off file is a shorter whole one.

    Args:
        path: of the file.
        video: what its boxes say.
        index: a file to write.
    """
    whole = path.absolute()
    if video.fragments_end:
        return f"subfile,,start,0,end,{video.fragments_end},,:{whole}"
    if video.shortened is None or "|" in str(index):
        return None
    index.write_bytes(video.shortened)
    start, end = len(video.shortened), path.stat().st_size
    return (
        None
        if "|" in str(whole)
        else (f"concat:{index}|subfile,,start,{start},end,{end},,:{whole}")
    )
