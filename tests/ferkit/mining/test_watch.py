"""Watching frames for what is new."""

from __future__ import annotations

import pickle

import pytest
import torch
from torch import Tensor

from ferkit.mining.watch import FrameWatch


@pytest.fixture
def frames() -> list[Tensor]:
    """A pattern before which something passes, mirrored, cut to another size."""
    random = torch.Generator().manual_seed(0)
    small = torch.rand(1, 3, 20, 20, generator=random)
    large = torch.nn.functional.interpolate(small, size=(200, 200), mode="bicubic")
    wall = (255 * large[0]).clamp(0, 255).to(torch.uint8)
    passing = []
    for left in (20, 70, 120):
        hidden = wall.clone()
        hidden[:, :, left : left + 70] = wall[:, :, left : left + 70].flip(1)
        passing.append(hidden)
    return [wall] * 6 + passing + [wall] * 4 + [wall.flip(2), wall[:, :150], wall[:, :150]]


def test_by_hand(frames: list[Tensor]) -> None:
    found = FrameWatch().of(frames)
    assert found[0] == (0.0, 0)
    assert found[6].novelty > 0.28
    assert [at for at, each in enumerate(found) if each.again] == [9]
    assert found[9].again == 4  # frame 5 showed the same
    assert found[13].novelty > 0.5
    assert found[14].novelty == 1.0  # another size
    assert found[15].novelty < 0.05


@pytest.mark.parametrize("size", [1, 4, 7])
def test_how_it_is_cut_into_calls_does_not_matter(frames: list[Tensor], size: int) -> None:
    whole, watch = FrameWatch().of(frames), FrameWatch()
    parts = [frames[start : start + size] for start in range(0, len(frames), size)]
    found = [each for part in parts for each in watch.of(part)]
    assert [each.again for each in found] == [each.again for each in whole]
    novelty = [each.novelty for each in whole]
    assert [each.novelty for each in found] == pytest.approx(novelty, abs=1e-5)
    assert watch.of([]) == []


def test_what_is_kept_is_small() -> None:
    random = torch.Generator().manual_seed(0)
    watch = FrameWatch()
    for _ in range(3):
        still = torch.randint(256, (3, 240, 320), generator=random).to(torch.uint8)
        for _ in range(5):
            watch.of([still] * 4)
            watch.of([torch.randint(256, (3, 240, 320), generator=random).to(torch.uint8)])
        assert len(pickle.dumps(watch)) < 400_000
