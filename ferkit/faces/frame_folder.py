"""A clip that lies as a folder of images: which images, in which order, and reading them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ferkit.contracts.data import Problem
from ferkit.contracts.faces import FrameChunk, Sampling
from ferkit.errors import FerkitError
from ferkit.faces.decode import IMAGE_SUFFIXES, decode_photo, is_video
from ferkit.faces.sampling import sampled_frames

FRAMES_PER_SECOND = 25.0
"""Of a folder whose own rate nobody told; the rate of PAL, which most of these films have."""
CHUNK_BYTES = 64 << 20
"""Frames of a chunk together; one larger than this is a chunk by itself."""
BROKEN_FRAME = "broken frame"


def is_clip(path: str | Path) -> bool:
    """Whether a sample's path is a clip: a folder of images, or a video by its suffix."""
    return Path(path).is_dir() or is_video(path)


def natural_order(name: str) -> tuple[list[str | int], str]:
    """A key to sort names by: numbers in them by value, so that 2 comes before 10."""
    parts: list[str | int] = list(re.split(r"([0-9]+)", name))
    parts[1::2] = [int(digits) for digits in parts[1::2]]
    return parts, name


def images_in(folder: str | Path) -> list[str]:
    """Names of a folder's images in the order of the clip, by natural order.

    Hidden files, other files and folders do not count; links to nothing do, so that what follows
    them keeps its number.

    Raises: OSError: the folder can't be read.
    """
    with os.scandir(folder) as entries:
        names = [
            entry.name
            for entry in entries
            if not entry.name.startswith(".")
            and Path(entry.name).suffix.lower() in IMAGE_SUFFIXES
            and not entry.is_dir()
        ]
    return sorted(names, key=natural_order)


def read_folder(
    folder: Path,
    names: list[str],
    sampling: Sampling,
    *,
    frame_rate: float | None = None,
    chunk_bytes: int = CHUNK_BYTES,
) -> Iterator[FrameChunk | Problem]:
    """Decode the sampled images, each as a photograph.

    A frame's time is its number divided by the rate. Frames of a chunk have one size: where it
    changes, a new chunk begins.

    Args:
        names: of all images of the folder, in the clip's order.
        sampling: counts in `names`.
        frame_rate: frames per second; None: `FRAMES_PER_SECOND`.
        chunk_bytes: see `CHUNK_BYTES`.
    Yields: chunks in order, and a problem for each image that is not one or is damaged.
    Raises: FerkitError: nothing of the folder is in the part asked for. OSError: an image that is
        there can't be opened.
    """
    seconds = np.arange(len(names)) / (frame_rate or FRAMES_PER_SECOND)
    wanted = sampled_frames(seconds, sampling).tolist()
    if not wanted:
        what = f"the folder has {len(names)} images; none in the part asked for."
        raise FerkitError(what, where=str(folder))
    held: list[tuple[int, Tensor]] = []
    for number in wanted:
        path = folder / names[number]
        try:
            frame = decode_photo(path)
        except FileNotFoundError:
            yield Problem(BROKEN_FRAME, str(path), "no such file.", True)
            continue
        except FerkitError as error:
            yield Problem(BROKEN_FRAME, str(path), error.advice, True)
            continue
        if held and not _fits(frame, held, chunk_bytes):
            yield _chunk(held, seconds, len(wanted))
            held = []
        held.append((number, frame))
    if held:
        yield _chunk(held, seconds, len(wanted))


def _fits(frame: Tensor, held: list[tuple[int, Tensor]], chunk_bytes: int) -> bool:
    same_size = frame.shape == held[0][1].shape
    return same_size and (len(held) + 1) * frame.nbytes <= chunk_bytes


def _chunk(
    held: list[tuple[int, Tensor]], seconds: npt.NDArray[np.float64], count: int
) -> FrameChunk:
    numbers = [number for number, _ in held]
    # Channels last in memory, as photographs and frames of videos come.
    pixels = torch.stack([frame.permute(1, 2, 0) for _, frame in held])
    return FrameChunk(
        pixels.permute(0, 3, 1, 2),
        torch.tensor(numbers, dtype=torch.int64),
        torch.from_numpy(seconds[numbers]),
        count,
    )
