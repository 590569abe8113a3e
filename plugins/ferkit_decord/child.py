"""The process that decodes a long video for `apart`; it imports nothing heavy.

It reads its request, a line of JSON, and frame numbers from stdin. Then it writes batch by batch
into memory that it shares with its parent, and stops itself after each: all its threads stand still
until the parent, which sees it stop, lets it go on. If the parent dies, the system lets it go on,
and it ends.
"""

from __future__ import annotations

import json
import math
import mmap
import os
import signal
import struct
import sys
from collections.abc import Iterator

import decord
import numpy as np
import numpy.typing as npt

from ferkit_decord.decoding import Frames, opened, put

HEAD = struct.Struct("<qq")
"""The shared memory begins with `FRAMES` and their number, or `ERROR` and the bytes of a text."""

FRAMES, ERROR = 1, 2

LONGEST_TEXT = 4096


def main() -> None:
    """Answer one request."""
    decord.logging.set_level(decord.logging.QUIET)
    asked = json.loads(sys.stdin.buffer.readline())
    numbers = np.frombuffer(sys.stdin.buffer.read(), np.int64)
    shared = mmap.mmap(asked["memory"], 0)
    room = np.frombuffer(shared, np.uint8, asked["at_once"] * math.prod(asked["shape"]), HEAD.size)
    room = room.reshape(asked["at_once"], *asked["shape"])
    try:
        for count in written(asked["uri"], numbers, room, threads=asked["threads"]):
            shared[: HEAD.size] = HEAD.pack(FRAMES, count)
            stand_still(asked["parent"])
    except Exception as error:  # decord's are many
        text = f"{type(error).__name__}: {error}".encode()[:LONGEST_TEXT]
        shared[HEAD.size : HEAD.size + len(text)] = text
        shared[: HEAD.size] = HEAD.pack(ERROR, len(text))
        stand_still(asked["parent"])


def stand_still(parent: int) -> None:
    """Stop this process until `parent` lets it go on; end it if `parent` is dead."""
    if os.getppid() == parent:
        os.kill(os.getpid(), signal.SIGSTOP)
    if os.getppid() != parent:
        # The system's SIGHUP, which would end this process, may be ignored, as under nohup.
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
