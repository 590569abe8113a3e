"""Similarities against hand-worked maps, perturbed ones and a general least-squares solver."""

from __future__ import annotations

import math

import pytest
import torch
from ferkit_crops.similarity import least_squares_similarity, two_point_similarity
from torch import Tensor

FIVE = torch.tensor([[3.0, 1.0], [9.0, 2.0], [6.0, 5.0], [4.0, 8.0], [8.0, 8.0]])


def similarity(degrees: float, scale: float, shift: tuple[float, float]) -> Tensor:
    angle = math.radians(degrees)
    c, s = scale * math.cos(angle), scale * math.sin(angle)
    return torch.tensor([[c, -s, shift[0]], [s, c, shift[1]]])


def mapped(transform: Tensor, points: Tensor) -> Tensor:
    return points @ transform[:, :2].T.to(points) + transform[:, 2].to(points)


def solved(points: Tensor, places: Tensor) -> Tensor:
    """The same by a general solver: two equations for each point, unknown a, b, x, y."""
    rows, wanted = [], []
    for (x, y), (u, v) in zip(points.tolist(), places.tolist(), strict=True):
        rows += [[x, -y, 1.0, 0.0], [y, x, 0.0, 1.0]]
        wanted += [[u], [v]]
    found = torch.linalg.lstsq(
        torch.tensor(rows, dtype=torch.float64), torch.tensor(wanted, dtype=torch.float64)
    )
    a, b, x, y = found.solution[:, 0].tolist()
    return torch.tensor([[a, -b, x], [b, a, y]])


def test_two_points_by_hand() -> None:
    # (0, 0) -> (10, 10), (2, 0) -> (10, 14): scale 2, a quarter turn, shift 10.
    transform = two_point_similarity(
        torch.tensor([[[0.0, 0.0], [2.0, 0.0]]]), torch.tensor([[10.0, 10.0], [10.0, 14.0]])
    )
    assert torch.allclose(transform[0], torch.tensor([[0.0, -2.0, 10.0], [2.0, 0.0, 10.0]]))


@pytest.mark.parametrize(
    "known",
    [
        similarity(0, 1, (0, 0)),
        similarity(90, 1, (0, 0)),
        similarity(180, 1, (5, -3)),
        similarity(0, 2.5, (0, 0)),
        similarity(-37, 0.2, (100, 7)),
    ],
)
def test_an_exact_fit_finds_the_map(known: Tensor) -> None:
    found = least_squares_similarity(FIVE[None], mapped(known, FIVE))
    assert found.dtype == torch.float32
    assert torch.allclose(found[0], known, atol=1e-4)


def test_a_fit_by_hand() -> None:
    # A unit cross whose upper arm is to be twice as long. About the mean (0, 0.25) of the
    # places: sum p q = 1 + 1 + 2 + 1 = 5 over sum p p = 4, so scale 1.25 and no turn.
    cross = torch.tensor([[1.0, 0], [-1, 0], [0, 1], [0, -1]])
    places = torch.tensor([[1.0, 0], [-1, 0], [0, 2], [0, -1]])
    found = least_squares_similarity(cross[None], places)[0]
    assert torch.allclose(found, torch.tensor([[1.25, 0, 0], [0, 1.25, 0.25]]))


@pytest.mark.parametrize("seed", range(5))
def test_with_noise_it_is_the_least_squares_solution(seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    points = 200 * torch.rand(7, 5, 2, generator=generator)
    places = mapped(similarity(40 * seed, 0.7, (9, -4)), points[0])
    places = places + 20 * torch.randn(5, 2, generator=generator)
    found = least_squares_similarity(points, places)
    for own, transform in zip(points, found, strict=True):
        assert torch.allclose(transform, solved(own, places), rtol=1e-3, atol=1e-3)
        least = (mapped(transform.double(), own.double()) - places).square().sum()
        for _ in range(30):
            turn = similarity(
                *(1 + torch.randn(2, generator=generator) / 50).tolist(),
                shift=tuple(torch.randn(2, generator=generator).tolist()),
            )
            other = turn[:, :2] @ transform[:, :2]
            shift = turn[:, :2] @ transform[:, 2:] + turn[:, 2:]
            moved = mapped(torch.cat([other, shift], 1).double(), own.double())
            assert (moved - places).square().sum() > least


def test_mirror_images_are_not_undone_by_reflection() -> None:
    found = least_squares_similarity((FIVE * torch.tensor([-1.0, 1.0]))[None], FIVE)[0]
    assert torch.linalg.det(found[:, :2]) > 0


def test_a_map_does_not_depend_on_the_others_of_the_call() -> None:
    points = torch.stack([FIVE, FIVE * 3 + 1, FIVE.flip(0)])
    together = least_squares_similarity(points, FIVE)
    for row in range(3):
        assert torch.equal(together[row], least_squares_similarity(points[row : row + 1], FIVE)[0])


def test_points_without_a_map_are_nan() -> None:
    points = FIVE.repeat(4, 1, 1)
    points[0] = 5.0  # all in one place
    points[1, 3, 0] = torch.inf
    points[2, 0, 1] = torch.nan
    found = least_squares_similarity(points, FIVE)
    assert found[:3].isnan().all()
    assert found[3].isfinite().all()
    near = torch.tensor([[[1.0, 1.0], [1.0005, 1.0]], [[1.0, 1.0], [1.01, 1.0]]])
    pairs = two_point_similarity(near, torch.tensor([[0.0, 0.0], [1.0, 0.0]]))
    assert pairs[0].isnan().all()
    assert pairs[1].isfinite().all()
    # A square told to become its own mirror image: every turn is as good, so there is none.
    square = torch.tensor([[1.0, 1], [-1, 1], [-1, -1], [1, -1]])
    assert least_squares_similarity(square[None], square[[1, 0, 3, 2]]).isnan().all()
