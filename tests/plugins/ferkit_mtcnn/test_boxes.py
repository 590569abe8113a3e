"""Box geometry by hand-worked numbers."""

from __future__ import annotations

import pytest
import torch
from ferkit_mtcnn.boxes import (
    cell_boxes,
    pixel_ranges,
    pyramid_scales,
    shift_boxes,
    square_boxes,
    suppress_covered,
)


def test_pyramid_ends_where_twelve_pixels_no_longer_fit() -> None:
    scales = pyramid_scales(80, 200, min_face_px=20, factor=0.5)
    assert scales == pytest.approx([0.6, 0.3, 0.15])  # 80 x 0.075 = 6 < 12
    assert pyramid_scales(19, 500, min_face_px=20, factor=0.7) == []


def test_cells_are_twelve_pixels_wide_at_stride_two() -> None:
    boxes = cell_boxes(torch.tensor([0, 3]), torch.tensor([0, 5]), 0.5)
    # columns 5 -> x (10 + 1) / .5 = 22 and (10 + 12) / .5 = 44; rows 3 -> 14 and 36
    assert boxes.tolist() == [[2, 2, 24, 24], [22, 14, 44, 36]]


def test_shift_counts_the_last_pixel_only_where_asked() -> None:
    box, shift = torch.tensor([[10.0, 20.0, 30.0, 60.0]]), torch.tensor([[0.1, -0.1, 0.5, 0.0]])
    assert shift_boxes(box, shift, inclusive=False)[0].tolist() == pytest.approx([12, 16, 40, 60])
    assert shift_boxes(box, shift, inclusive=True)[0].tolist() == pytest.approx(
        [12.1, 15.9, 40.5, 60]
    )


def test_squares_keep_their_centre() -> None:
    assert square_boxes(torch.tensor([[0.0, 10.0, 10.0, 40.0]])).tolist() == [[-10, 10, 20, 40]]


def test_ranges_are_clipped_and_never_empty() -> None:
    boxes = torch.tensor([[5.9, 2.0, 9.2, 30.0], [-9.0, -9.0, -2.0, -2.0], [50.0, 3.0, 60.0, 5.0]])
    assert pixel_ranges(boxes, height=10, width=20).tolist() == [
        [4, 1, 9, 10],
        [0, 0, 1, 1],
        [19, 2, 20, 5],
    ]


def test_a_small_box_within_a_better_large_one_goes() -> None:
    boxes = torch.tensor(
        [[10.0, 10.0, 19.0, 19.0], [0.0, 0.0, 99.0, 99.0], [200.0, 0.0, 220.0, 20.0]]
    )
    assert suppress_covered(boxes, torch.tensor([0.8, 0.9, 0.7]), overlap=0.7) == [1, 2]
    assert suppress_covered(boxes, torch.tensor([0.95, 0.9, 0.7]), overlap=0.7) == [0, 2]
    assert suppress_covered(boxes[:0], torch.zeros(0), overlap=0.7) == []
