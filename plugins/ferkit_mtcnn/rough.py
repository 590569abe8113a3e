"""A rough look in 16-bit floats: what it is sure is no face needs no exact one.

Some CPUs multiply matrices of bfloat16 many times faster than of float32. There all but the first
layer of a network runs in bfloat16 first. Only what comes near the threshold, or above it, is
computed in float32, which alone decides and answers.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

CPU_FACTS = Path("/proc/cpuinfo")
"""Where Linux tells what the CPU can do."""
MARGIN = 0.6
"""How far below the threshold a rough logit may be before the exact one is left out.

Rough logits were at most 0.17 away, 0.12 too low and 0.024 in the root mean square among 13 million
cells of photographs, videos and noise, and at most 0.08 away among 20 thousand crops
(`python tests/benchmarks/faces_detection.py --section margin --count 16`).
"""
WORTH_IT = 2000
"""Of fewer places the exact values of the proposal network take no longer than rough ones."""
SEEN = 5
"""Side of what a cell of the proposal network sees of its first layer's values."""
CELLS_TOGETHER, CROPS_TOGETHER = 512, 32
"""Of so many, or a multiple, exact values are computed."""


def fast_bfloat16(device: torch.device) -> bool:
    """Whether the rough look saves time: on an x86 CPU with AMX, where Linux tells so."""
    if device.type != "cpu":
        return False
    try:
        return "amx_bf16" in CPU_FACTS.read_text().split()
    except OSError:
        return False


def seen_by(values: Tensor, frame_of: Tensor, cells: Tensor) -> Tensor:
    """What some cells of the proposal network see of its first layer's values.

    Args:
        values: (B, C, h, w), channels last.
        frame_of, cells: (n,) int64; cells are numbered row by row.
    Returns: (n, C, 5, 5), channels last.
    """
    _, channels, height, width = values.shape
    across = width - SEEN + 1
    rows = torch.arange(SEEN, device=values.device) + (frame_of * height + cells // across)[:, None]
    places = (rows * width + (cells % across)[:, None]) * channels
    runs = values.permute(0, 2, 3, 1).reshape(-1).unfold(0, SEEN * channels, 1)
    patches = runs.index_select(0, places.flatten())
    return patches.view(len(cells), SEEN, SEEN, channels).permute(0, 3, 1, 2)


def filled_up(parts: list[Tensor], *, multiple: int) -> Tensor:
    """Join parts (n, C, h, w), channels last, and add zeros up to a multiple in number.

    For each new size of a batch oneDNN makes and keeps code, so that few sizes are better.
    """
    rows = [part.permute(0, 2, 3, 1) for part in parts]
    missing = -sum(len(part) for part in rows) % multiple
    return torch.cat([*rows, rows[0].new_zeros(missing, *rows[0].shape[1:])]).permute(0, 3, 1, 2)
