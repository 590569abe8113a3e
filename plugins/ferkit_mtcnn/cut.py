"""Crops of candidates, area-resized, each batch from one gather."""

from __future__ import annotations

import torch
from torch import Tensor

from ferkit_mtcnn.area import mean_bounds, mean_weights


def cut(sums: Tensor, frame_of: Tensor, ranges: Tensor, *, side: int, taps: int) -> Tensor:
    """Cut candidates out of their frames.

    Each pixel of a crop is the mean that `interpolate(mode="area")` takes.

    Args:
        sums: (B, H + 1, W * 3) contiguous, see `sum_rows`.
        frame_of: (n,) int64.
        ranges: (n, 4) int64, left, top, right, bottom in pixels of the frame, ends exclusive.
        taps: the largest width of them; the work grows with it.
    Returns: (n, side, side, 3), columns before rows: (n, x, y, 3); 0 to 255.
    """
    height, width = sums.shape[1], sums.shape[2] // 3
    taps = min(taps, width)
    left, top, right, bottom = (ranges[:, place, None] for place in range(4))
    numbers = torch.arange(side, device=ranges.device)[None]
    first, end = mean_bounds(bottom - top, numbers, count=side)
    share = 1 / (end - first).float()
    # All runs of pixels are as long; those that would leave the frame begin early.
    start = left.clamp(max=width - taps)
    rows = torch.cat([end, first], 1) + top + frame_of[:, None] * height
    places = (rows * width + start) * 3
    runs = sums.view(-1).unfold(0, taps * 3, 1).index_select(0, places.flatten())
    ends, firsts = runs.view(-1, 2, side, taps * 3).unbind(1)
    lines = ends.sub_(firsts).float().view(-1, side, taps, 3).transpose(1, 2)  # (n, x, y, 3)

    edges = mean_bounds(right - left, numbers, count=side)
    across = mean_weights(*edges, start=start - left, taps=taps)
    crops = torch.bmm(across, lines.reshape(-1, taps, side * 3)).view(-1, side, side, 3)
    return crops.mul_(share[:, None, :, None])


def passes(widths: Tensor, *, pixels: int) -> list[tuple[Tensor, int]]:
    """Divide candidates by width, so that those cut together are about alike.

    Args:
        widths: (n,) int64.
        pixels: columns read in a pass, unless one candidate alone needs more.
    Returns: of each pass, positions of its candidates and the largest width.
    """
    ordered, order = widths.sort(stable=True)
    known = ordered.tolist()
    divided = []
    first = 0
    for place in range(1, len(known) + 1):
        if place == len(known) or (place - first + 1) * known[place] > pixels:
            divided.append((order[first:place], known[place - 1]))
            first = place
    return divided
