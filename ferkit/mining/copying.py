"""Cutting a part out of a video without decoding it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import av
import numpy as np
import numpy.typing as npt

from ferkit.mining.output import mp4
from ferkit.mining.shown import Mismatch


class Packets(NamedTuple):
    """The packets of a video stream, in the order they are decoded in.

    pts, dts: times of presentation and of decoding, in units of the stream, (P,).
    key: whether decoding can begin there, (P,).
    """

    pts: npt.NDArray[np.int64]
    dts: npt.NDArray[np.int64]
    key: npt.NDArray[np.bool_]


def packets_of(path: Path) -> Packets | None:
    """All packets; None where the file does not tell their times (AVI), or can't be walked."""
    rows: list[tuple[int, int, bool]] = []
    try:
        with av.open(str(path), metadata_errors="replace") as container:
            if "avi" in container.format.name.split(","):
                return None  # FFmpeg makes times up
            stream = container.streams.best("video")
            if stream is None:
                return None
            for packet in container.demux(stream):
                if packet.size:
                    if packet.pts is None or packet.dts is None or packet.is_corrupt:
                        return None
                    if not packet.is_discard:
                        rows.append((packet.pts, packet.dts, packet.is_keyframe))
    except (av.error.FFmpegError, ValueError):
        return None
    if not rows:
        return None
    pts, dts, key = zip(*rows, strict=True)
    return Packets(np.array(pts, np.int64), np.array(dts, np.int64), np.array(key, np.bool_))


def packets_to_copy(packets: Packets, first: int, last: int) -> range | None:
    """The packets that make up frames `first` to `last` and nothing else.

    Returns: their positions, in the order of decoding; None where there is no such part: it
        begins at no key frame, or packets of other frames lie between.
    """
    shown = np.unique(packets.pts)
    if last >= len(shown):
        return None
    inside = np.flatnonzero((packets.pts >= shown[first]) & (packets.pts <= shown[last]))
    begin, end = int(inside[0]), int(inside[-1]) + 1
    if end - begin != len(inside) or len(inside) != last - first + 1 or not packets.key[begin]:
        return None
    return range(begin, end) if packets.pts[begin] == shown[first] else None


def copy_packets(path: Path, packets: Packets, wanted: range, file: BinaryIO) -> None:
    """Write packets as an MP4 file of their own, which begins at 0 s; sound is left out.

    Raises: Mismatch: MP4 does not take them, or they are not found again.
        OSError: the file can't be written.
    """
    begin = int(packets.pts[wanted[0]])
    with mp4(file) as target, av.open(str(path), metadata_errors="replace") as source:
        stream = source.streams.best("video")
        written = _like(target, stream)
        source.seek(begin, stream=stream)
        done = 0
        for packet in source.demux(stream):
            if done == len(wanted):
                break
            pts, dts = packet.pts, packet.dts
            if not packet.size or pts is None or dts is None:
                continue
            if pts != packets.pts[wanted[done]] or dts != packets.dts[wanted[done]]:
                if done:
                    break
                continue  # the container seeks to an earlier one
            packet.stream = written
            packet.pts, packet.dts = pts - begin, dts - begin
            target.mux(packet)
            done += 1
        if done < len(wanted):
            raise Mismatch("packets are not found again")


def _like(target: Any, stream: Any) -> Any:
    """A stream of the same codec in another container; PyAV 13 has it under its older name."""
    make = getattr(target, "add_stream_from_template", None)
    return target.add_stream(template=stream) if make is None else make(stream)
