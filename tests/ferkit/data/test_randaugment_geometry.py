"""Each operation that moves pixels against plain loops and torchvision's."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor
from torchvision.transforms import InterpolationMode
from torchvision.transforms.v2 import functional as reference

from ferkit.data.randaugment import MOVES, apply_operation
from ferkit.data.randaugment_geometry import Border, cut_out
from ferkit.view_sections import Operation

HEIGHT, WIDTH = 12, 20


def images(count: int = 1) -> Tensor:
    return torch.rand(count, 3, HEIGHT, WIDTH, generator=torch.Generator().manual_seed(1))


def bilinear(image: Tensor, x: float, y: float, border: Border) -> Tensor:
    """One pixel between four of an image (3, H, W): (3,)."""
    height, width = image.shape[-2:]

    def read(column: int, row: int) -> Tensor:
        if 0 <= column < width and 0 <= row < height:
            return image[:, row, column]
        return torch.full((3,), 0.5)

    if border == "mirror":
        x, y = mirrored(x, width), mirrored(y, height)
    left, top = math.floor(x), math.floor(y)
    u, v = x - left, y - top
    upper = (1 - u) * read(left, top) + u * read(left + 1, top)
    lower = (1 - u) * read(left, top + 1) + u * read(left + 1, top + 1)
    return (1 - v) * upper + v * lower


def mirrored(place: float, size: int) -> float:
    while not 0 <= place <= size - 1:
        place = -place if place < 0 else 2 * (size - 1) - place
    return place


def old_place(name: Operation, amount: float, x: float, y: float) -> tuple[float, float]:
    """Where the new pixel at (x, y) from the centre was, y down."""
    if name == "shear_x":
        return x - amount * y, y
    if name == "shear_y":
        return x, y - amount * x
    angle = math.radians(amount)
    return (
        math.cos(angle) * x - math.sin(angle) * y,
        math.sin(angle) * x + math.cos(angle) * y,
    )


@pytest.mark.parametrize("border", ["grey", "mirror"])
@pytest.mark.parametrize(
    ("name", "amount"),
    [("rotate", 30.0), ("rotate", -90.0), ("shear_x", 0.3), ("shear_y", -0.2), ("rotate", 0.0)],
)
def test_resampled_moves_against_a_loop(name: Operation, amount: float, border: Border) -> None:
    image = images()
    answer = apply_operation(name, image, torch.tensor([amount]), border)[0]
    middle_x, middle_y = (WIDTH - 1) / 2, (HEIGHT - 1) / 2
    for row in range(HEIGHT):
        for column in range(WIDTH):
            x, y = old_place(name, amount, column - middle_x, row - middle_y)
            expected = bilinear(image[0], x + middle_x, y + middle_y, border)
            assert torch.allclose(answer[:, row, column], expected, atol=1e-4)


@pytest.mark.parametrize("angle", [-30.0, 10.0, 30.0])
def test_turning_is_torchvisions_inside(angle: float) -> None:
    rows, columns = torch.meshgrid(torch.arange(64.0), torch.arange(64.0), indexing="ij")
    image = (torch.stack([rows, columns, rows + columns]) / 130)[None]
    answer = apply_operation("rotate", image, torch.tensor([angle]))
    expected = reference.rotate(image, angle, interpolation=InterpolationMode.BILINEAR)
    assert torch.allclose(answer[..., 16:48, 16:48], expected[..., 16:48, 16:48], atol=1e-3)


@pytest.mark.parametrize("amount", [-0.3, -0.1, 0.0, 0.05, 0.3, 0.9])
def test_shifts_are_torchvisions_in_whole_pixels(amount: float) -> None:
    image = images()
    for name, size in (("translate_x", WIDTH), ("translate_y", HEIGHT)):
        shift = round(amount * size)
        move = [shift, 0] if name == "translate_x" else [0, shift]
        answer = apply_operation(name, image, torch.tensor([amount]), "grey")
        expected = reference.affine(image, 0.0, move, 1.0, [0.0, 0.0], fill=[0.5, 0.5, 0.5])
        assert torch.equal(answer, expected)


@pytest.mark.parametrize("amount", [-1.0, -0.3, 0.0, 0.25, 0.9, 1.0])
def test_shifts_mirror_what_comes_from_outside(amount: float) -> None:
    image = images()
    for name, axis in (("translate_x", -1), ("translate_y", -2)):
        size = image.shape[axis]
        shift = max(1 - size, min(size - 1, round(amount * size)))
        answer = apply_operation(name, image, torch.tensor([amount]), "mirror")
        padding = [(0, 0), (0, 0), (0, 0), (0, 0)]
        padding[axis] = (size - 1, size - 1)
        wide = torch.from_numpy(np.pad(image.numpy(), padding, mode="reflect"))
        assert torch.equal(answer, wide.narrow(axis, size - 1 - shift, size))


def test_images_of_one_call_move_by_their_own_amounts() -> None:
    amounts = torch.tensor([0.2, 0.2, -0.1, 0.0, 0.2])
    several = images(5)
    together = apply_operation("translate_x", several, amounts)
    for row in range(5):
        alone = apply_operation("translate_x", several[row : row + 1], amounts[row : row + 1])
        assert torch.equal(together[row], alone[0])


def test_a_flip_is_a_mirror_image() -> None:
    image = images(2)
    answer = apply_operation("flip", image, torch.zeros(2))
    assert torch.equal(answer, reference.horizontal_flip(image))
    assert torch.equal(apply_operation("flip", answer, torch.ones(2)), image)


@pytest.mark.parametrize("border", ["grey", "mirror"])
@pytest.mark.parametrize("name", sorted(MOVES))
@pytest.mark.parametrize("size", [(1, 1), (1, 6), (5, 1), (2, 2)])
def test_small_images_stay_in_range(name: Operation, size: tuple[int, int], border: Border) -> None:
    small = torch.rand(3, 3, *size)
    answer = apply_operation(name, small, torch.tensor([-0.3, 0.3, 1.0]), border)
    assert answer.shape == small.shape
    assert answer.isfinite().all()
    assert 0 <= float(answer.min()) <= float(answer.max()) <= 1


def test_a_cut_out_square_is_grey_and_may_reach_outside() -> None:
    black = torch.zeros(3, 3, 10, 20)
    centre = torch.tensor([[0.5, 0.5], [0.0, 0.0], [float("inf"), 0.5]])
    answer = cut_out(black, centre, 0.4)
    expected = torch.zeros(3, 10, 20)
    expected[0, 3:7, 6:14] = 0.5
    expected[1, :2, :4] = 0.5
    assert torch.equal(answer, expected[:, None].expand(3, 3, 10, 20))
