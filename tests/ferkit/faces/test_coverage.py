"""The fraction of a crop that is in its frame: counted pixel by pixel, it is the same number."""

from __future__ import annotations

import pytest
import torch

from ferkit.faces.coverage import fraction_inside
from ferkit.faces.warp import invert


def counted(inverse: torch.Tensor, height: int, width: int, size: int) -> float:
    inside = 0
    for v in range(size):
        for u in range(size):
            x, y = (inverse[:, :2] @ torch.tensor([u, v]).double() + inverse[:, 2]).tolist()
            inside += -0.5 <= x <= width - 0.5 and -0.5 <= y <= height - 0.5
    return inside / size**2


@pytest.mark.parametrize("size", [1, 2, 13, 16])
def test_equals_counting_each_pixel(size: int) -> None:
    generator = torch.Generator().manual_seed(size)
    linear = 2 * torch.randn(40, 2, 2, generator=generator, dtype=torch.float64)
    shift = 20 * torch.rand(40, 2, 1, generator=generator, dtype=torch.float64)
    inverses = torch.cat([linear, shift], 2)
    sizes = torch.randint(1, 40, (40, 2), generator=generator)
    fractions = fraction_inside(inverses, sizes, size)
    expected = [
        counted(inverse, *frame.tolist(), size)
        for inverse, frame in zip(inverses, sizes, strict=True)
    ]
    assert fractions.dtype == torch.float32
    assert torch.equal(fractions, torch.tensor(expected))
    if size > 2:
        assert len(fractions.unique()) > 10  # all sorts of them


@pytest.mark.parametrize("turn", [[[1.0, 0], [0, 1]], [[0, -1], [1, 0]], [[-1, 0], [0, -1]]])
@pytest.mark.parametrize("shift", [0.0, 0.5, 3.5, 4.0, 7.5, 8.0, -0.5, -6.0])
def test_pixel_centres_on_the_very_edge_count(turn: list[list[float]], shift: float) -> None:
    inverse = torch.tensor([[*turn[0], shift], [*turn[1], 2 * shift]], dtype=torch.float64)
    fraction = fraction_inside(inverse[None], torch.tensor([[9, 6]]), 8)
    assert float(fraction) == pytest.approx(counted(inverse, 9, 6, 8), abs=1e-7)


def test_far_away_and_flat_rows() -> None:
    inverses = torch.tensor(
        [
            [[1.0, 0, 1e9], [0, 1, 0]],  # nowhere near
            [[1e-17, 1, 2.0], [1, 1e-17, -3.0]],  # a quarter turn and a mirror, nearly exact
            [[1e5, 0, 0], [0, 1e5, 0]],  # one pixel of the crop covers all of the frame
        ],
        dtype=torch.float64,
    )
    fractions = fraction_inside(inverses, torch.tensor([[10, 10]] * 3), 10)
    assert fractions[0] == 0
    assert fractions[1] == pytest.approx(counted(inverses[1], 10, 10, 10))
    assert fractions[1] == pytest.approx(0.56)  # x in 2 .. 9, y in 0 .. 6
    assert fractions[2] == pytest.approx(0.01)


def test_a_batch_is_its_rows() -> None:
    forward = torch.tensor([[[0.5, 0.1, 3.0], [-0.1, 0.5, 8.0]]]).double().repeat(4, 1, 1)
    forward[:, 0, 2] += torch.arange(4) * 5
    inverses, sizes = invert(forward), torch.tensor([[50, 40], [8, 60], [30, 30], [1, 1]])
    together = fraction_inside(inverses, sizes, 24)
    for row in range(4):
        alone = fraction_inside(inverses[row : row + 1], sizes[row : row + 1], 24)
        assert together[row] == alone[0]
