"""What a frame shows that the frame before does not."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from ferkit.mining.novelty import (
    BLOCK,
    CELLS,
    NOISE,
    edges,
    grey,
    movement,
    novelty,
)
from ferkit.mining.watch import FrameWatch


def new(frames: list[Tensor]) -> list[float]:
    return [each.novelty for each in FrameWatch().of(frames)]


@pytest.fixture
def wall() -> Tensor:
    """A large pattern, (3, 400, 400) uint8, smooth over a few pixels."""
    random = torch.Generator().manual_seed(0)
    small = torch.rand(1, 3, 40, 40, generator=random)
    large = torch.nn.functional.interpolate(small, size=(400, 400), mode="bicubic")
    return (255 * large[0]).clamp(0, 255).to(torch.uint8)


def test_the_same_again_shows_nothing_new(wall: Tensor) -> None:
    assert new([wall, wall]) == pytest.approx([0, 0], abs=0.01)


def test_another_place_is_new(wall: Tensor) -> None:
    assert new([wall, wall.flip(1)])[1] > 0.5


@pytest.mark.parametrize("by", [(0, 7), (13, -20), (-40, 30)])
def test_where_the_camera_moves_to_does_not_matter(wall: Tensor, by: tuple[int, int]) -> None:
    first = wall[:, 64:320, 64:320]
    second = wall[:, 64 + by[0] : 320 + by[0], 64 + by[1] : 320 + by[1]]
    both = edges(torch.stack([grey(first), grey(second)]))
    moved = movement(both[1:], both[:1])[0]
    assert moved.tolist() == pytest.approx([by[0] / 4, by[1] / 4], abs=0.51)  # four pixels a cell
    assert new([first, second])[1] < 0.15


def test_light_does_not_matter(wall: Tensor) -> None:
    dark = (wall.float() * 0.4 + 30).to(torch.uint8)
    assert new([wall, dark])[1] < 0.05


def test_flat_frames() -> None:
    black = torch.zeros(3, 90, 90, dtype=torch.uint8)
    assert new([black, black + 9, black])[1:] == [1.0, 1.0]  # nothing is found again


def test_a_plain_loop_of_normalised_correlations() -> None:
    # Far from any movement of the whole: the second picture has one block of the first moved.
    random = torch.Generator().manual_seed(1)
    before = 0.1 * torch.randn(CELLS, CELLS, generator=random)
    now = before.clone()
    now[16:32, 16:32] = before[17:33, 15:31]
    now[40:48, 40:48] = 0.1 * torch.randn(8, 8, generator=random)
    total = weights = 0.0
    floor = BLOCK**2 * NOISE**2
    for top in range(0, CELLS, BLOCK):
        for left in range(0, CELLS, BLOCK):
            block = now[top : top + BLOCK, left : left + BLOCK]
            energy = float((block * block).sum())
            best = -1.0
            for down in (-1, 0, 1):
                for right in (-1, 0, 1):
                    other = torch.zeros(BLOCK, BLOCK)
                    for y in range(BLOCK):
                        for x in range(BLOCK):
                            row, column = top + y + down, left + x + right
                            if 0 <= row < CELLS and 0 <= column < CELLS:
                                other[y, x] = before[row, column]
                    scale = math.sqrt((energy + floor) * (float((other * other).sum()) + floor))
                    best = max(best, float((block * other).sum()) / scale)
            weight = math.sqrt(energy + NOISE**2)
            total += best * weight
            weights += weight
    expected = 1 - total / weights
    assert 0 < expected < 0.15
    assert float(novelty(now[None], before[None])) == pytest.approx(expected, abs=1e-5)
