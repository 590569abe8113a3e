"""Decoding the wanted frames of a video stream, by seeking where that saves work."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import Any

import av

from ferkit.errors import FerkitError
from ferkit_pyav.timeline import timeline_of

SEEK_OVER = 8
"""Frames that are decoded in vain rather than sought over."""


class Stream:
    """The best video stream of a file, for a `with` block and one thread.

    Args:
        path: of the video.
        threads: of the decoder; 0 leaves the number to FFmpeg.
    Attributes:
        timeline: the frames that it shows.
        reached: number of the frame that was decoded last; -1 before the first.
    Raises: FerkitError: it can't be opened or has no video stream.
    """

    def __init__(self, path: Path, *, threads: int) -> None:
        self._path = path
        self._threads = threads
        self._decoded: Iterator[Any] = iter(())
        self.reached = -1
        with self._open() as container:
            self.timeline = timeline_of(container, self._best(container))
        self._begin()
        first = next(self._decoded, None)
        if first is not None:
            self._decoded = chain([first], self._decoded)
            self.timeline = self.timeline.beginning_at(first.pts)
        self._may_seek = self.timeline.pts is not None

    def __enter__(self) -> Stream:
        return self

    def __exit__(self, *_: object) -> None:
        self._container.close()

    def frames(self, numbers: Iterable[int]) -> Iterator[Any]:
        """Decode frames by number, ascending. Ends early where the video does.

        Raises: av.error.FFmpegError: one before the next can't be decoded.
        """
        for number in numbers:
            frame = self._sought(number) or self._following(number)
            if frame is None:
                return
            yield frame

    def _sought(self, number: int) -> Any | None:
        """The frame by way of the key frame before it, if that pays and the container can."""
        key = self.timeline.key_before(number)
        if not self._may_seek or self.timeline.pts is None or key <= self.reached + SEEK_OVER:
            return None
        stream = self._best(self._container)
        with suppress(av.error.FFmpegError):
            self._container.seek(int(self.timeline.pts[key]), stream=stream)
            self._decoded = self._decode()
            for frame in self._decoded:
                found = self.timeline.number_at(frame.pts)
                if found is None:
                    continue
                if found > number:
                    break
                self.reached = found
                if found == number:
                    return frame
        # It led to a later frame, or to none: the safe way is from the beginning.
        self._may_seek = False
        self._container.close()
        self._begin()
        return None

    def _following(self, number: int) -> Any | None:
        """The frame by decoding all that is before it."""
        for frame in self._decoded:
            counted = self.timeline.pts is None
            found = self.reached + 1 if counted else self.timeline.number_at(frame.pts)
            if found is None:
                continue  # it was not whole
            if found > number:
                return None  # it should have come by now
            self.reached = found
            if found == number:
                return frame
        return None

    def _begin(self) -> None:
        self._container = self._open()
        self._decoded = self._decode()
        self.reached = -1

    def _decode(self) -> Iterator[Any]:
        """Frames from where the container stands. A damaged packet ends it, with an error."""
        stream = self._best(self._container)
        packets = self._container.demux(stream)
        while True:
            try:
                packet = next(packets)
            except (StopIteration, av.error.FFmpegError):  # the timeline knows of the latter
                break
            if packet.is_corrupt and packet.size and self.timeline.broken:
                continue
            try:
                frames = packet.decode()
            except av.error.FFmpegError:
                yield from self._waiting(stream)
                raise
            yield from frames
        yield from self._waiting(stream)

    def _waiting(self, stream: Any) -> Iterator[Any]:
        """Frames that the decoder holds back until it knows that nothing precedes them."""
        with suppress(av.error.FFmpegError):
            yield from stream.codec_context.decode(None)

    def _open(self) -> Any:
        try:
            # Tags in no known encoding are no reason to refuse a video.
            container = av.open(str(self._path), metadata_errors="replace")
        except (av.error.FFmpegError, ValueError) as error:
            raise FerkitError(
                f"not a video that FFmpeg can open ({_reason(error)}).", where=str(self._path)
            ) from error
        stream = self._best(container)
        if stream is None:
            container.close()
            raise FerkitError("the file has no video stream.", where=str(self._path))
        if stream.codec_context is None:
            container.close()
            raise FerkitError("FFmpeg has no decoder for its video stream.", where=str(self._path))
        stream.thread_type = "AUTO"
        stream.codec_context.thread_count = self._threads
        return container

    def _best(self, container: Any) -> Any:
        return container.streams.best("video")


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error)
