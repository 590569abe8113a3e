"""The warp: exact where it can be, antialiased where it shrinks, mirrored beyond the frame."""

from __future__ import annotations

import math

import pytest
import torch
from torch.nn.functional import avg_pool2d

from ferkit.faces.warp import invert, samples_per_side, warp


def noise(height: int, width: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (3, height, width), dtype=torch.uint8, generator=generator)


def one(frame: torch.Tensor, matrix: list[list[float]], size: int) -> tuple[torch.Tensor, float]:
    crops, inside = warp(frame[None], torch.tensor([[matrix]]), torch.tensor([0]), size=size)
    return crops[0, 0], float(inside)


def test_identity_copies() -> None:
    frame = noise(40, 40)
    crop, inside = one(frame, [[1.0, 0, 0], [0, 1, 0]], 40)
    assert torch.equal(crop, frame)
    assert inside == 1.0


@pytest.mark.parametrize(("dx", "dy"), [(7, 3), (0, 20), (11, 0)])
def test_whole_pixel_shift_copies(dx: int, dy: int) -> None:
    frame = noise(64, 50)
    crop, _ = one(frame, [[1.0, 0, -dx], [0, 1, -dy]], 32)
    assert torch.equal(crop, frame[:, dy : dy + 32, dx : dx + 32])


def test_quarter_turn_copies() -> None:
    frame = noise(32, 32)
    crop, _ = one(frame, [[0.0, -1, 31], [1, 0, 0]], 32)  # (x, y) -> (31 - y, x)
    assert torch.equal(crop, torch.rot90(frame, -1, (1, 2)))


def test_half_pixel_shift_is_the_mean_of_neighbours() -> None:
    frame = (noise(8, 8) // 2) * 2
    crop, _ = one(frame, [[1.0, 0, -0.5], [0, 1, 0]], 7)
    expected = (frame[:, :7, :7].float() + frame[:, :7, 1:].float()) / 2
    assert (crop.float() - expected).abs().max() <= 0.5  # rounding


@pytest.mark.parametrize("factor", [2, 3, 5])
def test_shrink_by_an_integer_is_an_area_resize(factor: int) -> None:
    frame = noise(24 * factor, 24 * factor)
    shift = -(factor - 1) / 2 / factor  # pixel centres: u = (x + .5) / factor - .5
    crop, inside = one(frame, [[1 / factor, 0, shift], [0, 1 / factor, shift]], 24)
    expected = avg_pool2d(frame[None].float(), factor)[0]
    assert (crop.float() - expected).abs().max() <= 0.51
    assert inside == 1.0


def test_fine_checkerboard_turns_grey_when_shrunk_and_turned() -> None:
    y, x = torch.meshgrid(torch.arange(300), torch.arange(300), indexing="ij")
    board = (((x + y) % 2) * 255).to(torch.uint8).expand(3, -1, -1)
    angle, scale = math.radians(17), 1 / 3.3
    c, s = math.cos(angle) * scale, math.sin(angle) * scale
    matrix = [[c, -s, 24 - 150 * (c - s)], [s, c, 24 - 150 * (s + c)]]
    crop, _ = one(board, matrix, 48)
    assert (crop.float() - 127.5).abs().max() < 12  # one sample per pixel would swing by 127


def test_zone_plate_has_no_moire() -> None:
    y, x = torch.meshgrid(torch.arange(400.0), torch.arange(400.0), indexing="ij")
    radius = ((x - 199.5) ** 2 + (y - 199.5) ** 2) / 400
    plate = ((torch.cos(math.pi * radius) + 1) * 127.5).to(torch.uint8).expand(3, -1, -1)
    shift = -(4 - 1) / 2 / 4
    crop, _ = one(plate, [[0.25, 0, shift], [0, 0.25, shift]], 100)
    area = avg_pool2d(plate[None].float(), 4)[0]
    picked = plate[:, 2::4, 2::4].float()  # without antialiasing
    error = (crop.float() - area).square().mean().sqrt()
    assert error < 1.0
    assert (picked - area).square().mean().sqrt() > 20 * error


def test_beyond_the_frame_is_its_mirror_image() -> None:
    frame = noise(10, 12)
    crop, inside = one(frame, [[1.0, 0, 4], [0, 1, 0]], 10)
    assert torch.equal(crop[:, :, :4], frame[:, :, :4].flip(2))
    assert torch.equal(crop[:, :, 4:], frame[:, :, :6])
    assert inside == pytest.approx(0.6)


def test_far_outside_and_one_pixel_frames() -> None:
    frame = noise(5, 5)
    crop, inside = one(frame, [[1.0, 0, 1000], [0, 1, 1000]], 8)
    assert crop.shape == (3, 8, 8)
    assert inside == 0.0
    crop, _ = one(noise(1, 1), [[10.0, 0, 5], [0, 10, 5]], 8)
    assert (crop == crop[:, :1, :1]).all()


def test_a_transform_that_is_not_finite_or_flat_gives_black_and_fraction_zero() -> None:
    frames = noise(20, 20)[None]
    good = torch.tensor([[1.0, 0, 0], [0, 1, 0]])
    flat = torch.zeros(2, 3)
    bad = torch.full((2, 3), torch.nan)
    crops, inside = warp(frames, torch.stack([good, flat, bad])[None], torch.tensor([0]), size=20)
    assert torch.equal(crops[0, 0], frames[0])
    assert not crops[0, 1:].any()
    assert inside.tolist() == [[1.0, 0.0, 0.0]]


def test_each_crop_comes_from_its_own_frame_whatever_the_batch() -> None:
    frames = torch.stack([noise(60, 60, seed) for seed in range(3)])
    generator = torch.Generator().manual_seed(1)
    linear = torch.eye(2) * 0.7 + 0.1 * torch.randn(6, 2, 2, 2, generator=generator)
    transforms = torch.cat([linear, torch.rand(6, 2, 2, 1, generator=generator) * 9], -1)
    frame_of = torch.tensor([2, 0, 1, 1, 0, 2])
    crops, inside = warp(frames, transforms, frame_of, size=16)
    for face in range(6):
        alone, fraction = warp(
            frames[frame_of[face]][None], transforms[face][None], torch.tensor([0]), size=16
        )
        assert torch.equal(crops[face], alone[0])
        assert torch.equal(inside[face], fraction[0])


def test_stripes_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = noise(300, 300)
    matrix = [[0.11, 0.02, 0.3], [-0.02, 0.11, 2.0]]
    whole, _ = one(frame, matrix, 30)
    monkeypatch.setattr("ferkit.faces.warp.POINTS", 5000)
    striped, _ = one(frame, matrix, 30)
    assert (whole.int() - striped.int()).abs().max() <= 1  # rounding


def test_samples_per_side_counts_source_pixels() -> None:
    assert samples_per_side(torch.tensor([[1.0, 0, 0], [0, 1, 0]])) == 1
    assert samples_per_side(torch.tensor([[0.3, 0, 0], [0, 0.3, 0]])) == 1
    assert samples_per_side(torch.tensor([[2.0, 0, 0], [0, 1, 0]])) == 2
    assert samples_per_side(torch.tensor([[2.01, 0, 0], [0, 1, 0]])) == 3


def test_invert_undoes() -> None:
    matrix = torch.tensor([[1.2, 0.3, 5.0], [-0.4, 0.9, -7.0]], dtype=torch.float64)
    inverse = invert(matrix)
    point = torch.tensor([3.0, 4.0], dtype=torch.float64)
    there = matrix[:, :2] @ point + matrix[:, 2]
    assert torch.allclose(inverse[:, :2] @ there + inverse[:, 2], point)
