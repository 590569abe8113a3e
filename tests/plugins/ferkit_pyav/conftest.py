"""Both readers, since what they give must be the same."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from ferkit_decord.params import DecordParams
from ferkit_decord.reader import DecordReader
from ferkit_pyav.params import PyAVParams
from ferkit_pyav.reader import PyAVReader

from ferkit.contracts.faces import FrameChunk, Sampling, VideoReader
from ferkit.plugin import Context


def _both(**params: Any) -> tuple[VideoReader, VideoReader]:
    chosen = {"threads": 1, **params}
    return (
        DecordReader(DecordParams(**chosen), Context()),
        PyAVReader(PyAVParams(**chosen), Context()),
    )


@pytest.fixture(scope="session")
def both() -> Callable[..., tuple[VideoReader, VideoReader]]:
    """Makes a decord and a PyAV reader with these parameters."""
    pytest.importorskip("av", reason="PyAV, an extra, is not installed")
    return _both


@pytest.fixture(params=["decord", "pyav"])
def reader(request: pytest.FixtureRequest, both: Callable[..., Any]) -> VideoReader:
    """Each of them."""
    return both()[0 if request.param == "decord" else 1]


@pytest.fixture(scope="session")
def joined() -> Callable[[list[FrameChunk]], FrameChunk]:
    """Puts chunks together."""

    def join(chunks: list[FrameChunk]) -> FrameChunk:
        columns = list(zip(*chunks, strict=True))[:3]
        return FrameChunk(*(torch.cat(column) for column in columns), chunks[0].expected)

    return join


@pytest.fixture(scope="session")
def read(joined: Callable[[list[FrameChunk]], FrameChunk]) -> Callable[..., FrameChunk]:
    """Reads a video in one piece."""

    def whole(reader: VideoReader, path: Path, sampling: Sampling = Sampling()) -> FrameChunk:  # noqa: B008
        return joined(list(reader.read(path, sampling)))

    return whole
