"""An MP4 file that is being written."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

import av

from ferkit.mining.shown import Mismatch


@contextmanager
def mp4(file: BinaryIO) -> Iterator[Any]:
    """An open output of PyAV's that writes to a file.

    Raises: Mismatch: FFmpeg refuses what it is given. OSError: the file can't be written.
    """
    watched = _Watched(file)
    try:
        with av.open(watched, "w", format="mp4") as target:
            yield target
    except (av.error.FFmpegError, ValueError) as error:
        if watched.error is None:
            raise Mismatch(f"FFmpeg refuses ({error})") from error
    if watched.error is not None:
        raise watched.error


class _Watched:
    """A file that remembers why it could not be written: FFmpeg forgets that."""

    def __init__(self, file: BinaryIO) -> None:
        self.error: OSError | None = None
        self._file = file
        self.seek, self.tell, self.name = file.seek, file.tell, file.name

    def write(self, content: bytes) -> int:
        try:
            return self._file.write(content)
        except OSError as error:
            self.error = error
            raise
