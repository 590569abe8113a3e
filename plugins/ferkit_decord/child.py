"""The process that decodes a long video for `apart`; it imports nothing heavy.

Its request is a line of JSON, the numbers of the frames are in the memory that it shares with its
parent. It writes batch by batch into that, and stops itself after each: all its threads stand
still until the parent, which sees it stop, asks for the next one and lets it go on.
"""

from __future__ import annotations

import ctypes
import json
import math
import mmap
import os
import signal
import struct
import sys
from collections.abc import Iterator
from contextlib import suppress

import decord
import numpy as np
import numpy.typing as npt

from ferkit_decord.decoding import Frames, opened, put

HEAD = struct.Struct("<qqqq")
"""The shared memory begins with the number of the batch that is asked for (from 1), which the
parent writes; the number of the batch that is there; `FRAMES` and how many, or `ERROR` and the
bytes of a text."""

ASKED = struct.Struct("<q")
"""The first of them."""

FRAMES, ERROR = 1, 2

LONGEST_TEXT = 4096

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Answer one request."""
    asked = json.loads(sys.argv[1])
    end_with(asked["parent"])
    decord.logging.set_level(decord.logging.QUIET)
    shared = mmap.mmap(asked["memory"], 0)
    numbers = np.frombuffer(shared, np.int64, asked["count"], HEAD.size)
    start, shape = HEAD.size + numbers.nbytes, (asked["at_once"], *asked["shape"])
    room = np.frombuffer(shared, np.uint8, math.prod(shape), start).reshape(shape)
    batch = 0
    try:
        for count in written(asked["uri"], numbers, room, threads=asked["threads"]):
            batch += 1
            hand_over(shared, batch, FRAMES, count, asked["parent"])
    except Exception as error:  # decord's are many
        text = f"{type(error).__name__}: {error}".encode(errors="replace")[:LONGEST_TEXT]
        shared[start : start + len(text)] = text
        hand_over(shared, batch + 1, ERROR, len(text), asked["parent"])


def hand_over(shared: mmap.mmap, batch: int, kind: int, count: int, parent: int) -> None:
    """Say what is in the memory, and stand still until the next batch is asked for."""
    shared[ASKED.size : HEAD.size] = HEAD.pack(0, batch, kind, count)[ASKED.size :]
    while ASKED.unpack(shared[: ASKED.size])[0] <= batch:
        if os.getppid() != parent:
            os._exit(1)
        # Whoever lets it go on: it stops again if nothing was asked for.
        os.kill(os.getpid(), signal.SIGSTOP)


def end_with(parent: int) -> None:
    """Let the system end this process when its parent ends.

    Elsewhere than on Linux, the system lets one that is stopped go on then, and it ends itself.
    """
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def written(
    uri: str,
    numbers: npt.NDArray[np.int64],
    room: npt.NDArray[np.uint8],
    *,
    threads: int,
) -> Iterator[int]:
    """Write frames into `room`, (n, H, W, 3), batch by batch, and say how many they are.

    Raises: one of decord's errors, or ValueError: a frame can't be decoded, or has another size.
    """
    frames = Frames(lambda: opened(uri, threads))
    for start in range(0, len(numbers), len(room)):
        some = numbers[start : start + len(room)].tolist()
        if some[-1] - some[0] == len(some) - 1:
            try:
                frames.run(some[0], room[: len(some)])
            except Exception:  # decord's are many; one by one, each gets another try
                frames.begin_again()
            else:
                yield len(some)
                continue
        for number in some:
            put(room, 0, frames.frame(number))
            yield 1


if __name__ == "__main__":
    main()
