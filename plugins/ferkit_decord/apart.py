"""Frames of a long video from a process of its own, which stands still while nobody asks for them.

decord decodes on in threads of its own while its caller is busy, without a bound. A process can be
stopped as a whole, and goes on where it was.

Both share memory: what is asked for and what there is (`child.HEAD`), the numbers of the frames,
and room for a batch of them. The process writes a batch only if it was asked for, whoever else
stops it or lets it go on.
"""

from __future__ import annotations

import errno
import json
import math
import mmap
import os
import signal
import subprocess
import sys
import tempfile
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from types import TracebackType

import numpy as np
import numpy.typing as npt

from ferkit_decord.child import ASKED, ERROR, FRAMES, HEAD, LONGEST_TEXT

BATCH_BYTES = 32 << 20
"""Frames that the process hands over at a time; at least one."""


def possible() -> bool:
    """Whether there can be such processes here."""
    return hasattr(signal, "SIGSTOP") and bool(sys.executable) and not hasattr(sys, "frozen")


class Lost(Exception):
    """decord could not decode a frame."""


class FramesApart:
    """A process that decodes frames of these numbers; to be used in a `with`.

    Args:
        uri: what decord opens.
        threads: decoding threads; 0: one, since more decode faster than frames are taken, and pile
            them up.
        numbers: of the frames, (N,), ascending.
        shape: of each frame, (H, W, 3).
    Raises: OSError: there can be no such process.
    """

    def __init__(
        self, uri: str, threads: int, numbers: npt.NDArray[np.int64], shape: tuple[int, ...]
    ) -> None:
        self._shape = shape
        self._request = {
            "uri": uri,
            "threads": threads or 1,
            "count": len(numbers),
            "at_once": max(1, BATCH_BYTES // math.prod(shape)),
            "shape": shape,
            "parent": os.getpid(),
        }
        self._numbers = np.ascontiguousarray(numbers, np.int64)
        self._room = HEAD.size + self._numbers.nbytes  # where the frames begin
        self._batch = 1  # number of the batch that is asked for
        self._rest = np.empty((0, *shape), np.uint8)  # in shared memory and not taken yet

    def __enter__(self) -> FramesApart:
        frames = math.prod(self._shape) * int(self._request["at_once"])  # type: ignore[call-overload]
        size = self._room + max(frames, LONGEST_TEXT)
        memory = _unnamed_file(size)
        try:
            self._shared = mmap.mmap(memory, size)
            self._shared[: HEAD.size] = HEAD.pack(self._batch, 0, 0, 0)
            self._shared[HEAD.size : self._room] = self._numbers.tobytes()
            started = _starters().submit(_start, self._request, memory)
            try:
                self._process = started.result()
            except BaseException:  # such as Ctrl-C
                started.add_done_callback(_end)
                raise
        finally:
            os.close(memory)
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
        with suppress(BufferError):  # an error's traceback still holds some of it
            self._shared.close()

    def take(self, count: int) -> tuple[npt.NDArray[np.uint8], Lost | None]:
        """The next frames, (<= count, H, W, 3), and why there are fewer than `count`.

        Raises: OSError: the process ended.
        """
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
        """Wait until the batch that is asked for is in the shared memory; take it."""
        while True:
            self._wait()
            _, written, kind, count = HEAD.unpack(self._shared[: HEAD.size])
            if written == self._batch:
                break
            # It was told to go on before it stood still, or was stopped by somebody else.
            self._go_on()
        if kind == ERROR:
            text = self._shared[self._room : self._room + count]
            return Lost(text.decode(errors="replace"))
        assert kind == FRAMES
        pixels = np.frombuffer(self._shared, np.uint8, count * math.prod(self._shape), self._room)
        self._rest = pixels.reshape(count, *self._shape)
        self._batch += 1
        return None

    def _wait(self) -> None:
        """Until the process stands still. Raises: OSError: it ended."""
        if self._batch > 1:
            self._shared[: ASKED.size] = ASKED.pack(self._batch)
            self._go_on()
        if self._process.returncode is None:
            try:
                _, status = os.waitpid(self._process.pid, os.WUNTRACED)
            except ChildProcessError:  # somebody waits for all, or SIGCHLD is ignored
                self._process.returncode = 0
            else:
                if os.WIFSTOPPED(status):
                    return
                self._process.returncode = os.waitstatus_to_exitcode(status)
        raise OSError(
            errno.EIO,
            f"decord's process ended ({self._process.returncode}); perhaps the system ran out of "
            "memory",
        )

    def _go_on(self) -> None:
        with suppress(ProcessLookupError):  # it ended, which waiting for it tells
            os.kill(self._process.pid, signal.SIGCONT)


def _start(request: dict[str, object], memory: int) -> subprocess.Popen[bytes]:
    path = [entry for entry in sys.path if isinstance(entry, str) and entry]
    return subprocess.Popen(
        [
            sys.executable,
            "-P",
            "-m",
            "ferkit_decord.child",
            json.dumps(request | {"memory": memory}),
        ],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=(memory,),
        process_group=0,  # Ctrl-C is for this process alone
    )


def _end(started: Future[subprocess.Popen[bytes]]) -> None:
    if not started.cancelled() and started.exception() is None:
        started.result().kill()
        started.result().wait()


_STARTERS: dict[int, ThreadPoolExecutor] = {}


def _starters() -> ThreadPoolExecutor:
    """A thread that lives as long as this process.

    Linux ends what a thread has started, if it asked for that, when the thread ends.
    """
    process = os.getpid()  # threads do not survive a fork
    return _STARTERS.setdefault(process, ThreadPoolExecutor(1, thread_name_prefix="decord"))


def _unnamed_file(size: int) -> int:
    """A descriptor of a file of so many zeros that is gone with its last user."""
    if hasattr(os, "memfd_create"):
        found = [os.memfd_create("ferkit")]
    else:
        with tempfile.TemporaryFile() as file:
            found = [os.dup(file.fileno())]
    try:
        while found[-1] < 3:  # the first three are the process's own
            found.append(os.dup(found[-1]))
        os.truncate(found[-1], size)
        return found.pop()
    finally:
        for other in found:
            os.close(other)
