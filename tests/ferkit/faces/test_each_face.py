"""Every face a sample of its own: of photographs, and of people followed through videos."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import torch
from torch import Tensor

from ferkit.contracts.data import Sample
from ferkit.contracts.faces import Faces, FrameChunk, Sampling
from ferkit.faces.index import index_prepared
from ferkit.faces.prepare import prepare
from ferkit.faces.prepared import Prepared
from ferkit.faces.process import detect_and_crop
from ferkit.faces.steps import Keep, Steps

LEVELS = (250, 210, 255)
"""Of the faces from left to right."""


class Columns:
    """A face is a square of 20 pixels in a third of the frame, brighter than 200."""

    def detect(self, frames: Sequence[Tensor]) -> Sequence[Faces]:
        return [self._faces(frame) for frame in frames]

    def _faces(self, frame: Tensor) -> Faces:
        boxes, points, scores = [], [], []
        for third in range(3):
            level = int(frame[0, 30, 30 + 60 * third])
            if level > 200:
                x, y = 20.0 + 60 * third, 20.0
                boxes.append([x, y, x + 20, y + 20])
                points.append([[x + 10, y + 10]] * 5)
                scores.append(level / 255)
        order = torch.tensor(scores).argsort(descending=True)
        return Faces(
            torch.tensor(boxes).reshape(-1, 4)[order],
            torch.tensor(points).reshape(-1, 5, 2)[order],
            torch.tensor(scores)[order],
        )


class Reader:
    """A line of the file is a frame: a digit per third, 1 where its face is."""

    def read(self, path: Path, sampling: Sampling) -> Iterator[FrameChunk]:
        lines = path.read_text().split()
        for number, line in enumerate(lines):
            index = torch.tensor([number])
            yield FrameChunk(picture(line)[None], index, index.double() / 25, len(lines))


def picture(line: str) -> Tensor:
    frame = torch.zeros(3, 60, 180, dtype=torch.uint8)
    for third, digit in enumerate(line):
        if digit == "1":
            frame[:, 20:40, 20 + 60 * third : 40 + 60 * third] = LEVELS[third]
    return frame


@pytest.fixture
def everyone(steps: Steps) -> Steps:
    return replace(steps, detector=Columns(), reader=Reader(), keep="all", min_score=0.8)


def run(samples: list[Sample], steps: Steps, tmp_path: Path) -> Prepared:
    return prepare(samples, steps=steps, settings={"keep": steps.keep}, store=tmp_path / "store")


def levels(prepared: Prepared) -> list[list[int]]:
    """The brightest pixel of each valid frame of each row."""
    found = []
    for row in range(len(prepared.samples)):
        clip = prepared.source.read([row])
        bright = clip.frames[0].amax((1, 2, 3, 4))
        found.append(bright[clip.valid[0].any(1)].tolist())
    return found


def test_each_person_of_a_video_is_a_clip(tmp_path: Path, everyone: Steps) -> None:
    (tmp_path / "a.mp4").write_text("101\n101\n001\n101\n111")
    (tmp_path / "b.mp4").write_text("000\n000")
    (tmp_path / "c.mp4").write_text("010\n010")
    samples = [
        Sample(id=name, path=str(tmp_path / name), label=number, subject="s")
        for number, name in enumerate(("a.mp4", "b.mp4", "c.mp4"))
    ]
    prepared = run(samples, everyone, tmp_path)
    assert prepared.kept == (0, 0, 0, 2)
    assert [one.id for one in prepared.samples] == ["a.mp4#0", "a.mp4#1", "a.mp4#2", "c.mp4#0"]
    assert [one.group for one in prepared.samples] == ["a.mp4"] * 3 + ["c.mp4"]
    assert [one.label for one in prepared.samples] == [0, 0, 0, 2]
    assert levels(prepared) == [[255] * 5, [250] * 4, [210], [210, 210]]
    assert [problem.kind for problem in prepared.failures] == ["no face"]
    assert run(samples, everyone, tmp_path).reused == 2


def test_the_same_file_asked_for_twice(tmp_path: Path, everyone: Steps) -> None:
    (tmp_path / "a.mp4").write_text("101\n101")
    one = Sample(id="a", path=str(tmp_path / "a.mp4"), group="g")
    prepared = run([one, replace(one, id="b", group="")], everyone, tmp_path)
    assert prepared.kept == (0, 0, 1, 1)
    assert [(s.id, s.group) for s in prepared.samples] == [
        ("a#0", "g"),
        ("a#1", "g"),
        ("b#0", "b"),
        ("b#1", "b"),
    ]


def test_the_index_has_the_faces_ids(tmp_path: Path, everyone: Steps) -> None:
    (tmp_path / "a.mp4").write_text("101\n001\n101")
    (tmp_path / "b.mp4").write_text("010")
    samples = [
        Sample(id=name, path=str(tmp_path / f"{name[0]}.mp4"), label=label)
        for name, label in (("a", 1), ("a again", -1), ("b", 0))
    ]

    def indexed(keep: Keep) -> dict[str, list[int]]:
        prepared = run(samples, replace(everyone, keep=keep), tmp_path)
        path = index_prepared(prepared, ("sad", "happy"), name="faces")
        rows = pq.read_table(path).to_pylist()
        frames: dict[str, list[int]] = {sample.id: [] for sample in prepared.samples}
        for row in rows:
            frames[row["sample"]].append(row["frame"])
        assert rows[0]["label"] == "happy"
        return frames

    assert indexed("all") == {
        "a#0": [0, 1, 2],
        "a#1": [0, 2],
        "a again#0": [0, 1, 2],
        "a again#1": [0, 2],
        "b#0": [0],
    }
    # Both faces in one clip, the one of frame 1 first.
    assert indexed("most_central") == {"a": [1, 0, 2], "a again": [1, 0, 2], "b": [0]}


def test_otherwise_one_face_of_each_frame_makes_one_clip(tmp_path: Path, everyone: Steps) -> None:
    (tmp_path / "a.mp4").write_text("101\n100\n001")
    sample = Sample(id="a", path=str(tmp_path / "a.mp4"))
    prepared = run([sample], replace(everyone, keep="most_central"), tmp_path)
    assert prepared.samples == (sample,)
    assert [len(row) for row in levels(prepared)] == [3]


def test_a_part_of_a_video(tmp_path: Path, everyone: Steps) -> None:
    asked: list[Sampling] = []

    class Watched(Reader):
        def read(self, path: Path, sampling: Sampling) -> Iterator[FrameChunk]:
            asked.append(sampling)
            return super().read(path, sampling)

    (tmp_path / "a.mp4").write_text("100\n010\n001")
    whole = Sample(id="a", path=str(tmp_path / "a.mp4"))
    parts = [whole, replace(whole, id="b", span=(1, 2)), replace(whole, id="c", span=(1, 2))]
    steps = replace(everyone, reader=Watched(), keep="largest")
    assert run(parts, steps, tmp_path).kept == (0, 1, 2)
    assert sorted((one.first, one.last) for one in asked if one.last) == [(1, 2)]
    assert len(asked) == 2
    assert run(parts, steps, tmp_path).reused == 3


def test_people_of_a_drawn_clip_keep_their_numbers(everyone: Steps) -> None:
    clips = [picture("101"), picture("101"), picture("011"), picture("011")]
    clips[1][:, 20:40, 140:160] = 220  # now the left one scores more
    result = detect_and_crop(clips, everyone, clip_length=2)
    assert result.frame.tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    bright = result.crops.amax((1, 2, 3, 4)).tolist()
    people = list(zip(result.track.tolist(), bright, strict=True))
    assert people[:4] == [(0, 255), (1, 250), (1, 250), (0, 220)]
    assert people[4:] == [(0, 255), (1, 210), (0, 255), (1, 210)]
