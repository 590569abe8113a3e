"""Holds decord back, so that few frames are in memory however slow the caller is.

Asked for a frame, decord reads packets from the file for as long as its decoding thread has none
ready. Reading is a hundred times faster than decoding: the whole file is in memory after the
first few frames, and all of it is decoded while the caller works on what he has. decord has no
switch for that. So the one function that it reads packets with, FFmpeg's `av_read_frame`, is
replaced in its table of imports by one that first waits until decord has decoded the packet that
it read some places before.
"""

from __future__ import annotations

import ctypes
import os
import threading
import time
from collections import deque
from ctypes import c_int, c_void_p
from functools import cache
from types import TracebackType
from typing import Any

from decord._ffi.base import _LIB

from ferkit_decord.imports import replace_import

PAUSE = 2e-4
"""Seconds between two looks at whether a packet has been decoded."""

PATIENCE = 0.1
"""Seconds to wait for a packet at first. decord's thread may have ended by an error, which shows
when decord goes on; where it had not, the patience doubles."""

MOST_PATIENCE = 5.0

IN_VAIN = 3
"""Times in a row that a frame was ready all the while: uncompressed video, whose frames are their
packets. Such video is decoded as fast as it is read, and need not be held back."""

_calling = threading.local()


def packets_ahead(threads: int) -> int:
    """How many packets decord may have read and not decoded.

    Args:
        threads: that decode; 0: FFmpeg's choice. Each keeps its packet until it gets another.
    """
    return 8 + (threads or min(16, (os.cpu_count() or 1) + 1))


class Ahead:
    """How far one decord reader reads ahead. A context around calls of it; one thread at a time.

    When a call ends, the frames that decord has decoded or will decode are no more than the
    packets and the few that the video's codec itself needs to put frames in order.

    Args:
        packets: as of `packets_ahead`.
    """

    def __init__(self, packets: int) -> None:
        self._packets = packets
        self._read: deque[_Packet] = deque()  # the last ones, the oldest first
        self._patience = PATIENCE
        self._gave_up = False  # all patience, in the present call of decord
        self._in_vain = 0

    def __enter__(self) -> None:
        _calling.ahead = self
        self._gave_up = False

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        _calling.ahead = None
        self._in_vain += self._gave_up and error is None

    def forget(self) -> None:
        """The packets so far, for their reader is closed."""
        self._read.clear()

    def wait(self) -> None:
        """Until decord may read another packet."""
        if self._gave_up:  # decord asks again: it is well, and had no frame
            self._patience = min(2 * self._patience, MOST_PATIENCE)
            self._gave_up = False
        if len(self._read) < self._packets:
            return
        oldest = self._read.popleft()
        if self._in_vain >= IN_VAIN:
            return
        until = time.monotonic() + self._patience
        while not oldest.decoded():
            if time.monotonic() > until:
                self._gave_up = True
                return
            time.sleep(PAUSE)
        self._in_vain = 0

    def note(self, packet: _Packet) -> None:
        """decord has read it."""
        self._read.append(packet)


class _Packet:
    """The data of an FFmpeg packet; they stay until this object goes.

    Args:
        ffmpeg: the library.
        buffer: address of the AVBufferRef.
    """

    def __init__(self, ffmpeg: Any, buffer: int) -> None:
        self._holders = ffmpeg.av_buffer_get_ref_count
        self._release = ffmpeg.av_buffer_unref
        self._buffer = c_void_p(ffmpeg.av_buffer_ref(c_void_p(buffer)))

    def __del__(self) -> None:
        self._release(ctypes.byref(self._buffer))

    def decoded(self) -> bool:
        """Whether decord has done with them."""
        return int(self._holders(self._buffer)) == 1


def hold_back() -> bool:
    """From now on have decord wait in calls inside the context of an `Ahead`, and only in those.

    Returns: False where that can't be done: decord reads as far ahead as it likes.
    """
    with _once:
        return _hold_back()


_once = threading.Lock()


@cache
def _hold_back() -> bool:
    ffmpeg: Any = ctypes.CDLL(_LIB._name)  # the same library; its functions' types are our own
    try:
        ffmpeg.av_buffer_ref.restype = c_void_p
        ffmpeg.av_buffer_get_ref_count.restype = c_int
        ffmpeg.av_buffer_unref.restype = None
        ffmpeg.av_packet_make_writable.argtypes = (c_void_p,)
        read_frame = ffmpeg.av_read_frame
    except AttributeError:  # decord was built in another way
        return False
    read_frame.argtypes = (c_void_p, c_void_p)

    def waiting_read_frame(file: int, packet: int) -> int:
        ahead: Ahead | None = getattr(_calling, "ahead", None)
        if ahead is None:
            return int(read_frame(file, packet))
        ahead.wait()
        status = int(read_frame(file, packet))
        # Packets of Matroska share their data with FFmpeg's reader of the file: copied, then.
        if status >= 0 and not ffmpeg.av_packet_make_writable(packet):
            buffer = c_void_p.from_address(packet).value  # the first field of an AVPacket
            if buffer:
                ahead.note(_Packet(ffmpeg, buffer))
        return status

    replacement = ctypes.CFUNCTYPE(c_int, c_void_p, c_void_p)(waiting_read_frame)
    _kept.append(replacement)
    return replace_import(ffmpeg, "av_read_frame", ctypes.cast(replacement, c_void_p).value or 0)


_kept: list[object] = []  # decord calls it until the process ends
