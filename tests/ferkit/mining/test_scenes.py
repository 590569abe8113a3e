"""Scene cuts, by hand and between real people."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from ferkit.faces.cuts import FrameChanges
from ferkit.faces.decode import decode_photo
from ferkit.mining.scenes import scene_cuts


def cuts(*changes: float) -> list[int]:
    return np.flatnonzero(scene_cuts(np.array(changes, np.float64), limit=0.15)).tolist()


@pytest.mark.parametrize(
    ("changes", "at"),
    [
        ((), []),
        ((0.0,), []),
        ((1.0, 0.0), []),  # the first frame begins nothing
        ((0, 0, 0.16, 0), [2]),
        ((0, 0.2, 0.2, 0.2), [1, 2, 3]),  # above the limit, whatever is near
        ((0, 0, 0.03, 0), [2]),
        ((0, 0, 0.02, 0), []),  # noise
        ((0, 0.01, 0.03, 0.01), []),  # movement
        ((0, 0.007, 0.03, 0.007), [2]),
        ((0, 0, 0.1, 0.1, 0, 0), []),  # a flash
        ((0, 0, 0.1, 0, 0, 0, 0, 0.1, 0), []),  # five frames apart: a light that flickers
        ((0, 0, 0.1, 0, 0, 0, 0, 0, 0.1, 0), [2, 8]),
    ],
)
def test_by_hand(changes: tuple[float, ...], at: list[int]) -> None:
    assert cuts(*changes) == at


def test_changes_of_frames_by_hand() -> None:
    black = torch.zeros(3, 8, 8, dtype=torch.uint8)
    grey = torch.full((3, 8, 8), 51, dtype=torch.uint8)
    wide = torch.zeros(3, 8, 9, dtype=torch.uint8)
    frames = [black, black, grey, black, wide]
    expected = [0.0, 0.0, 0.2, 0.2, 1.0]
    assert FrameChanges().of(frames) == pytest.approx(expected)
    changes = FrameChanges()
    assert [changes.of([frame])[0] for frame in frames] == pytest.approx(expected)
    assert changes.of([]) == []


def test_between_portraits_that_look_alike(real_data: Path) -> None:
    photos = (
        sorted((real_data / "london").rglob("*_*.jpg"))[:12]
        or sorted((real_data / "london" / "neutral").iterdir())[:12]
    )
    generator = torch.Generator().manual_seed(0)
    frames = []
    for photo in photos:
        still = decode_photo(photo).to(torch.int16)
        for number in range(8):  # a hand that holds the camera, and its sensor
            moved = still.roll((number % 3, -number % 2), (1, 2))
            noise = torch.randint(-9, 10, still.shape, generator=generator, dtype=torch.int16)
            frames.append((moved + noise).clamp(0, 255).to(torch.uint8))
    changes = np.array(FrameChanges().of(frames))
    found = np.flatnonzero(scene_cuts(changes, limit=0.15)).tolist()
    assert found == list(range(8, 96, 8))
    assert (changes > 0.15).sum() < 3  # the limit alone would miss nearly all
