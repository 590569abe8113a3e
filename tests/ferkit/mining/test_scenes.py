"""Scene cuts, by hand and between real people."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample

from ferkit.faces.cuts import FrameChanges
from ferkit.faces.decode import decode_photo
from ferkit.mining.scenes import scene_cuts
from ferkit.mining.watch import FrameWatch

CALM = [0.05] * 6


def cuts(
    novelty: Sequence[float],
    change: Sequence[float] | None = None,
    again: Sequence[int] | None = None,
) -> list[int]:
    changes = np.array([0.0] * len(novelty) if change is None else change)
    agains = np.array([0] * len(novelty) if again is None else again, np.int64)
    return np.flatnonzero(scene_cuts(changes, np.array(novelty), agains, limit=0.15)).tolist()


@pytest.mark.parametrize(
    ("novelty", "at"),
    [
        ((), []),
        ((0.0,), []),
        ((1.0, 0.0), []),  # the first frame begins nothing
        ((0.0, 1.0), [1]),
        ((*CALM, 0.3, *CALM), [6]),
        ((*CALM, 0.25, *CALM), []),  # somebody moves
        ((*CALM, 0.4, 0.05, 0.4, *CALM), [6, 8]),  # two near one another
        ((*CALM, 0.4, 0.4, *CALM), [6, 7]),
        (([0.2] * 6 + [0.3] + [0.2] * 6), []),  # a camera that swings
        (([0.2] * 6 + [0.5] + [0.2] * 6), [6]),
        ((0.0, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3), []),  # in motion from the first frame on
        (([*CALM, 0.4] + [0.3] * 6), []),  # and all at once
        (([0.3] * 6 + [0.4, *CALM]), []),
        ((*CALM, 0.4, 0.05, 0.4, 0.05, 0.05, *CALM), [6, 8]),
    ],
)
def test_what_a_frame_shows_by_hand(novelty: Sequence[float], at: list[int]) -> None:
    assert cuts(novelty) == at


def test_what_is_shown_again_was_not_over() -> None:
    novelty = [*CALM, 0.4, 0.4, 0.05, 0.4, *CALM]
    assert cuts(novelty) == [6, 7, 9]
    again = [0] * len(novelty)
    again[8] = 3  # frame 8 shows what frame 5 does
    assert cuts(novelty, again=again) == [9]
    again[9] = 12
    assert cuts(novelty, again=again) == []
    assert cuts(novelty, [0.2] * len(novelty), again) == []


def test_a_large_change_is_a_cut_unless_it_is_light() -> None:
    change = [*[0.0] * 6, 0.16, *[0.0] * 6]
    for novelty, at in ((0.21, []), (0.23, [6])):
        assert cuts([*CALM, novelty, *CALM], change) == at
    assert cuts([*CALM, 0.23, *CALM], [0.15] * 13) == []


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


def found(frames: Sequence[Tensor]) -> list[int]:
    novelty, again = zip(*FrameWatch().of(frames), strict=True)
    return cuts(novelty, FrameChanges().of(frames), again)


@pytest.fixture(scope="module")
def portraits(real_data: Path) -> list[Tensor]:
    """Twelve people of one framing, (3, 512, 512) float each."""
    photos = sorted((real_data / "london" / "neutral").iterdir())[:12]
    return [decode_photo(photo).float() for photo in photos]


def held(portrait: Tensor, length: int, shake: float, random: torch.Generator) -> list[Tensor]:
    """Frames of a camera that is pushed by `shake` of the width per frame, with noise."""
    push = torch.randn(length, 2, generator=random) * shake
    place = torch.zeros(length, 2)
    for at in range(1, length):
        place[at] = 0.85 * place[at - 1] + push[at]
    moves = torch.tensor([[0.7, 0.0, 0.0], [0.0, 0.7, 0.0]]).repeat(length, 1, 1)
    moves[:, :, 2] = 1.4 * place
    grid = affine_grid(moves, [length, 3, 160, 160], align_corners=False)
    shown = grid_sample(
        portrait.expand(length, -1, -1, -1), grid, padding_mode="reflection", align_corners=False
    )
    noisy = shown + 4 * torch.randn(shown.shape, generator=random)
    return list(noisy.round().clamp(0, 255).to(torch.uint8))


@pytest.mark.parametrize("shake", [0.0, 0.01, 0.02])
def test_between_people_who_look_alike_before_a_shaken_camera(
    portraits: list[Tensor], shake: float
) -> None:
    random = torch.Generator().manual_seed(0)
    frames = [frame for one in portraits for frame in held(one, 8, shake, random)]
    assert found(frames) == list(range(8, 96, 8))
    assert (
        np.array(FrameChanges().of(frames)) > 0.15
    ).sum() < 3  # the limit alone misses nearly all


@pytest.mark.parametrize("apart", [2, 3, 4])
def test_cuts_near_one_another(portraits: list[Tensor], apart: int) -> None:
    random = torch.Generator().manual_seed(0)
    for place in range(0, 12, 3):
        lengths = zip(portraits[place : place + 3], (9, apart, 9), strict=True)
        frames = [frame for one, length in lengths for frame in held(one, length, 0.01, random)]
        assert found(frames) == [9, 9 + apart]


def test_more_light_is_no_cut(portraits: list[Tensor]) -> None:
    random = torch.Generator().manual_seed(0)
    frames = held(0.6 * portraits[0], 16, 0.0, random)
    frames[8:10] = [(1.6 * frame.float()).clamp(max=255).to(torch.uint8) for frame in frames[8:10]]
    assert max(FrameChanges().of(frames)) > 0.15
    assert found(frames) == []


def beside(frames: list[Tensor], *, width: int, length: int) -> list[Tensor]:
    """With a striped thing that passes within some of the frames."""
    stripes = (40 * (torch.arange(width) // 10 % 4) + 60).to(torch.uint8)
    hidden = [frame.clone() for frame in frames]
    begin = (len(frames) - length) // 2
    for step in range(length):
        left = round((160 + width) * (step + 0.5) / length) - width
        first, last = max(0, left), min(160, left + width)
        hidden[begin + step][:, :, first:last] = stripes[first - left : last - left]
    return hidden


@pytest.mark.parametrize(("width", "length"), [(40, 8), (80, 8), (40, 4), (40, 14)])
def test_what_passes_before_the_face_is_no_cut(
    portraits: list[Tensor], width: int, length: int
) -> None:
    random = torch.Generator().manual_seed(0)
    for portrait in portraits[:3]:
        frames = beside(held(portrait, 28, 0.005, random), width=width, length=length)
        assert max(each.novelty for each in FrameWatch().of(frames)) > 0.28
        assert found(frames) == []


@pytest.mark.parametrize("length", [1, 2, 3])
def test_a_flash_is_no_cut(portraits: list[Tensor], length: int) -> None:
    random = torch.Generator().manual_seed(0)
    for portrait in portraits[:3]:
        frames = held(portrait, 24, 0.005, random)
        lit = [(2.5 * frame.float()).clamp(max=255).to(torch.uint8) for frame in frames]
        frames[10 : 10 + length] = lit[10 : 10 + length]
        assert found(frames) == []


def test_somebody_else_for_some_frames_is_two_cuts(portraits: list[Tensor]) -> None:
    random = torch.Generator().manual_seed(0)
    shot = held(portraits[0], 24, 0.005, random)
    for length in (2, 5, 8):
        other = held(portraits[1], length, 0.005, random)
        assert found([*shot[:12], *other, *shot[12:]]) == [12, 12 + length]


def test_a_cut_while_something_passes(portraits: list[Tensor]) -> None:
    random = torch.Generator().manual_seed(0)
    frames = [frame for one in portraits[:2] for frame in held(one, 14, 0.005, random)]
    assert 14 in found(beside(frames, width=40, length=8))
