"""Both samplers against plain loops, whatever the tiling and the company."""

from __future__ import annotations

import math

import pytest
import torch

from ferkit.faces.resample import resample_crop, resample_flat
from ferkit.faces.warp import flatten, invert, samples_per_side


def noise(height: int, width: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (3, height, width), dtype=torch.uint8, generator=generator)


def by_loops(
    frame: torch.Tensor, inverse: torch.Tensor, per_side: int, size: int
) -> list[list[list[float]]]:
    """Means of k x k bilinear samples of a frame that is laid out with its mirror images."""
    _, height, width = frame.shape
    pixels, matrix = frame.tolist(), inverse.tolist()

    def pixel(channel: int, y: int, x: int) -> float:
        x, y = x % (2 * width), y % (2 * height)
        return pixels[channel][min(y, 2 * height - 1 - y)][min(x, 2 * width - 1 - x)]

    def sample(channel: int, u: float, v: float) -> float:
        x = matrix[0][0] * u + matrix[0][1] * v + matrix[0][2]
        y = matrix[1][0] * u + matrix[1][1] * v + matrix[1][2]
        left, top = math.floor(x), math.floor(y)
        right, below = x - left, y - top
        return (
            pixel(channel, top, left) * (1 - right) * (1 - below)
            + pixel(channel, top, left + 1) * right * (1 - below)
            + pixel(channel, top + 1, left) * (1 - right) * below
            + pixel(channel, top + 1, left + 1) * right * below
        )

    inner = [(step + 0.5) / per_side - 0.5 for step in range(per_side)]
    return [
        [
            [
                sum(sample(channel, u + du, v + dv) for dv in inner for du in inner) / per_side**2
                for u in range(size)
            ]
            for v in range(size)
        ]
        for channel in range(3)
    ]


def view(
    frame: torch.Tensor, shrink: float, degrees: float, middle: tuple[float, float], size: int
) -> torch.Tensor:
    """(2, 3) float64, crop -> source: scale, turn, and the middle as a share of the frame."""
    angle = math.radians(degrees)
    c, s = math.cos(angle) * shrink, math.sin(angle) * shrink
    x, y = middle[0] * (frame.shape[2] - 1), middle[1] * (frame.shape[1] - 1)
    half = (size - 1) / 2
    return torch.tensor(
        [[c, -s, x - (c - s) * half], [s, c, y - (s + c) * half]], dtype=torch.float64
    )


CASES = [
    ((40, 50), 0.4, 25, (0.5, 0.5)),  # enlarged
    ((40, 50), 1.0, -70, (0.4, 0.6)),
    ((60, 50), 2.3, 131, (0.5, 0.5)),
    ((60, 71), 4.9, 8, (0.3, 0.8)),
    ((30, 40), 1.7, 33, (0.0, 1.0)),  # half of it beyond an edge or two
    ((30, 40), 1.2, 200, (-1.3, 0.2)),
    ((30, 40), 1.2, 10, (3.4, -2.7)),  # wholly beyond
    ((5, 3), 2.2, 40, (0.5, 0.5)),  # many mirror images
    ((1, 1), 0.3, 10, (0.5, 0.5)),
    ((1, 30), 1.4, 5, (0.9, 0.5)),
]


@pytest.mark.parametrize(("shape", "shrink", "degrees", "middle"), CASES)
def test_samplers_agree_with_plain_loops(
    shape: tuple[int, int], shrink: float, degrees: float, middle: tuple[float, float]
) -> None:
    frame, size = noise(*shape, seed=shape[0]), 11
    inverse = view(frame, shrink, degrees, middle, size)
    per_side = int(samples_per_side(inverse))
    assert per_side == math.ceil(shrink - 1e-3)
    expected = torch.tensor(by_loops(frame, inverse, per_side, size))
    near = resample_crop(frame, inverse, per_side, size)
    flat = resample_flat(flatten([frame], [0]), torch.tensor([0]), inverse[None], per_side, size)[0]
    for crop in (near, flat):
        assert crop.shape == (3, size, size)
        assert crop.dtype == torch.uint8
        assert (crop - expected).abs().max() < 0.51  # rounding


def test_stretching_and_mirroring_transforms_agree_with_plain_loops() -> None:
    frame, size = noise(50, 40), 9
    forward = torch.tensor([[-0.9, 0.3, 22.0], [0.2, 0.4, -9.0]], dtype=torch.float64)
    inverse = invert(forward)
    per_side = int(samples_per_side(inverse))
    assert per_side == 3  # along the one axis; less would do along the other
    expected = torch.tensor(by_loops(frame, inverse, per_side, size))
    near = resample_crop(frame, inverse, per_side, size)
    flat = resample_flat(flatten([frame], [0]), torch.tensor([0]), inverse[None], per_side, size)
    assert (near - expected).abs().max() < 0.51
    assert (flat[0] - expected).abs().max() < 0.51


@pytest.mark.parametrize("tile", [1, 7, 40])
def test_tiles_do_not_show(monkeypatch: pytest.MonkeyPatch, tile: int) -> None:
    frame, size = noise(200, 210), 30
    inverse = view(frame, 5.3, 20, (0.1, 0.5), size)  # over the left edge
    whole = resample_crop(frame, inverse, 6, size)
    monkeypatch.setattr("ferkit.faces.resample.TILE", tile)
    tiled = resample_crop(frame, inverse, 6, size)
    difference = (whole.int() - tiled.int()).abs()
    assert difference.max() <= 1  # rounding
    assert difference.float().mean() < 0.01


def test_many_crops_of_frames_of_any_sizes_are_as_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    frames = [noise(40 + 9 * seed, 70 - 8 * seed, seed) for seed in range(5)]
    frame_of, size = torch.tensor([4, 0, 2, 2, 1, 0, 4]), 10
    inverses = torch.stack(
        [
            view(frames[int(at)], 2.1, 30 * row, (0.2 * row, 0.6), size)
            for row, at in enumerate(frame_of)
        ]
    )
    used = [0, 1, 2, 4]
    together = resample_flat(flatten(frames, used), frame_of, inverses, 3, size)
    for row, at in enumerate(frame_of.tolist()):
        alone = resample_flat(
            flatten([frames[at]], [0]), torch.tensor([0]), inverses[row : row + 1], 3, size
        )
        assert torch.equal(together[row], alone[0])
    monkeypatch.setattr("ferkit.faces.resample.POINTS", 4 * size**2)  # 4 of the 9 samples a time
    parts = resample_flat(flatten(frames, used), frame_of, inverses, 3, size)
    assert (together.int() - parts.int()).abs().max() <= 1
