"""Files to crops: labels stay with their images, failures have reasons, nothing is done twice."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from ferkit.contracts.data import Sample
from ferkit.errors import FerkitError, RunError
from ferkit.faces import prepare as prepare_module
from ferkit.faces import process as process_module
from ferkit.faces.decode import decode_photo
from ferkit.faces.prepare import prepare
from ferkit.faces.prepared import Prepared
from ferkit.faces.steps import Steps

Photo = Callable[..., Sample]


class Watch:
    """Progress that remembers."""

    def __init__(self) -> None:
        self.events: list[tuple[Any, ...]] = []

    def begin(self, task: str, total: int, unit: str) -> None:
        self.events.append(("begin", task, total, unit))

    def advance(self, done: int, detail: str = "") -> None:
        self.events.append(("advance", done, detail))

    def end(self) -> None:
        self.events.append(("end",))

    def say(self, text: str) -> None:
        self.events.append(("say", text))


@pytest.fixture
def run(tmp_path: Path, steps: Steps) -> Callable[..., Prepared]:
    def prepare_all(samples: list[Sample], **changes: Any) -> Prepared:
        own = changes.pop("steps", steps)
        settings = changes.pop("settings", {"toy": 1})
        return prepare(samples, steps=own, settings=settings, store=tmp_path / "store", **changes)

    return prepare_all


def expected_crop(sample: Sample) -> torch.Tensor:
    """Around the left eye of the toy face, by plain slicing."""
    image = decode_photo(sample.path)
    x, y = round(12 + 0.3 * 23), round(12 + 0.4 * 23)
    return image[:, y - 8 : y + 8, x - 8 : x + 8]


def test_failures_never_shift_the_others(photo: Photo, run: Callable[..., Prepared]) -> None:
    samples = []
    for number in range(9):
        size = 48 if number % 2 else 64
        samples.append(photo(f"{number}.png", seed=number, size=size))
    Path(samples[2].path).write_bytes(b"")
    Path(samples[5].path).unlink()
    samples[7] = photo("7.png", level=0, seed=7)
    prepared = run(samples)
    assert prepared.kept == (0, 1, 3, 4, 6, 8)
    for place, position in enumerate(prepared.kept):
        clip = prepared.source.read([place])
        assert torch.equal(clip.frames[0, 0, 0], expected_crop(samples[position]))
    assert [
        (problem.kind, Path(problem.where).name, problem.what) for problem in prepared.failures
    ] == [
        ("unreadable image", "2.png", "the file is empty."),
        ("missing file", "5.png", "no such file."),
        ("no face", "7.png", "no face was found."),
    ]
    assert all(problem.dropped for problem in prepared.failures)


def test_images_of_any_sizes_go_to_the_detector_together(
    photo: Photo, run: Callable[..., Prepared], steps: Steps
) -> None:
    samples = [photo(f"{n}.png", seed=n, size=48 + n) for n in range(10)]
    prepared = run(samples)
    assert [call[0] for call in steps.detector.calls] == [4, 4, 2]  # type: ignore[union-attr]
    for place, sample in enumerate(samples):
        clip = prepared.source.read([place])
        assert torch.equal(clip.frames[0, 0, 0], expected_crop(sample))


def test_large_images_do_not_pile_up(
    photo: Photo, run: Callable[..., Prepared], steps: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process_module, "BATCH_BYTES", 3 * 64 * 64 * 2)
    prepared = run([photo(f"{n}.png", seed=n, size=64) for n in range(5)])
    assert prepared.kept == tuple(range(5))
    assert [call[0] for call in steps.detector.calls] == [2, 2, 1]  # type: ignore[union-attr]


def test_nothing_is_done_twice(
    photo: Photo, run: Callable[..., Prepared], steps: Steps, tmp_path: Path
) -> None:
    samples = [photo(f"{n}.png", seed=n) for n in range(3)]
    samples.append(photo("none.png", level=0))
    assert run(samples).reused == 0
    calls = len(steps.detector.calls)  # type: ignore[union-attr]
    moved = tmp_path / "moved.png"
    shutil.copy(samples[0].path, moved)
    again = run([*samples, Sample(id="moved", path=str(moved))])
    assert again.reused == 4
    assert again.kept == (0, 1, 2, 4)
    assert again.failures[0].kind == "no face"
    assert len(steps.detector.calls) == calls  # type: ignore[union-attr]
    assert torch.equal(again.source.read([3]).frames, again.source.read([0]).frames)


@pytest.mark.parametrize("changed_ns", [0, -(10**9)], ids=["1970", "before"])
def test_any_time_of_change_is_remembered(
    photo: Photo,
    run: Callable[..., Prepared],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    changed_ns: int,
) -> None:
    """Archives and some file systems give 0."""
    sample = photo("a.png")
    os.utime(sample.path, ns=(0, changed_ns))
    run([sample])
    parts = sorted((tmp_path / "store").glob("*/sources/*"))

    def read_again(path: str) -> str:
        raise AssertionError(f"{path} is read again")

    monkeypatch.setattr(prepare_module, "content_key", read_again)
    assert run([sample]).reused == 1
    assert sorted((tmp_path / "store").glob("*/sources/*")) == parts


def test_changed_files_and_changed_settings_are_done_anew(
    photo: Photo, run: Callable[..., Prepared], steps: Steps
) -> None:
    sample = photo("a.png", seed=1)
    first = run([sample]).source.read([0]).frames
    photo("a.png", seed=2)
    second = run([sample])
    assert second.reused == 0
    assert not torch.equal(second.source.read([0]).frames, first)
    assert run([sample], settings={"toy": 2}).reused == 0


def test_failures_are_remembered_until_retry(
    photo: Photo, run: Callable[..., Prepared], steps: Steps
) -> None:
    sample = photo("a.png", level=215)
    assert run([sample]).failures[0].what == "the best face scores 0.86, below min_score 0.9."
    calls = len(steps.detector.calls)  # type: ignore[union-attr]
    run([sample])
    assert len(steps.detector.calls) == calls  # type: ignore[union-attr]
    lenient = replace(steps, min_score=0.5)
    again = run([sample], steps=lenient, retry=True)  # as if the detector had improved
    assert (again.kept, again.failures) == ((0,), ())
    assert run([sample]).reused == 1


def test_the_same_file_twice_is_cut_once(
    photo: Photo, run: Callable[..., Prepared], steps: Steps
) -> None:
    sample = photo("a.png")
    prepared = run([sample, replace(sample, id="again", label=1)])
    assert prepared.kept == (0, 1)
    assert steps.detector.calls == [(1, 3, 48, 48)]  # type: ignore[union-attr]


def test_given_landmarks_replace_detection(
    photo: Photo, run: Callable[..., Prepared], steps: Steps
) -> None:
    blank = photo("a.png", level=0)
    points = ((20.0, 20.0), (28.0, 20.0), (24.0, 24.0), (21.0, 28.0), (27.0, 28.0))
    prepared = run([blank, replace(blank, id="b", landmarks=points)])
    assert prepared.kept == (1,)
    image = decode_photo(blank.path)
    assert torch.equal(prepared.source.read([0]).frames[0, 0, 0], image[:, 12:28, 12:28])


def test_videos_keep_the_frames_with_a_face(tmp_path: Path, run: Callable[..., Prepared]) -> None:
    levels = {"good": "255 0 250 210 245 255 240", "none": "0 0 0", "broken": "255 250 240 x"}
    levels |= {"empty": "", "weak": "210 0 211 212"}
    samples = []
    for name, text in levels.items():
        (tmp_path / f"{name}.mp4").write_text(text)
        samples.append(Sample(id=name, path=str(tmp_path / f"{name}.mp4")))
    prepared = run(samples)
    assert prepared.kept == (0, 2)
    clips = prepared.source.read([0, 1])
    assert clips.frames.amax((2, 3, 4, 5)).tolist() == [
        [255, 250, 245, 255, 240],
        [255, 250, 240, 0, 0],
    ]
    assert clips.valid[:, :, 0].sum(1).tolist() == [5, 3]
    assert [(problem.kind, problem.dropped, problem.what) for problem in prepared.failures] == [
        ("no face", True, "none of the 3 sampled frames shows a usable face (no face)."),
        ("broken video", False, "the video breaks off at frame 3."),
        ("unreadable video", True, "the video has no frame."),
        (
            "no certain face",
            True,
            "none of the 4 sampled frames shows a usable face (no certain face).",
        ),
    ]
    assert run(samples).failures == prepared.failures


def test_landmarks_of_a_video_are_said_to_be_unused(
    tmp_path: Path, run: Callable[..., Prepared]
) -> None:
    (tmp_path / "a.mp4").write_text("255 255")
    sample = Sample(id="a", path=str(tmp_path / "a.mp4"), landmarks=((0.0, 0.0),) * 5)
    prepared = run([sample])
    assert prepared.kept == (0,)
    assert [problem.kind for problem in prepared.failures] == ["unused landmarks"]


def test_without_detector_images_are_crops(
    photo: Photo, run: Callable[..., Prepared], steps: Steps, toy_cropper: Callable[..., Any]
) -> None:
    samples = [photo("a.png", seed=1), photo("b.png", level=0, seed=2)]
    bare = replace(steps, detector=None)
    prepared = run(samples, steps=bare)
    assert prepared.kept == (0, 1)
    expected = torch.nn.functional.avg_pool2d(decode_photo(samples[1].path).float(), 3)
    assert (prepared.source.read([1]).frames[0, 0, 0].float() - expected).abs().max() <= 0.51
    regions = replace(bare, cropper=toy_cropper(regions=("face", "eyes")))
    with pytest.raises(FerkitError, match="2 of 2 samples have no landmarks"):
        run(samples, steps=regions)
    points = ((20.0, 20.0),) * 5
    given = [replace(sample, landmarks=points) for sample in samples]
    assert run(given, steps=regions, settings={"toy": 3}).kept == (0, 1)


def test_progress_counts_files(photo: Photo, run: Callable[..., Prepared]) -> None:
    samples = [photo(f"{n}.png", seed=n, level=255 if n else 0) for n in range(3)]
    watch = Watch()
    run(samples, progress=watch)
    assert watch.events[0] == ("begin", "looking at files", 3, "files")
    assert ("begin", "preparing", 3, "files") in watch.events
    assert watch.events[-2:] == [("advance", 3, watch.events[-2][2]), ("end",)]
    assert re.fullmatch(r"[\d.e+]+ frames/s, 2 crops, 1 failed", watch.events[-2][2])
    watch = Watch()
    run(samples, progress=watch)
    assert [event for event in watch.events if "preparing" in event] == []


def test_a_file_under_another_ending_is_another_source(
    run: Callable[..., Prepared], tmp_path: Path
) -> None:
    wrong, right = tmp_path / "a.png", tmp_path / "a.mp4"  # a toy video is a text
    for path in (wrong, right):
        path.write_text("255 250")
    assert run([Sample(id="wrong", path=str(wrong))]).failures[0].kind == "unreadable image"
    assert run([Sample(id="right", path=str(right))]).kept == (0,)


def test_a_store_that_cannot_be_written_still_serves_moved_files(
    photo: Photo, run: Callable[..., Prepared], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sample = photo("a.png")
    run([sample])
    moved = tmp_path / "moved.png"
    shutil.copy(sample.path, moved)

    def read_only(*_: object, **__: object) -> None:
        raise RunError("can't be written (Read-only file system).")

    monkeypatch.setattr("ferkit.faces.store.locked", read_only)
    assert run([Sample(id="moved", path=str(moved))]).kept == (0,)


def test_a_crash_in_the_middle_keeps_what_was_done(
    photo: Photo, run: Callable[..., Prepared], steps: Steps
) -> None:
    samples = [photo(f"{n}.png", seed=n) for n in range(6)]

    class Dies:
        def detect(self, frames: torch.Tensor) -> Any:
            if len(frames) < 4:
                raise MemoryError("as it may happen")
            return steps.detector.detect(frames)  # type: ignore[union-attr]

    with pytest.raises(MemoryError):
        run(samples, steps=replace(steps, detector=Dies()))
    assert run(samples).reused == 4


def test_no_samples(run: Callable[..., Prepared]) -> None:
    prepared = run([])
    assert (prepared.kept, prepared.failures, len(prepared.source)) == ((), (), 0)
