"""How much of a frame the frame before it does not show, wherever the camera has moved to."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, pad

SAMPLES, CELLS, BLOCK = 128, 64, 16
"""Rows and columns of a frame that are looked at, of its grey picture, and of a block of that."""
SURROUND = 7
"""Cells on a side whose mean is taken off a cell: light and shade go, edges stay."""
NOISE = 2 / 255
"""Deviation of a cell that shows nothing, fraction of white: blocks below are like no other."""
FARTHEST = 16
"""Cells that the picture as a whole may have moved, each way: a quarter of a side."""
NEAREST = 1
"""Cells that a block may have moved beside that, each way: people move, cameras turn and zoom."""
ALIKE = 0.15
"""Less novelty than that is not looked into further."""


def grey(frame: Tensor) -> Tensor:
    """A small grey picture of a frame, (CELLS, CELLS) float32 in [0, 1], on the CPU.

    Args:
        frame: (3, H, W) uint8.
    """
    places = torch.arange(SAMPLES, device=frame.device)
    rows, columns = ((2 * places + 1) * length // (2 * SAMPLES) for length in frame.shape[1:])
    light = frame[:, rows[:, None], columns].cpu().to(torch.float32).sum(0)
    return avg_pool2d(light[None], SAMPLES // CELLS)[0] / (3 * 255)


def edges(pictures: Tensor) -> Tensor:
    """Pictures, (n, CELLS, CELLS), less the mean around each cell."""
    margin = SURROUND // 2
    wide = pad(pictures[:, None], [margin] * 4, mode="replicate")
    return pictures - avg_pool2d(wide, SURROUND, 1)[:, 0]


def novelty(edges_now: Tensor, edges_before: Tensor) -> Tensor:
    """The part of pictures that others do not show.

    Each block is looked for in the other picture, near its own place and near the place that it
    has if the whole picture moved. What counts is the normalised correlation, so that more or
    less light changes nothing; the picture's is the mean of its blocks', weighted by contrast.

    Args:
        edges_now, edges_before: (n, CELLS, CELLS), see `edges`.
    Returns: (n,), 0: all is found again; 1: nothing.
    Source: after S. V. Porter, M. Mirmehdi, B. T. Thomas, "Video cut detection using frequency
        domain correlation", ICPR 2000 (blocks without their means, the peak of the normalised
        correlation, the mean over blocks). Here the search is in two steps.
    """
    still = torch.zeros(len(edges_now), 2, dtype=torch.int64)
    found = _unlike(edges_now, edges_before, still)
    doubted = (found > ALIKE).nonzero()[:, 0]
    if len(doubted):
        now, before = edges_now[doubted], edges_before[doubted]
        moved = _unlike(now, before, movement(now, before))
        found[doubted] = found[doubted].minimum(moved)
    return found


def movement(edges_now: Tensor, edges_before: Tensor) -> Tensor:
    """How far pictures moved as a whole: where their correlation is highest.

    Returns: (n, 2) cells down and to the right, from now to the same place before.
    """
    window = torch.hann_window(CELLS, periodic=False)
    window = window[:, None] * window
    size = (2 * CELLS, 2 * CELLS)  # so that nothing comes in again at the other side
    now, before = (torch.fft.rfft2(each * window, s=size) for each in (edges_now, edges_before))
    correlation = torch.fft.irfft2(now.conj() * before, s=size)
    steps = torch.arange(-FARTHEST, FARTHEST + 1)
    best = correlation[:, steps][:, :, steps].flatten(1).argmax(1)
    return torch.stack([best // len(steps), best % len(steps)], 1) - FARTHEST


def _unlike(now: Tensor, before: Tensor, moved: Tensor) -> Tensor:
    """1 - the mean of the blocks' best correlations; (n,) for (n, CELLS, CELLS) twice, (n, 2)."""
    around = FARTHEST + NEAREST
    span = torch.arange(CELLS + 2 * NEAREST) + FARTHEST
    rows, columns = (moved[:, axis, None] + span for axis in range(2))
    number = torch.arange(len(now))[:, None, None]
    wide = pad(before, [around] * 4)[number, rows[:, :, None], columns[:, None]]
    floor = NOISE**2 * BLOCK**2
    energy = _in_blocks(now * now)
    energies = wide * wide
    best = torch.full_like(energy, -1.0)
    for down in range(2 * NEAREST + 1):
        for right in range(2 * NEAREST + 1):
            part = (slice(None), slice(down, down + CELLS), slice(right, right + CELLS))
            product = _in_blocks(now * wide[part])
            scale = (energy + floor) * (_in_blocks(energies[part]) + floor)
            best = best.maximum(product / scale.sqrt())
    inside = pad(torch.ones(CELLS, CELLS), [around] * 4)
    seen = inside[rows[:, NEAREST : NEAREST + CELLS, None], columns[:, None, NEAREST:-NEAREST]]
    half = BLOCK**2 / 2
    weight = (energy + NOISE**2).sqrt() * (_in_blocks(seen) > half)  # else it was out of sight
    return 1 - (best * weight).sum((1, 2)) / weight.sum((1, 2))


def _in_blocks(cells: Tensor) -> Tensor:
    """Sums over blocks: (n, CELLS, CELLS) to (n, CELLS / BLOCK, CELLS / BLOCK)."""
    count = CELLS // BLOCK
    return cells.reshape(-1, count, BLOCK, count, BLOCK).sum((2, 4))
