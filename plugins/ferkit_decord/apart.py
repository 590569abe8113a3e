"""Frames of a long video from a process of its own, which stands still while nobody asks for them.

decord decodes on in threads of its own while its caller is busy, without a bound. A process can be
stopped as a whole, and goes on where it was.
"""

from __future__ import annotations

import json
import math
import mmap
import os
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from types import TracebackType

import numpy as np
import numpy.typing as npt

from ferkit_decord.child import ERROR, FRAMES, HEAD, LONGEST_TEXT

BATCH_BYTES = 32 << 20
"""Frames that the process hands over at a time; at least one."""


class Lost(Exception):
    """The process could not decode a frame, or ended."""


class FramesApart:
    """A process that decodes frames of these numbers; to be used in a `with`.

    Args:
        uri: what decord opens.
        threads: decoding threads; 0: one, since more decode faster than frames are taken, and pile
            them up.
        numbers: of the frames, (N,), ascending.
        shape: of each frame, (H, W, 3).
    """

    def __init__(
        self, uri: str, threads: int, numbers: npt.NDArray[np.int64], shape: tuple[int, ...]
    ) -> None:
        self._uri, self._threads, self._numbers, self._shape = uri, threads, numbers, shape
        self._at_once = max(1, BATCH_BYTES // math.prod(shape))
        self._rest = np.empty((0, *shape), np.uint8)  # in shared memory and not taken yet

    def __enter__(self) -> FramesApart:
        size = HEAD.size + max(self._at_once * math.prod(self._shape), LONGEST_TEXT)
        memory = _unnamed_file(size)
        try:
            self._shared = mmap.mmap(memory, size)
            # In a process group of its own: if this process dies, the system wakes and ends one
            # that is stopped; and Ctrl-C is for this process alone.
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "ferkit_decord.child"],
                env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=(memory,),
                process_group=0,
            )
        finally:
            os.close(memory)
        request = {
            "uri": self._uri,
            "threads": self._threads or 1,
            "memory": memory,
            "parent": os.getpid(),
            "at_once": self._at_once,
            "shape": self._shape,
        }
        assert self._process.stdin is not None  # it is asked for
        with suppress(BrokenPipeError):  # that it ended is noticed when it should answer
            numbers = self._numbers.astype(np.int64).tobytes()
            self._process.stdin.write(json.dumps(request).encode() + b"\n" + numbers)
            self._process.stdin.close()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process.returncode is None:
            self._process.kill()  # also one that is stopped
            self._process.wait()
        self._rest = np.empty((0, *self._shape), np.uint8)  # lets go of the shared memory
        self._shared.close()

    def take(self, count: int) -> tuple[npt.NDArray[np.uint8], Lost | None]:
        """The next frames, (<= count, H, W, 3), and why there are fewer than `count`."""
        taken = np.empty((count, *self._shape), np.uint8)
        filled = 0
        while filled < count:
            if not len(self._rest) and (failure := self._receive()) is not None:
                return taken[:filled], failure
            some = self._rest[: count - filled]
            taken[filled : filled + len(some)] = some
            filled, self._rest = filled + len(some), self._rest[len(some) :]
        return taken, None

    def _receive(self) -> Lost | None:
        """Let the process go on until its next batch is in the shared memory."""
        self._shared[: HEAD.size] = HEAD.pack(0, 0)
        if self._process.returncode is None:
            # At first it is not stopped, and this does nothing.
            os.kill(self._process.pid, signal.SIGCONT)
            _, status = os.waitpid(self._process.pid, os.WUNTRACED)
            if not os.WIFSTOPPED(status):
                self._process.returncode = os.waitstatus_to_exitcode(status)
        kind, count = HEAD.unpack(self._shared[: HEAD.size])
        if kind == FRAMES:
            size = count * math.prod(self._shape)
            pixels = np.frombuffer(self._shared, np.uint8, size, HEAD.size)
            self._rest = pixels.reshape(count, *self._shape)
            return None
        if kind == ERROR:
            return Lost(self._shared[HEAD.size : HEAD.size + count].decode(errors="replace"))
        return Lost(f"the decoding process ended ({self._process.returncode})")


def _unnamed_file(size: int) -> int:
    """A descriptor of a file of so many zeros that is gone with its last user."""
    if hasattr(os, "memfd_create"):
        memory = os.memfd_create("ferkit")
    else:
        with tempfile.TemporaryFile() as file:
            memory = os.dup(file.fileno())
    os.truncate(memory, size)
    return memory
