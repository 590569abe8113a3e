"""The check of video readers finds what is wrong with one."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from ferkit.contracts.faces import FrameChunk, Sampling, VideoReader
from ferkit.errors import FerkitError, RunError
from ferkit.plugin import Context
from ferkit.testing import check_video_reader

Make = Callable[[Context], VideoReader]


class Good:
    """Passes on what a good reader reads."""

    def __init__(self, inner: VideoReader) -> None:
        self.inner = inner

    def read(self, path: Path, sampling: Sampling) -> Iterator[FrameChunk]:
        for chunk in self.inner.read(path, sampling):
            yield self.changed(chunk)

    def changed(self, chunk: FrameChunk) -> FrameChunk:
        return chunk


class Tuples(Good):
    def changed(self, chunk):
        return tuple(chunk)


class ChannelsLast(Good):
    def changed(self, chunk):
        return chunk._replace(frames=chunk.frames.permute(0, 2, 3, 1))


class Floats(Good):
    def changed(self, chunk):
        return chunk._replace(frames=chunk.frames.float())


class ShortNumbers(Good):
    def changed(self, chunk):
        return chunk._replace(number=chunk.number.int())


class ShortTimes(Good):
    def changed(self, chunk):
        return chunk._replace(timestamp=chunk.timestamp.float())


class Unknown(Good):
    def changed(self, chunk):
        return chunk._replace(expected=None)


class WrongCount(Good):
    def changed(self, chunk):
        return chunk._replace(expected=chunk.expected + 1)


class Bgr(Good):
    def changed(self, chunk):
        return chunk._replace(frames=chunk.frames.flip(1))


class UpsideDown(Good):
    def changed(self, chunk):
        return chunk._replace(frames=chunk.frames.flip(2))


class Smaller(Good):
    def changed(self, chunk):
        return chunk._replace(frames=chunk.frames[..., ::2, ::2])


class OneLate(Good):
    """Says the right numbers, and shows the frames before them."""

    def read(self, path, sampling):
        before = None
        for chunk in super().read(path, sampling):
            frames = chunk.frames.clone()
            shown = torch.cat([frames[:1] if before is None else before, frames[:-1]])
            before = frames[-1:]
            yield chunk._replace(frames=shown)


class FromOne(Good):
    def changed(self, chunk):
        return chunk._replace(number=chunk.number + 1)


class NoEnd(Good):
    def read(self, path, sampling):
        return super().read(path, sampling._replace(last=None))


class LastLeftOut(Good):
    def read(self, path, sampling):
        last = sampling.last
        return super().read(path, sampling._replace(last=last and max(sampling.first, last - 1)))


class EvenFromTheStart(Good):
    def read(self, path, sampling):
        if sampling.mode == "even" and sampling.value == 3:
            sampling = Sampling("every", 14)
        return super().read(path, sampling)


class ByTheRate(Good):
    def changed(self, chunk):
        return chunk._replace(timestamp=chunk.number.double() / 25)


class Milliseconds(Good):
    def changed(self, chunk):
        return chunk._replace(timestamp=chunk.timestamp * 1000)


class OneTime(Good):
    def changed(self, chunk):
        return chunk._replace(timestamp=chunk.timestamp * 0)


class OneBuffer(Good):
    def __init__(self, inner) -> None:
        super().__init__(inner)
        self.buffer = torch.zeros(0)

    def changed(self, chunk):
        if self.buffer.shape != chunk.frames.shape:
            self.buffer = torch.zeros_like(chunk.frames)
        return chunk._replace(frames=self.buffer.copy_(chunk.frames))


class EmptyChunks(Good):
    def read(self, path, sampling):
        for chunk in super().read(path, sampling):
            yield chunk
            yield FrameChunk(*(part[:0] for part in chunk[:3]), chunk.expected)


class NotTurned(Good):
    def changed(self, chunk):
        upright = chunk.frames.shape[2] < chunk.frames.shape[3]
        return chunk if upright else chunk._replace(frames=chunk.frames.rot90(1, (2, 3)))


class OneThread(Good):
    """Goes wrong if two threads are in it at once."""

    def __init__(self, inner) -> None:
        super().__init__(inner)
        self.meeting = threading.Barrier(2)

    def read(self, path, sampling):
        met = False
        if threading.current_thread() is not threading.main_thread():
            try:
                self.meeting.wait(2)
                met = True
            except threading.BrokenBarrierError:
                pass
        for chunk in super().read(path, sampling):
            yield chunk._replace(frames=chunk.frames * 0) if met else chunk


class OnePosition(Good):
    """Begins where the reading before it was left."""

    def __init__(self, inner) -> None:
        super().__init__(inner)
        self.left: dict[tuple[Path, Sampling], Iterator[FrameChunk]] = {}

    def read(self, path, sampling):
        yield from self.left.setdefault((path, sampling), super().read(path, sampling))
        del self.left[path, sampling]


class Silent(Good):
    def read(self, path, sampling):
        try:
            yield from super().read(path, sampling)
        except FerkitError:
            return


class Raw(Good):
    def read(self, path, sampling):
        try:
            yield from super().read(path, sampling)
        except FerkitError as error:
            raise ValueError(str(error)) from error


class EndsTheRun(Good):
    def read(self, path, sampling):
        try:
            yield from super().read(path, sampling)
        except FerkitError as error:
            raise RunError(error.what) from error


class SilentAtTheEnd(Good):
    def read(self, path, sampling):
        seen = False
        try:
            for chunk in super().read(path, sampling):
                seen = True
                yield chunk
        except FerkitError:
            if not seen and "cut off" not in str(sys.exc_info()[1]):
                raise


def test_one_that_keeps_the_contract(make_reader: Make) -> None:
    pytest.importorskip("av", reason="PyAV, which writes some of the videos, is not installed")
    assert check_video_reader(lambda context: Good(make_reader(context))) == (
        "motion JPEG (AVI)",
        "uneven MPEG-4 (MP4)",
        "turned MPEG-4 (MP4)",
    )


def test_without_pyav_it_says_what_it_skips(
    make_reader: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.warns(UserWarning, match=r"skips uneven MPEG-4 \(MP4\) and turned .*PyAV"):
        assert check_video_reader(make_reader) == ("motion JPEG (AVI)",)


@pytest.mark.parametrize(
    ("reader", "rule"),
    [
        (Tuples, "a chunk is a tuple"),
        (ChannelsLast, r"frames are not \(B, 3, H, W\)"),
        (Floats, "frames are torch.float32, not uint8"),
        (ShortNumbers, "number is torch.int32, not torch.int64"),
        (ShortTimes, "timestamp is torch.float32, not torch.float64"),
        (Unknown, "expected is None, not a number"),
        (WrongCount, r"'all' from 0: expected is 41, and 40 frames come"),
        (Bgr, "frames are upside down, mirrored or not RGB"),
        (UpsideDown, "frames are upside down, mirrored or not RGB"),
        (Smaller, r"a frame is \(3, 48, 64\), not \(3, 96, 128\)"),
        (OneLate, r"'all' from 0: the pixels are those of frames \[0, 0, 1, 2"),
        (FromOne, r"'all' from 0: frames \[1, 2, .* instead of \[0, 1, 2"),
        (NoEnd, r"'all' from 5 to 5: frames \[5, 6, .* instead of \[5\]"),
        (LastLeftOut, r"'fps 10' from 20 to 35: frames .* instead of"),
        (EvenFromTheStart, r"'even 3' from 0: frames \[0, 14, 28\] instead of \[6, 20, 33\]"),
        (ByTheRate, r"uneven MPEG-4 \(MP4\), 'all' from 0: the timestamp of frame"),
        (Milliseconds, "the timestamp of frame 39 is 1560.0000 seconds instead of 1.5600"),
        (OneTime, "timestamps do not ascend"),
        (OneBuffer, "a chunk changes when the next one is read"),
        (EmptyChunks, "a chunk is empty"),
        (NotTurned, "a frame is not turned the way a player shows it"),
        (OneThread, "two threads that read at once get other frames than one"),
        (OnePosition, "after a reading that was left half-way, the next one gives other frames"),
        (Silent, r"a file that is no video \(missing\) is no error"),
        (Raw, r"\(missing\) is ValueError\(.*\) instead of a FerkitError"),
        (EndsTheRun, r"\(missing\) is RunError\(.*\) instead of a FerkitError about the file"),
        (SilentAtTheEnd, "a video that was cut off is no error"),
    ],
    ids=lambda part: part.__name__ if isinstance(part, type) else "",
)
def test_a_broken_one_is_refused(reader, rule: str, make_reader: Make) -> None:
    pytest.importorskip("av", reason="PyAV, which writes some of the videos, is not installed")
    with pytest.raises(AssertionError, match=rule):
        check_video_reader(lambda context: reader(make_reader(context)))
