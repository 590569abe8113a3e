"""Crops against a plain loop of slices and `interpolate(mode="area")`."""

from __future__ import annotations

import pytest
import torch
from ferkit_mtcnn.area import sum_rows
from ferkit_mtcnn.cut import cut, passes
from torch.nn.functional import interpolate


@pytest.mark.parametrize("side", [24, 48])
def test_crops_of_all_sizes_at_all_borders(side: int) -> None:
    frames = torch.randint(
        0, 256, (2, 60, 90, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(1)
    )
    boxes = [
        (0, 0, 0, 90, 60),
        (1, 89, 59, 90, 60),
        (0, 40, 10, 64, 34),
        (1, 85, 0, 90, 60),
        (0, 0, 55, 31, 60),
        (1, 20, 20, 61, 60),
    ]
    frame_of = torch.tensor([box[0] for box in boxes])
    ranges = torch.tensor([box[1:] for box in boxes])
    crops = cut(sum_rows(frames, longest=60), frame_of, ranges, side=side, taps=90)
    assert crops.shape == (len(boxes), side, side, 3)
    for crop, (frame, left, top, right, bottom) in zip(crops, boxes, strict=True):
        piece = frames[frame, top:bottom, left:right].permute(2, 0, 1).float()
        expected = interpolate(piece[None], size=(side, side), mode="area")[0]
        assert torch.allclose(crop.permute(2, 1, 0), expected, atol=1e-3)  # columns before rows


def test_passes_hold_each_candidate_once_and_are_no_wider_than_allowed() -> None:
    widths = torch.tensor([30, 5, 200, 31, 7, 90])
    divided = passes(widths, pixels=100)
    assert [(sorted(chosen.tolist()), taps) for chosen, taps in divided] == [
        ([0, 1, 4], 30),
        ([3], 31),
        ([5], 90),
        ([2], 200),
    ]
    assert passes(widths[:0], pixels=100) == []
