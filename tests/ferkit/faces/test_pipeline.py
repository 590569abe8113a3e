"""Stages that overlap: bounded, in order within a source; what is done survives an error."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from ferkit.contracts.data import Sample
from ferkit.contracts.faces import FrameChunk, Sampling, VideoReader
from ferkit.errors import FerkitError, RunError
from ferkit.faces import decode as decode_module
from ferkit.faces import decoding as decoding_module
from ferkit.faces import parts as parts_module
from ferkit.faces import store as store_module
from ferkit.faces.decoding import Ended, Frames, decode_ahead
from ferkit.faces.keys import FileState
from ferkit.faces.parts import FrameRow
from ferkit.faces.pipeline import store_events
from ferkit.faces.prepare import prepare
from ferkit.faces.prepared import Quiet
from ferkit.faces.process import process
from ferkit.faces.shards import write_shard
from ferkit.faces.steps import Steps
from ferkit.faces.store import Store
from ferkit.faces.work import Cropped, Event, Finished, Unreadable, Work
from ferkit.files import TEMPORARY

Photos = Callable[..., Sample]


def work_of(*samples: Sample) -> list[Work]:
    return [Work(sample.id, sample.path, FileState(1, 1)) for sample in samples]


class Slow:
    """A reader whose videos have `frames` frames and never more than `limit` wait for anyone."""

    def __init__(self, frames: int) -> None:
        self.frames = frames
        self.read_so_far = 0
        self.closed = 0

    def read(self, path: Path, sampling: Sampling) -> Iterator[FrameChunk]:
        try:
            for number in range(self.frames):
                self.read_so_far += 1
                index = torch.tensor([number])
                frame = torch.zeros(1, 3, 10, 10, dtype=torch.uint8)
                yield FrameChunk(frame, index, index.double(), self.frames)
        finally:
            self.closed += 1


@pytest.fixture
def video(tmp_path: Path) -> Work:
    (tmp_path / "v.mp4").write_text("")
    return Work("v", str(tmp_path / "v.mp4"), FileState(1, 1))


def test_decoding_runs_ahead_no_further_than_the_budget(video: Work, steps: Steps) -> None:
    reader = Slow(1000)
    ahead = decode_ahead([video], replace(steps, reader=reader), threads=2, budget=3000)
    next(ahead)
    time.sleep(0.05)
    # Ten frames of 300 bytes wait, one is held by the thread, one was taken.
    assert reader.read_so_far <= 12
    ahead.close()
    assert reader.closed == 1
    assert not any(thread.name.startswith("decode") for thread in threading.enumerate())


def test_one_item_larger_than_the_budget_still_passes(video: Work, steps: Steps) -> None:
    reader = Slow(5)
    items = list(decode_ahead([video], replace(steps, reader=reader), threads=1, budget=1))
    assert [type(item) for item in items] == [Frames] * 5 + [Ended]


@pytest.mark.parametrize("error", [RunError, KeyboardInterrupt, SystemExit])
def test_what_no_file_is_to_blame_for_ends_the_run(
    photo: Photos, steps: Steps, monkeypatch: pytest.MonkeyPatch, error: type[BaseException]
) -> None:
    def broken(path: str) -> None:
        raise error("enough")

    monkeypatch.setattr(decoding_module, "decode_photo", broken)
    with pytest.raises(error, match="enough"):
        list(decode_ahead(work_of(photo("a.png")), steps, threads=2))


class Buggy:
    """A reader of the toy "videos" that fails at `b.mp4` after its first frame, while told to."""

    def __init__(self, whole: VideoReader, error: Exception) -> None:
        self.whole = whole
        self.error: Exception | None = error

    def read(self, path: Path, sampling: Sampling) -> Iterator[FrameChunk]:
        for chunk in self.whole.read(path, sampling):
            yield chunk
            if path.name == "b.mp4" and self.error is not None:
                raise self.error


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ValueError("no such  plane."), "ValueError: no such plane (while decoding, "),
        (MemoryError(), "MemoryError (while decoding, "),
    ],
)
def test_a_readers_bug_costs_one_video_and_is_not_remembered(
    steps: Steps, tmp_path: Path, error: Exception, said: str
) -> None:
    samples = []
    for name, level in (("a", "255"), ("b", "254"), ("c", "253")):
        (tmp_path / f"{name}.mp4").write_text(f"{level} " * 5)
        samples.append(Sample(name, str(tmp_path / f"{name}.mp4")))
    assert steps.reader is not None
    reader = Buggy(steps.reader, error)
    own = replace(steps, reader=reader)
    prepared = prepare(samples, steps=own, settings={}, store=tmp_path / "st")
    assert prepared.kept == (0, 2)
    (problem,) = prepared.failures
    assert (problem.kind, problem.where) == ("unexpected error", str(tmp_path / "b.mp4"))
    assert problem.dropped
    assert problem.what.startswith(f"{said}test_pipeline.py line ")
    reader.error = None
    again = prepare(samples, steps=own, settings={}, store=tmp_path / "st")
    assert (again.kept, again.failures, again.reused) == ((0, 1, 2), (), 2)
    assert len(again.source.read([1]).frames[0]) == 5, "nothing of the first attempt counts"


def test_too_little_memory_for_a_photograph_is_not_remembered(
    photo: Photos, steps: Steps, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    samples = [photo("a.png"), photo("b.png", seed=1)]

    def full(image: object) -> None:
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(decode_module, "to_rgb", full)
        prepared = prepare(samples, steps=steps, settings={}, store=tmp_path / "st")
    assert prepared.kept == ()
    assert {problem.kind for problem in prepared.failures} == {"unexpected error"}
    again = prepare(samples, steps=steps, settings={}, store=tmp_path / "st")
    assert again.kept == (0, 1)


def test_an_attempt_that_fails_otherwise_tells_its_own_reason(steps: Steps, tmp_path: Path) -> None:
    path = tmp_path / "b.mp4"
    path.write_text("0 0")
    samples = [Sample("b", str(path))]
    (first,) = prepare(samples, steps=steps, settings={}, store=tmp_path / "st").failures
    assert first.kind == "no face"
    assert steps.reader is not None
    own = replace(steps, reader=Buggy(steps.reader, ValueError("a bug")))
    retried = prepare(samples, steps=own, settings={}, store=tmp_path / "st", retry=True)
    assert [problem.kind for problem in retried.failures] == ["unexpected error"]


def test_several_videos_at_a_time_do_not_mix(tmp_path: Path, steps: Steps) -> None:
    work = []
    for name in "abcdef":
        path = tmp_path / f"{name}.mp4"
        path.write_text(" ".join(["255", "250", "240"] * (ord(name) - 90)))
        work.append(Work(name, str(path), FileState(1, 1)))
    frames: dict[str, list[int]] = {one.key: [] for one in work}
    shares: dict[str, list[float]] = {one.key: [] for one in work}
    for event in process(work, steps, threads=4):
        if isinstance(event, Cropped):
            for row in event.rows:
                frames[row.key].append(row.frame)
            for key, share in event.share.items():
                shares[key].append(share)
        else:
            assert isinstance(event, Finished)
            assert event.status == "ok"
            count = 3 * (ord(event.work.key) - 90)
            assert frames[event.work.key] == list(range(count))


def test_the_number_of_threads_changes_nothing(photo: Photos, steps: Steps, tmp_path: Path) -> None:
    samples = [photo(f"{n}.png", seed=n, size=48 + n) for n in range(9)]
    answers = []
    for threads in (1, 4):

        def engine(work: list[Work], threads: int = threads) -> Iterator[Event]:
            return process(work, steps, threads=threads)

        store = tmp_path / f"store{threads}"
        prepared = prepare(samples, steps=steps, settings={}, store=store, engine=engine)
        answers.append(prepared.source.read(range(9)).frames)
    assert torch.equal(*answers)


def test_a_photograph_that_cannot_be_opened_this_time_is_not_remembered(
    photo: Photos, steps: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(path: str) -> None:
        raise PermissionError(13, "Permission denied", path)

    sample = photo("a.png")
    monkeypatch.setattr(decoding_module, "decode_photo", denied)
    (event,) = process(work_of(sample), steps)
    assert isinstance(event, Unreadable)
    assert event.problem.what == "Permission denied."


def crops(key: str, count: int) -> Cropped:
    rows = [
        FrameRow(key, key, number, 0.0, [0.0] * 4, [0.0] * 10, 1.0, 1, [1.0], 0)
        for number in range(count)
    ]
    return Cropped(np.zeros((count, 1, 3, 16, 16), np.uint8), rows, count, {})


def test_what_was_finished_before_an_error_is_stored(tmp_path: Path) -> None:
    store = Store(tmp_path, {}, regions=("face",), image_size=16)

    def events() -> Iterator[Event]:
        for key in "abc":
            yield crops(key, 2)
            yield Finished(Work(key, key, FileState(1, 1)))
        yield crops("d", 2)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), store.writing(waiting=print) as writer:
        store_events(events(), writer, Quiet(), files=4)
    assert sorted(store.sources) == ["a", "b", "c"]
    assert len(store.clips(["a", "b", "c"])) == 3


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Ctrl-C interrupts, also where the tests were begun in the background, which ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.skipif(sys.platform == "win32", reason="signals of other threads")
@pytest.mark.parametrize("sources", [1, 512], ids=["while the thread ends", "at the last part"])
@pytest.mark.usefixtures("interruptible")
def test_a_second_interruption_waits_for_what_is_being_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sources: int
) -> None:
    """Both times somebody presses Ctrl-C over and over while a part is half written."""
    main, writers = threading.main_thread(), set()
    before = signal.getsignal(signal.SIGINT)

    def pressed(file: object, rows: object, encoding: object) -> None:
        writers.add(threading.current_thread().name)
        deadline = time.monotonic() + 30
        while signal.getsignal(signal.SIGINT) is before and time.monotonic() < deadline:
            time.sleep(0.001)  # the first interruption has not been noticed yet
        for _ in range(3):
            signal.pthread_kill(main.ident or 0, signal.SIGINT)
            time.sleep(0.01)
        write_shard(file, rows, encoding)  # type: ignore[arg-type]

    monkeypatch.setattr(parts_module, "write_shard", pressed)
    monkeypatch.setattr(store_module, "PART_SOURCES", sources)
    store = Store(tmp_path, {}, regions=("face",), image_size=16)

    def events() -> Iterator[Event]:
        for key in "abc":
            yield crops(key, 2)
            yield Finished(Work(key, key, FileState(1, 1)))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), store.writing(waiting=print) as writer:
        store_events(events(), writer, Quiet(), files=4)
    assert writers == ({"store"} if sources == 1 else {"MainThread"})
    assert signal.getsignal(signal.SIGINT) is before
    assert not any(thread.name == "store" for thread in threading.enumerate())
    again = Store(tmp_path, {}, regions=("face",), image_size=16)
    assert sorted(again.sources) == ["a", "b", "c"]
    assert again.clips(["a", "b", "c"]).read(range(3)).frames.shape == (3, 2, 1, 3, 16, 16)
    assert not list(store.folder.rglob(f"*{TEMPORARY}"))


def test_nothing_is_written_once_the_store_may_be_anothers(tmp_path: Path) -> None:
    """By a thread that has been left behind, whatever happened."""
    store = Store(tmp_path, {}, regions=("face",), image_size=16)
    with store.writing(waiting=print) as writer:
        writer.add(*crops("a", 1)[:2])
    for write in (writer.flush, writer.next_part, lambda: writer.finish("a", "a")):
        with pytest.raises(RuntimeError, match="closed"):
            write()
    assert store.sources == {}


def test_a_disk_that_is_full_ends_the_run_at_once(tmp_path: Path) -> None:
    given = 0

    class Full:
        def add(self, crops: object, rows: object) -> None:
            raise RunError("no space left on the device.")

        def finish(self, *_: object, **__: object) -> None:
            raise AssertionError("nothing is written after an error")

    def events() -> Iterator[Event]:
        nonlocal given
        for number in range(10_000):
            given += 1
            yield crops(str(number), 1)

    with pytest.raises(RunError, match="no space left"):
        store_events(events(), Full(), Quiet(), files=1)  # type: ignore[arg-type]
    assert given < 10_000


def test_progress_counts_the_part_of_a_video_that_is_done(tmp_path: Path) -> None:
    seen: list[float] = []

    class Watch(Quiet):
        def advance(self, done: float, detail: str = "") -> None:
            seen.append(done)

    work = [Work(key, key, FileState(1, 1)) for key in "ab"]

    def events() -> Iterator[Event]:
        yield crops("a", 1)._replace(share={"a": 0.25})
        yield crops("b", 1)._replace(share={"b": 0.5})
        yield Finished(work[0])
        yield crops("b", 1)._replace(share={"b": 0.75})
        yield Finished(work[1])

    store = Store(tmp_path, {}, regions=("face",), image_size=16)
    with store.writing(waiting=print) as writer:
        store_events(events(), writer, Watch(), files=2)
    assert seen == [0.25, 0.75, 1.5, 1.75, 2.0]


def test_a_plugin_that_fails_on_one_file_says_so(photo: Photos, steps: Steps) -> None:
    class Picky:
        def detect(self, frames: object) -> object:
            raise FerkitError("needs a licence.")

    with pytest.raises(FerkitError, match="needs a licence"):
        list(process(work_of(photo("a.png")), replace(steps, detector=Picky())))
