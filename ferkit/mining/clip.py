"""Writing a part of a video as a file of its own, and making sure that it is that part."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Literal

from ferkit.contracts.faces import VideoReader
from ferkit.errors import FerkitError
from ferkit.files import replacing, told_plainly
from ferkit.mining.findings import KEPT
from ferkit.mining.rule import Run
from ferkit.mining.shown import Mismatch, Shown, part_of, shown_by

if TYPE_CHECKING:
    from ferkit.mining.copying import Packets

How = Literal["copied", "encoded"]


def require_pyav() -> None:
    """See to it that clips can be written.

    Raises: FerkitError: PyAV is missing.
    """
    try:
        import av  # noqa: F401
    except ImportError as error:
        raise FerkitError(
            f"writing clips needs PyAV, which can't be imported ({error}).",
            hint="Install it: pip install 'ferkit[pyav]', or only list the parts: --no-clips",
        ) from error


class Cutter:
    """Cuts clips out of one video.

    Args:
        path: of the video.
        reader: that the frames were numbered by; clips are read again by it.
    """

    def __init__(self, path: Path, reader: VideoReader) -> None:
        require_pyav()
        self._path = path
        self._reader = reader

    def cut(self, frames: Run, target: Path, *, rate: float) -> How:
        """Write frames as an MP4 file, which appears when it was read again and found right.

        The packets are copied where they make up just these frames, and the copy shows the
        same pixels; else the frames are encoded anew.

        Args:
            frames: by their numbers in the video.
            rate: frames per second, about.
        Raises: FerkitError: there is no way to a right clip. RunError: it can't be written.
        """
        try:
            with told_plainly(target, hint=KEPT):
                return self._copied(frames, target) or self._encoded(frames, target, rate)
        except Mismatch as error:
            raise FerkitError(
                f"frames {frames.first} to {frames.last} can't be cut out: {error}.",
                where=str(self._path),
                hint="--no-clips lists them all the same.",
            ) from error

    def _copied(self, frames: Run, target: Path) -> How | None:
        from ferkit.mining.copying import copy_packets, packets_to_copy

        packets = self._packets
        wanted = None if packets is None else packets_to_copy(packets, frames.first, frames.last)
        if packets is None or wanted is None:
            return None
        try:
            with replacing(target) as file:
                copy_packets(self._path, packets, wanted, file)
                shown = Shown()
                for _ in part_of(self._reader, self._path, frames.first, frames.last, shown):
                    pass
                shown.require_same(self._shown(file), exact=True)
        except Mismatch:
            return None
        return "copied"

    def _encoded(self, frames: Run, target: Path, rate: float) -> How:
        from ferkit.mining.encoding import encode

        shown = Shown()
        with replacing(target) as file:
            part = part_of(self._reader, self._path, frames.first, frames.last, shown)
            encode(part, file, rate=rate)
            shown.require_same(self._shown(file), exact=False)
        return "encoded"

    def _shown(self, file: BinaryIO) -> Shown:
        file.flush()
        return shown_by(self._reader, Path(file.name))

    @cached_property
    def _packets(self) -> Packets | None:
        from ferkit.mining.copying import packets_of

        return packets_of(self._path)
