"""Area resampling against `interpolate(mode="area")`, which it has to equal."""

from __future__ import annotations

import pytest
import torch
from ferkit_mtcnn.area import SHORT_SUM, plan_columns, plan_rows, resample, sum_rows
from torch import Tensor
from torch.nn.functional import interpolate

CPU = torch.device("cpu")


def pixels(*shape: int, seed: int = 0) -> Tensor:
    made: Tensor = torch.randint(
        0, 256, shape, dtype=torch.uint8, generator=torch.Generator().manual_seed(seed)
    )
    return made


def area(frames: Tensor, height: int, width: int) -> Tensor:
    planes = frames.permute(0, 3, 1, 2).float()
    return interpolate(planes, size=(height, width), mode="area").permute(0, 2, 3, 1)


def test_sums_of_rows_by_hand() -> None:
    frame = torch.tensor([[[[1, 2, 3]], [[10, 20, 30]]]], dtype=torch.uint8)  # 2 rows, 1 column
    sums = sum_rows(frame, longest=2)
    assert sums.tolist() == [[[0, 0, 0], [1, 2, 3], [11, 22, 33]]]


def test_short_sums_overflow_and_their_differences_do_not() -> None:
    white = torch.full((1, 400, 2, 3), 255, dtype=torch.uint8)
    sums = sum_rows(white, longest=SHORT_SUM)
    assert sums.dtype == torch.int16
    assert int(sums.min()) < 0  # it did overflow
    assert set((sums[:, SHORT_SUM:] - sums[:, :-SHORT_SUM]).flatten().tolist()) == {255 * SHORT_SUM}
    assert sum_rows(white, longest=SHORT_SUM + 1).dtype == torch.int32
    assert int(sum_rows(white, longest=400).max()) == 255 * 400


@pytest.mark.parametrize(
    ("size", "small"),
    [((37, 53), (22, 32)), ((40, 40), (40, 40)), ((9, 9), (24, 24)), ((300, 17), (2, 5))],
)
def test_resampling_is_that_of_interpolate(size: tuple[int, int], small: tuple[int, int]) -> None:
    frames = pixels(2, *size, 3)
    sums = sum_rows(frames, longest=size[0])
    rows = plan_rows(size[0], small[0], low=0, high=small[0], device=CPU)
    columns = plan_columns(size[1], small[1], low=0, high=small[1], device=CPU)
    expected = area(frames, *small)
    assert torch.allclose(resample(sums, rows, columns), expected, atol=1e-3)


def test_a_part_is_that_part_of_the_whole() -> None:
    frames = pixels(1, 90, 120, 3)
    sums = sum_rows(frames, longest=90)
    rows = plan_rows(90, 37, low=5, high=20, device=CPU)
    columns = plan_columns(120, 81, low=30, high=81, device=CPU)
    part = resample(sums, rows, columns)
    assert torch.allclose(part, area(frames, 37, 81)[:, 5:20, 30:81], atol=1e-3)


def test_how_a_frame_lies_in_memory_does_not_matter() -> None:
    frames = pixels(1, 20, 30, 3)
    planes = frames.permute(0, 3, 1, 2).contiguous().permute(0, 2, 3, 1)
    assert torch.equal(sum_rows(planes, longest=20), sum_rows(frames, longest=20))
