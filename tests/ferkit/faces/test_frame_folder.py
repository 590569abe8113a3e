"""A clip that lies as a folder of images: order, sampling, sizes, faults, keys, preparation."""

from __future__ import annotations

import pickle
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from ferkit.contracts.data import Problem, Sample
from ferkit.contracts.faces import FrameChunk, Sampling
from ferkit.errors import FerkitError
from ferkit.faces.frame_folder import images_in, is_clip, natural_order, read_folder
from ferkit.faces.keys import content_key, file_state, source_key
from ferkit.faces.prepare import prepare
from ferkit.faces.prepared import Prepared
from ferkit.faces.ray_engine import Worker
from ferkit.faces.steps import Steps
from ferkit.faces.track import Tracking
from ferkit.faces.work import Finished, Work

Clip = Callable[..., Path]


@pytest.fixture
def clip(tmp_path: Path) -> Clip:
    """Writes images with a bright square: `levels` of the square, one per frame; 0: no face."""

    def make(*levels: int, name: str = "clip", sizes: tuple[int, ...] = (40,)) -> Path:
        folder = tmp_path / name
        folder.mkdir(parents=True, exist_ok=True)
        for number, level in enumerate(levels):
            size = sizes[number % len(sizes)]
            pixels = np.full((size, size, 3), number, np.uint8)
            pixels[10:30, 10:30] = level
            Image.fromarray(pixels).save(folder / f"frame{number + 1}.png")
        return folder

    return make


@pytest.fixture
def run(tmp_path: Path, steps: Steps) -> Callable[..., Prepared]:
    def prepare_all(*samples: Sample, **changes: object) -> Prepared:
        own = replace(steps, reader=None, **changes)  # type: ignore[arg-type]
        settings = {name: str(value) for name, value in changes.items()}
        return prepare(samples, steps=own, settings=settings, store=tmp_path / "store")

    return prepare_all


def of(folder: Path, **fields: object) -> Sample:
    return Sample(id=folder.name, path=str(folder), **fields)  # type: ignore[arg-type]


def read(folder: Path, sampling: Sampling, **how: object) -> list[FrameChunk | Problem]:
    return list(read_folder(folder, images_in(folder), sampling, **how))  # type: ignore[arg-type]


def numbers(folder: Path, sampling: Sampling, **how: object) -> list[int]:
    chunks = read(folder, sampling, **how)
    return [n for one in chunks if isinstance(one, FrameChunk) for n in one.number.tolist()]


def test_the_order_is_that_of_the_numbers() -> None:
    names = ["a10.jpg", "a2.jpg", "a1.jpg", "b.jpg", "10.jpg", "9.jpg", "a02.jpg", "a1_10", "a1_9"]
    assert sorted(names, key=natural_order) == [
        "9.jpg",
        "10.jpg",
        "a1.jpg",
        "a1_9",
        "a1_10",
        "a02.jpg",
        "a2.jpg",
        "a10.jpg",
        "b.jpg",
    ]


def test_only_images_count(clip: Clip) -> None:
    folder = clip(255)
    for name in (".hidden.png", "notes.txt", "film.mp4", "Thumbs.db"):
        (folder / name).write_text("x")
    (folder / "inner.png").mkdir()
    (folder / "FRAME0.PNG").symlink_to(folder / "gone")
    assert images_in(folder) == ["FRAME0.PNG", "frame1.png"]


def test_what_a_clip_is(clip: Clip, tmp_path: Path) -> None:
    assert is_clip(clip(255))
    assert is_clip("x.MP4")
    assert not is_clip(tmp_path / "x.png")


@pytest.mark.parametrize(
    ("sampling", "expected"),
    [
        (Sampling("all"), list(range(12))),
        (Sampling("every", 5), [0, 5, 10]),
        (Sampling("even", 3), [2, 6, 10]),
        (Sampling("fps", 5), [0, 5, 10]),  # of 25 per second
        (Sampling("all", first=3, last=5), [3, 4, 5]),
        (Sampling("every", 2, first=9), [9, 11]),
        (Sampling("even", 2, first=4, last=7), [5, 7]),
        (Sampling("all", first=10, last=99), [10, 11]),
    ],
)
def test_every_sampling(clip: Clip, sampling: Sampling, expected: list[int]) -> None:
    folder = clip(*[255] * 12)
    assert numbers(folder, sampling) == expected
    (first, *_) = read(folder, sampling)
    assert isinstance(first, FrameChunk)
    assert first.expected == len(expected)
    # The grey of each image is its number: 10 comes after 9, not after 1.
    assert first.frames[:, 0, 0, 0].tolist() == expected
    assert first.timestamp.tolist() == pytest.approx([number / 25 for number in expected])


def test_a_known_rate(clip: Clip) -> None:
    folder = clip(*[255] * 12)
    assert numbers(folder, Sampling("fps", 5), frame_rate=10) == [0, 2, 4, 6, 8, 10]
    (chunk,) = read(folder, Sampling("every", 6), frame_rate=10)
    assert isinstance(chunk, FrameChunk)
    assert chunk.timestamp.tolist() == pytest.approx([0, 0.6])


def test_chunks_are_bounded_and_of_one_size(clip: Clip) -> None:
    folder = clip(*[255] * 7, sizes=(40, 40, 40, 50))
    chunks = read(folder, Sampling("all"), chunk_bytes=2 * 3 * 40 * 40)
    shapes = [tuple(one.frames.shape) for one in chunks if isinstance(one, FrameChunk)]
    a, b = (3, 40, 40), (3, 50, 50)
    assert shapes == [(2, *a), (1, *a), (1, *b), (2, *a), (1, *a)]
    assert numbers(folder, Sampling("all"), chunk_bytes=1) == list(range(7))


def test_the_part_beyond_the_end(clip: Clip) -> None:
    with pytest.raises(FerkitError, match="has 2 images; none in the part asked for"):
        read(clip(255, 255), Sampling("all", first=2))


def test_a_clip_is_prepared_like_a_video(clip: Clip, run: Callable[..., Prepared]) -> None:
    folder = clip(255, 250, 0, 240, sizes=(40, 64))
    prepared = run(of(folder, label=1))
    frames = prepared.source.read([0]).frames[0, :, 0]
    # The third image shows no face and is left out of the clip.
    assert frames[:, 0, 8, 8].tolist() == [255, 250, 240]
    assert prepared.failures == ()
    assert prepared.samples[0].label == 1


def test_a_part_of_it(clip: Clip, run: Callable[..., Prepared]) -> None:
    folder = clip(255, 250, 245, 240)
    prepared = run(of(folder), of(folder, span=(1, 2)))
    assert prepared.source.read([1]).frames[0, :, 0, 0, 8, 8].tolist() == [250, 245]
    assert len(prepared.source.read([0]).frames[0]) == 4


def test_without_a_broken_image_the_clip_goes_on(clip: Clip, run: Callable[..., Prepared]) -> None:
    folder = clip(255, 250, 245, 240, 235, 231, 255, 255)
    for number in (2, 3, 4):
        (folder / f"frame{number}.png").write_bytes(b"")
    (folder / "frame5.png").unlink()
    (folder / "frame5.png").symlink_to(folder / "gone")
    prepared = run(of(folder))
    assert prepared.source.read([0]).frames[0, :, 0, 0, 8, 8].tolist() == [255, 231, 255, 255]
    (problem,) = prepared.failures
    assert problem == Problem(
        "broken frames",
        str(folder),
        "4 of 8 sampled images can't be used: frame2.png (the file is empty), frame3.png (the file"
        " is empty), frame4.png (the file is empty) and 1 more.",
        False,
    )


def test_what_gives_nothing_is_said(clip: Clip, run: Callable[..., Prepared]) -> None:
    empty, dark, broken, mixed = (clip(name=name) for name in ("empty", "dark", "broken", "mixed"))
    clip(0, 0, name="dark")
    (broken / "a.png").write_text("no image")
    clip(0, name="mixed")
    (mixed / "z.png").write_text("no image")
    prepared = run(of(empty), of(dark), of(broken), of(mixed), of(dark, span=(7, 9)))
    assert prepared.kept == ()
    assert [(problem.kind, problem.what) for problem in prepared.failures] == [
        ("empty folder", "the folder holds no image."),
        ("no face", "none of the 2 sampled frames shows a usable face (no face)."),
        (
            "unreadable clip",
            "1 of 1 sampled images can't be used: a.png (not an image that can be read).",
        ),
        (
            "no face",
            "none of the 1 sampled frames shows a usable face (no face). Besides, 1 of 2 sampled"
            " images can't be used: z.png (not an image that can be read).",
        ),
        ("unreadable clip", "the folder has 2 images; none in the part asked for."),
    ]


def test_people_are_told_apart(clip: Clip, run: Callable[..., Prepared]) -> None:
    prepared = run(of(clip(255, 250, 240)), keep="all", tracking=Tracking(every=2))
    assert [sample.id for sample in prepared.samples] == ["clip#0"]
    assert len(prepared.source.read([0]).frames[0]) == 3


def test_landmarks_of_a_clip_are_not_used(clip: Clip, run: Callable[..., Prepared]) -> None:
    prepared = run(of(clip(255), landmarks=((1.0, 1.0),) * 5))
    assert [problem.kind for problem in prepared.failures] == ["unused landmarks"]


def test_done_once_whatever_it_is_called(
    clip: Clip, run: Callable[..., Prepared], steps: Steps, tmp_path: Path
) -> None:
    folder = clip(255, 250)
    run(of(folder))
    calls = len(steps.detector.calls)  # type: ignore[union-attr]
    shutil.copytree(folder, tmp_path / "copy.mp4")
    again = run(of(folder), of(tmp_path / "copy.mp4"))
    assert again.reused == 2
    assert len(steps.detector.calls) == calls  # type: ignore[union-attr]


def test_whatever_changes_is_noticed(clip: Clip) -> None:
    folder = clip(255, 250)
    states, keys = [file_state(folder)], [content_key(folder)]
    assert file_state(folder) == states[0]
    assert states[0].size == sum(path.stat().st_size for path in folder.iterdir())
    assert states[0].mtime_ns < 2**63  # a column of the store

    def changed() -> bool:
        states.append(file_state(folder))
        keys.append(content_key(folder))
        return len(set(states)) == len(states) and len(set(keys)) == len(keys)

    (folder / "frame3.png").symlink_to(folder / "gone")
    assert changed()
    shutil.copy(folder / "frame1.png", folder / "frame4.png")
    assert changed()
    (folder / "frame1.png").rename(folder / "x")  # the order is another one
    (folder / "frame2.png").rename(folder / "frame1.png")
    (folder / "x").rename(folder / "frame2.png")
    assert changed()
    (folder / "notes.txt").write_text("not an image")
    assert (file_state(folder), content_key(folder)) == (states[-1], keys[-1])
    assert source_key("c", video=True) != source_key("c", video=True, frame_rate=30)


def test_an_image_that_may_be_read_another_time(
    clip: Clip, run: Callable[..., Prepared], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = clip(255, 250)
    own = Path.open

    def refuse(path: Path, *arguments: object, **keywords: object) -> object:
        if path.name == "frame2.png":
            raise PermissionError(13, "Permission denied", str(path))
        return own(path, *arguments, **keywords)  # type: ignore[call-overload]

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", refuse)
        (problem,) = run(of(folder)).failures
    assert problem[:3] == ("unreadable file", str(folder), "frame2.png: Permission denied.")
    assert run(of(folder)).failures == ()


def test_a_worker_of_another_process_prepares_it(clip: Clip, steps: Steps) -> None:
    folder = clip(255, 250)
    work = Work("k", str(folder), file_state(folder), span=(0, 0), frame_rate=30.0)
    assert pickle.loads(pickle.dumps(work)) == work

    class Plan:
        device = "cpu"

        def build(self) -> Steps:
            return replace(steps, reader=None)

    threads = torch.get_num_threads()
    told = list(Worker(Plan())({"work": [pickle.dumps(work)]}))  # type: ignore[arg-type]
    torch.set_num_threads(threads)
    assert pickle.loads(told[-1]["event"][0]) == Finished(work)
    assert [one["crops"] for one in told] == [[0], [1]]
