"""The frames of a video stream by its packets, without decoding."""

from __future__ import annotations

from typing import Any, NamedTuple

import av
import numpy as np
import numpy.typing as npt


class Timeline(NamedTuple):
    """The frames that a stream shows, in order.

    pts: presentation times in units of the stream, ascending, (F,); None where packets do not
        tell them (old containers): frames can then only be counted.
    seconds: since the stream's start, (F,).
    keys: numbers of the frames at which decoding can begin, ascending.
    broken: the packets end in an error or with a part of one.
    """

    pts: npt.NDArray[np.int64] | None
    seconds: npt.NDArray[np.float64]
    keys: npt.NDArray[np.int64]
    broken: bool

    def key_before(self, number: int) -> int:
        """The last frame up to `number` at which decoding can begin; 0 if there is none."""
        place = int(np.searchsorted(self.keys, number, side="right"))
        return int(self.keys[place - 1]) if place else 0

    def number_at(self, pts: int | None) -> int | None:
        """The frame shown at a time; None where no frame starts at it."""
        if self.pts is None or pts is None:
            return None
        number = int(np.searchsorted(self.pts, pts))
        return number if number < len(self.pts) and self.pts[number] == pts else None

    def beginning_at(self, pts: int | None) -> Timeline:
        """The same without what is before `pts`: packets that need frames which never came."""
        missing = self.number_at(pts)
        if self.pts is None or not missing:
            return self
        seconds = self.seconds[missing:] - self.seconds[missing] + max(0.0, self.seconds[0])
        keys = self.keys[self.keys >= missing] - missing
        return Timeline(self.pts[missing:], seconds, keys, self.broken)


def timeline_of(container: Any, stream: Any) -> Timeline:
    """Walk over the packets of a stream.

    Packets that an edit list hides do not count, nor does a last one that is not whole.

    Args:
        container: an open input of PyAV; it is left at its end.
        stream: one of its video streams.
    """
    times: list[int | None] = []
    keys: list[int] = []
    last_is_whole, failed = True, False
    try:
        for packet in container.demux(stream):
            if not packet.size:
                continue
            last_is_whole = not packet.is_corrupt
            if packet.is_discard:
                continue
            if packet.is_keyframe:
                keys.append(len(times))
            times.append(packet.pts)
    except av.error.FFmpegError:
        failed = True
    if times and not last_is_whole:
        times.pop()
        keys = [key for key in keys if key < len(times)]
    broken = failed or not last_is_whole
    # AVI has no presentation times; those that FFmpeg makes up are in the wrong order.
    known = [time for time in times if time is not None and container.format.name != "avi"]
    if len(known) < len(times) or not known:
        rate = float(stream.average_rate or stream.base_rate or 25)
        return Timeline(None, np.arange(len(times)) / rate, np.zeros(0, np.int64), broken)
    in_order = np.asarray(known, np.int64)
    shown = np.unique(in_order)
    start = shown[0] if stream.start_time is None else stream.start_time
    seconds = (shown - start) * float(stream.time_base)
    return Timeline(shown, seconds, np.unique(np.searchsorted(shown, in_order[keys])), broken)
