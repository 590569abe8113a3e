"""Decoding in threads, ahead of detection, within a bound of memory."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from torch import Tensor

from ferkit.contracts.data import Problem
from ferkit.contracts.faces import FrameChunk, Sampling
from ferkit.errors import FerkitError, RunError
from ferkit.faces.choose import Reason
from ferkit.faces.decode import decode_photo, is_video
from ferkit.faces.frame_folder import images_in, read_folder
from ferkit.faces.steps import Steps
from ferkit.faces.unexpected import UNEXPECTED, refused, said_of
from ferkit.faces.work import Work

AHEAD_BYTES = 128 << 20
"""Decoded frames that may wait; besides, each thread holds what it is decoding."""


NAMED = 3
"""Broken images of a clip that are named; the others are counted."""


class Photo(NamedTuple):
    """A photograph, (3, H, W) uint8."""

    work: Work
    image: Tensor


class Frames(NamedTuple):
    """Some frames of a clip; those of one clip come in order."""

    work: Work
    chunk: FrameChunk


class Ended(NamedTuple):
    """Nothing more comes of a file. broken: why it ended early or gave nothing. passing: the
    file could not be read this time, or a reader failed at it in a way that nobody foresaw."""

    work: Work
    broken: Reason | None = None
    passing: Problem | None = None


Decoded = Photo | Frames | Ended


def decode(work: Work, steps: Steps) -> Iterator[Decoded]:
    """Everything that one file gives; a photograph that can be decoded has no `Ended`.

    Raises: RunError: what no other file would escape.
    """
    sampling = steps.sampling
    if work.span is not None:
        sampling = sampling._replace(first=work.span[0], last=work.span[1])
    try:
        if Path(work.path).is_dir():
            yield from _decode_folder(work, sampling)
            return
        if not is_video(work.path):
            yield Photo(work, decode_photo(work.path))
            return
        if steps.reader is None:
            yield Ended(work, Reason("unreadable video", "no video reader is configured."))
            return
        seen = False
        try:
            for chunk in steps.reader.read(Path(work.path), sampling):
                yield Frames(work, chunk)
                seen = True
        except RunError:
            raise
        except FerkitError as error:
            yield Ended(work, Reason("broken video" if seen else "unreadable video", error.advice))
            return
        yield Ended(work)
    except RunError:
        raise
    except FerkitError as error:
        yield Ended(work, Reason("unreadable image", error.advice))
    except OSError as error:
        what = refused(error, work.path)
        yield Ended(work, passing=Problem("unreadable file", work.path, what, True))
    except Exception as error:  # such as a bug of a reader, or too little memory at this moment
        what = said_of(error, during="decoding")
        yield Ended(work, passing=Problem(UNEXPECTED, work.path, what, True))


def _decode_folder(work: Work, sampling: Sampling) -> Iterator[Decoded]:
    """The images of a folder as a clip; without one that is broken it goes on."""
    names = images_in(work.path)
    if not names:
        yield Ended(work, Reason("empty folder", "the folder holds no image."))
        return
    broken: list[Problem] = []
    seen = 0
    try:
        reading = read_folder(Path(work.path), names, sampling, frame_rate=work.frame_rate)
        for item in reading:
            if isinstance(item, Problem):
                broken.append(item)
            else:
                yield Frames(work, item)
                seen += len(item.frames)
    except FerkitError as error:
        yield Ended(work, Reason("unreadable clip", error.advice))
        return
    if not broken:
        yield Ended(work)
        return
    named = [f"{Path(one.where).name} ({one.what.rstrip('.')})" for one in broken[:NAMED]]
    more = f" and {len(broken) - NAMED} more" if len(broken) > NAMED else ""
    what = f"{len(broken)} of {len(broken) + seen} sampled images can't be used: "
    what += f"{', '.join(named)}{more}."
    yield Ended(work, Reason("broken frames" if seen else "unreadable clip", what))


def decode_ahead(
    work: Sequence[Work], steps: Steps, *, threads: int, budget: int = AHEAD_BYTES
) -> Generator[Decoded, None, None]:
    """`decode` all of `work`, several files at a time, while the caller does something else.

    Files come in about their order. What a thread raises is raised here.

    Args:
        threads: files decoded at a time, at least 1.
        budget: bytes of decoded frames that may wait.
    """
    shelf = _Shelf(budget)
    todo = iter(work)
    turn = threading.Lock()

    def decode_next() -> None:
        try:
            while True:
                with turn:
                    one = next(todo, None)
                if one is None:
                    break
                for item in decode(one, steps):
                    if not shelf.put(item):
                        return  # the caller has gone; generators close with this frame
        except BaseException as error:  # told to the caller, whatever it is
            shelf.fail(error)
        finally:
            shelf.producer_ended()

    producers = [
        threading.Thread(target=decode_next, name=f"decode-{number}", daemon=True)
        for number in range(max(1, min(threads, len(work))))
    ]
    shelf.producers = len(producers)
    for producer in producers:
        producer.start()
    try:
        while (item := shelf.take()) is not None:
            yield item
    finally:
        shelf.close()
        for producer in producers:
            producer.join()


class _Shelf:
    """A queue that is full by bytes; it ends when all producers have."""

    def __init__(self, budget: int) -> None:
        self.producers = 0
        self._budget = budget
        self._items: deque[tuple[Decoded, int]] = deque()
        self._bytes = 0
        self._closed = False
        self._error: BaseException | None = None
        self._changed = threading.Condition()

    def put(self, item: Decoded) -> bool:
        """Wait for room; False if nobody will take it any more."""
        size = _size(item)
        with self._changed:
            self._changed.wait_for(
                lambda: self._closed or not self._bytes or self._bytes + size <= self._budget
            )
            if self._closed:
                return False
            self._items.append((item, size))
            self._bytes += size
            self._changed.notify_all()
            return True

    def take(self) -> Decoded | None:
        """The next item; None at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._items or self._error or not self.producers)
            if self._error is not None:
                raise self._error
            if not self._items:
                return None
            item, size = self._items.popleft()
            self._bytes -= size
            self._changed.notify_all()
            return item

    def fail(self, error: BaseException) -> None:
        with self._changed:
            self._error = self._error or error
            self._changed.notify_all()

    def producer_ended(self) -> None:
        with self._changed:
            self.producers -= 1
            self._changed.notify_all()

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._items.clear()
            self._changed.notify_all()


def _size(item: Decoded) -> int:
    if isinstance(item, Photo):
        return item.image.nbytes
    return item.chunk.frames.nbytes if isinstance(item, Frames) else 0
