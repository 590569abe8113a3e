"""Photographs and videos on disk, as a user has them: rendered people, real file formats."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import av
import pytest
import torch
from ferkit_rendered.dataset import RenderedDataset
from ferkit_rendered.params import RenderedParams
from PIL import Image
from torch import Tensor

from ferkit.contracts.data import Sample
from ferkit.plugin import Context


@pytest.fixture(scope="session")
def write_video() -> Callable[[Path, Tensor], None]:
    """Writes (T, 3, H, W) uint8 as MP4, 10 frames per second."""

    def write(path: Path, frames: Tensor) -> None:
        with av.open(str(path), "w") as container:
            stream = container.add_stream("mpeg4", rate=10)
            stream.height, stream.width = frames.shape[2:]
            stream.pix_fmt, stream.bit_rate = "yuv420p", 2_000_000
            for frame in frames.permute(0, 2, 3, 1).contiguous().numpy():
                container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
            container.mux(stream.encode())

    return write


@pytest.fixture(scope="session")
def write_photograph() -> Callable[[Path, Tensor], None]:
    """Writes (3, H, W) uint8 as JPEG."""

    def write(path: Path, image: Tensor) -> None:
        Image.fromarray(image.permute(1, 2, 0).contiguous().numpy()).save(path, quality=92)

    return write


Draw = Callable[..., list[tuple[Sample, str, Tensor]]]


@pytest.fixture(scope="session")
def draw() -> Draw:
    """Raw frames of happy and neutral people: (sample, class, (T, 3, 160, 160)) of each."""

    def people(count: int, *, clip_length: int = 1) -> list[tuple[Sample, str, Tensor]]:
        params = RenderedParams(domain="lab", count=7 * count, seed=3, clip_length=clip_length)
        data = RenderedDataset(params, Context())
        wanted = [data.classes.index(name) for name in ("happy", "neutral")]
        rows = [i for i, sample in enumerate(data.samples()) if sample.truth in wanted]
        samples = [data.samples()[i] for i in rows]
        frames = torch.cat([data.draw([i]) for i in rows])[:, :, 0]
        return [
            (sample, data.classes[sample.truth], clip)
            for sample, clip in zip(samples, frames, strict=True)
        ]

    return people
