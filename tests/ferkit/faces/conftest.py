"""Toy parts: faces are bright rectangles, so that no network is needed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from ferkit.contracts.data import Sample
from ferkit.contracts.faces import Faces, FrameChunk, Sampling
from ferkit.errors import FerkitError
from ferkit.faces.steps import Steps


class ToyDetector:
    """The face is the box of all pixels above 200; its score is their level / 255."""

    def __init__(self) -> None:
        self.calls: list[tuple[int, ...]] = []

    def detect(self, frames: Sequence[Tensor]) -> Sequence[Faces]:
        self.calls.append((len(frames), *frames[0].shape))
        return [self._one(frame) for frame in frames]

    def _one(self, frame: Tensor) -> Faces:
        y, x = (frame[0] > 200).nonzero(as_tuple=True)
        if not len(y):
            return Faces(torch.zeros(0, 4), torch.zeros(0, 5, 2), torch.zeros(0))
        x0, x1, y0, y1 = (float(v) for v in (x.min(), x.max(), y.min(), y.max()))
        w, h = x1 - x0, y1 - y0
        points = [(0.3, 0.4), (0.7, 0.4), (0.5, 0.6), (0.35, 0.8), (0.65, 0.8)]
        landmarks = torch.tensor([[(x0 + a * w, y0 + b * h) for a, b in points]])
        score = frame[0].max()[None].float() / 255
        return Faces(torch.tensor([[x0, y0, x1, y1]]), landmarks, score)


class ToyCropper:
    """Regions that put the left eye into the middle, without rotation or scale."""

    def __init__(self, size: int = 16, regions: tuple[str, ...] = ("face",)) -> None:
        self.size = size
        self.regions = regions

    def transforms(self, faces: Faces) -> Tensor:
        shift = (self.size // 2 - faces.landmarks[:, 0]).round()
        linear = torch.eye(2).expand(len(shift), 2, 2)
        one = torch.cat([linear, shift[..., None]], 2)
        return one[:, None].repeat(1, len(self.regions), 1, 1)


class ToyReader:
    """A "video" is a text file with a grey level per frame; 'x' breaks it off."""

    def read(self, path: Path, sampling: Sampling) -> Iterator[FrameChunk]:
        words = path.read_text().split()
        if not words:
            raise FerkitError("the video has no frame.", where=str(path))
        for start in range(0, len(words), 3):
            some = words[start : start + 3]
            levels = [int(word) for word in some if word != "x"]
            if levels:
                frames = torch.zeros(len(levels), 3, 40, 40, dtype=torch.uint8)
                for frame, level in zip(frames, levels, strict=True):
                    frame[:, 10:30, 10:30] = level
                index = torch.arange(start, start + len(levels))
                yield FrameChunk(frames, index, index.double() / 10)
            if "x" in some:
                raise FerkitError(f"the video breaks off at frame {start}.", where=str(path))


@pytest.fixture
def steps() -> Steps:
    """Toy detector, cropper and reader."""
    return Steps(
        cropper=ToyCropper(),
        detector=ToyDetector(),
        reader=ToyReader(),
        sampling=Sampling("all"),
        min_score=0.9,
        batch_size=4,
    )


@pytest.fixture
def toy_cropper() -> type[ToyCropper]:
    return ToyCropper


@pytest.fixture
def photo(tmp_path: Path) -> Callable[..., Sample]:
    """Writes a photograph with a bright square on noise and answers its sample."""

    def make(name: str, *, level: int = 255, seed: int = 0, size: int = 48) -> Sample:
        pixels = np.random.default_rng(seed).integers(0, 200, (size, size, 3), np.uint8)
        if level:
            pixels[12:36, 12:36] = level
            pixels[14 : 14 + seed % 8 + 1, 14:20] = 220  # tells photographs apart
        path = tmp_path / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(path)
        return Sample(id=name, path=str(path), label=seed % 3)

    return make
