"""The warp: exact where it can be, antialiased where it shrinks, mirrored beyond the frame."""

from __future__ import annotations

import math

import pytest
import torch
from torch.nn.functional import avg_pool2d, interpolate

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


def test_frames_of_any_sizes_in_one_call() -> None:
    frames = [noise(60, 41, 1), noise(7, 9, 2), noise(33, 90, 3)]
    angle = math.radians(35)
    turn = [[math.cos(angle) / 2, -math.sin(angle) / 2, 9.0], [math.sin(angle) / 2, 0.4, 1.0]]
    transforms = torch.tensor([[turn, [[1.0, 0, 0], [0, 1, 0]]]]).repeat(4, 1, 1, 1)
    frame_of = torch.tensor([2, 0, 2, 1])
    crops, inside = warp(frames, transforms, frame_of, size=20)
    assert crops.shape == (4, 2, 3, 20, 20)
    assert inside.shape == (4, 2)
    for face, at in enumerate(frame_of.tolist()):
        alone, fraction = warp(frames[at][None], transforms[:1], torch.tensor([0]), size=20)
        assert torch.equal(crops[face], alone[0])
        assert torch.equal(inside[face], fraction[0])
    assert inside[3, 1] == pytest.approx(7 * 9 / 400)


def test_a_frame_laid_out_by_pixels_gives_the_same_crop() -> None:
    frame = noise(50, 61)
    by_pixels = frame.permute(1, 2, 0).contiguous().permute(2, 0, 1)  # as decoders have them
    matrix = torch.tensor([[[[0.4, 0.1, -3.0], [-0.1, 0.4, 5.0]], [[1.3, 0, 9], [0, 1.3, -20]]]])
    crops, _ = warp([frame], matrix, torch.tensor([0]), size=25)
    others, _ = warp([by_pixels], matrix, torch.tensor([0]), size=25)
    assert torch.equal(crops, others)


def test_no_faces_and_no_frames() -> None:
    nothing = torch.zeros(0, 2, 2, 3), torch.zeros(0, dtype=torch.int64)
    for frames in ([], noise(4, 5)[None], torch.zeros(0, 3, 4, 4, dtype=torch.uint8)):
        crops, inside = warp(frames, *nothing, size=8)
        assert (crops.shape, crops.dtype) == ((0, 2, 3, 8, 8), torch.uint8)
        assert inside.shape == (0, 2)


def area_weights(length: int, size: int) -> torch.Tensor:
    """(size, length): which share of each new pixel each old one covers."""
    step = length / size
    return torch.tensor(
        [
            [
                max(0.0, min((new + 1) * step, old + 1) - max(new * step, old)) / step
                for old in range(length)
            ]
            for new in range(size)
        ]
    )


@pytest.mark.parametrize("side", [57, 104, 131, 222])
def test_shrink_by_a_fraction_is_close_to_an_area_resize(side: int) -> None:
    """On noise, the hardest there is: a third of the error of one bilinear sample a pixel."""
    frame, size = noise(side, side), 40
    scale = size / side
    crop, inside = one(frame, [[scale, 0, (scale - 1) / 2], [0, scale, (scale - 1) / 2]], size)
    weights = area_weights(side, size)
    area = weights @ frame.float() @ weights.T
    error = (crop.float() - area).square().mean().sqrt()
    plain = interpolate(frame[None].float(), (size, size), mode="bilinear")[0]
    assert error < 0.35 * (plain - area).square().mean().sqrt()
    assert error < 6
    assert inside == 1.0


@pytest.mark.parametrize("side", [104, 131, 222])
def test_shrink_of_a_picture_is_an_area_resize_to_a_grey_level(side: int) -> None:
    """Waves 8 pixels of the crop long, as coarse as what a face shows."""
    size = 40
    y, x = torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")
    turn = 2 * math.pi * size / side / 8
    waves = torch.cos(turn * x) * torch.cos(turn * (y + x / 3))
    frame = (127.5 + 127 * waves).round().to(torch.uint8).expand(3, -1, -1)
    scale = size / side
    crop, _ = one(frame, [[scale, 0, (scale - 1) / 2], [0, scale, (scale - 1) / 2]], size)
    weights = area_weights(side, size)
    error = (crop.float() - weights @ frame.float() @ weights.T)[:, 1:-1, 1:-1].abs()
    assert error.max() < 3
    assert error.mean() < 1


def test_landmarks_gone_astray_take_no_hours() -> None:
    frames = noise(30, 40)[None]
    for length in (2e3, 1e5, 9e5):  # source pixels along a pixel of the crop
        transform = torch.tensor([[[[1 / length, 0, 2], [0, -1 / length, 3]]]], dtype=torch.float64)
        crop, inside = warp(frames, transform, torch.tensor([0]), size=8)
        assert inside == pytest.approx(1 / 64)
        assert (crop.float() - 127.5).abs().max() < 30  # the mean of the frame
    crop, inside = warp(frames, transform / 1e4, torch.tensor([0]), size=8)
    assert inside == 0
    assert not crop.any()


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_cuts_the_same_crops() -> None:
    frames = [noise(360, 640, 1), noise(200, 150, 2), noise(500, 900, 3)]
    generator = torch.Generator().manual_seed(4)
    linear = torch.eye(2) * 0.6 + 0.3 * torch.randn(9, 3, 2, 2, generator=generator)
    transforms = torch.cat([linear, 90 * torch.rand(9, 3, 2, 1, generator=generator)], -1)
    transforms[5, 1] = torch.nan
    frame_of = torch.arange(9) % 3
    crops, inside = warp(frames, transforms, frame_of, size=64)
    there, fraction = warp([each.cuda() for each in frames], transforms, frame_of.cuda(), size=64)
    assert there.is_cuda
    assert (there.cpu().int() - crops.int()).abs().max() <= 1
    assert torch.equal(fraction, inside)
    for face in range(9):
        alone, _ = warp(
            [frames[face % 3].cuda()], transforms[face : face + 1], torch.tensor([0]), size=64
        )
        assert torch.equal(alone[0], there[face])


def test_samples_per_side_counts_source_pixels() -> None:
    lengths = [[1.0, 1.0], [0.3, 0.3], [2.0, 1.0], [2.01, 0.1], [3.0, 3.0005]]
    angle = math.radians(25)
    turn = torch.tensor([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    maps = torch.stack([turn @ torch.diag(torch.tensor(each)) @ turn.T for each in lengths])
    inverses = torch.cat([maps, torch.ones(5, 2, 1)], 2)
    assert samples_per_side(inverses).tolist() == [1, 1, 2, 3, 3]


def test_invert_undoes() -> None:
    matrix = torch.tensor([[1.2, 0.3, 5.0], [-0.4, 0.9, -7.0]], dtype=torch.float64)
    inverse = invert(matrix)
    point = torch.tensor([3.0, 4.0], dtype=torch.float64)
    there = matrix[:, :2] @ point + matrix[:, 2]
    assert torch.allclose(inverse[:, :2] @ there + inverse[:, 2], point)
