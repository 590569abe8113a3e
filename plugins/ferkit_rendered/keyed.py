"""Randomness keyed by integers and names, the only kind used here.

A value depends on its key and its name, never on a generator's state, so a sample is the
same in every batch, order and worker. All steps are integer operations or exactly rounded
float operations; that is also why no `exp`, `pow` or `sin` occurs in this package: their
last bit may depend on where in a vector register an element happens to lie.
"""

from __future__ import annotations

import zlib

import torch
from torch import Tensor

_MASK = 0xFFFFFFFF
# Odd and below 2^31, so that a 32-bit value times one of them fits into int64.
_ROUNDS = ((16, 0x5D2F9A6B), (13, 0x6B3C4F95), (15, 0x4A91E7D3))


def scramble(value: Tensor) -> Tensor:
    """Mix the bits of non-negative 32-bit integers: a bijection on them.

    Args:
        value: any shape, int64 in [0, 2^32).
    Returns: the same shape and range.
    """
    for shift, factor in _ROUNDS:
        value = ((value ^ (value >> shift)) * factor) & _MASK
    return value ^ (value >> 16)


def combine(key: Tensor, part: Tensor | int) -> Tensor:
    """The key of `part` under `key`; both broadcast.

    Args:
        key: int64 in [0, 2^32).
        part: int64, or a plain number; only its low 32 bits count.
    Returns: int64 in [0, 2^32).
    """
    return scramble(((key * 0x2545F491) + (part & _MASK) + 0x3C6EF35F) & _MASK)


def sample_key(seed: int, index: Tensor) -> Tensor:
    """One key for each index under `seed`: the shape of `index`, int64 in [0, 2^32)."""
    root = combine(torch.full_like(index, 0x1B873593), seed)
    return combine(root, index)


def unit(key: Tensor) -> Tensor:
    """Keys to float32 in [0, 1), with 24 bits each."""
    return (key >> 8).to(torch.float32) * (1.0 / 16777216.0)


class Draws:
    """Independent values under N keys, by name.

    Args:
        key: (N,) int64 in [0, 2^32); any shape works and is that of the results.
    """

    def __init__(self, key: Tensor) -> None:
        self.key = key

    def named(self, name: str) -> Tensor:
        """A key for `name` under every key, int64."""
        return combine(self.key, zlib.crc32(name.encode()))

    def child(self, name: str, part: Tensor | int = 0) -> Draws:
        """Draws that are independent of these, such as those of one frame."""
        return Draws(combine(self.named(name), part))

    def uniform(self, name: str, low: float | Tensor = 0.0, high: float | Tensor = 1.0) -> Tensor:
        """Float32 in [low, high)."""
        return unit(self.named(name)) * (high - low) + low

    def normal(self, name: str) -> Tensor:
        """Mean 0, deviation 1, within +-3.46: the sum of four uniform values."""
        base = self.named(name)
        total = unit(combine(base, 1)) + unit(combine(base, 2))
        total = total + unit(combine(base, 3))
        total = total + unit(combine(base, 4))
        return (total - 2.0) * 1.7320508

    def chance(self, name: str, probability: float) -> Tensor:
        """Bool, true with `probability`."""
        return self.uniform(name) < probability

    def integer(self, name: str, count: int) -> Tensor:
        """Int64 in [0, count)."""
        return self.named(name) % count

    def smooth(self, name: str, time: Tensor, knot: float) -> Tensor:
        """A smooth function of time in [-1, 1], independent for each key.

        Args:
            time: as the keys, frames.
            knot: frames between two values drawn at random.
        """
        position = time * (1.0 / knot)
        floor = torch.floor(position)
        before = floor.to(torch.int64)
        base = self.named(name)
        low = unit(combine(base, before)) * 2.0 - 1.0
        high = unit(combine(base, before + 1)) * 2.0 - 1.0
        part = position - floor
        return low + (high - low) * (part * part * (3.0 - 2.0 * part))

    def table(self, name: str, length: int) -> Tensor:
        """(N, length) float32 in [-1, 1): values for a texture."""
        places = torch.arange(length, device=self.key.device)
        return unit(combine(self.named(name)[..., None], places)) * 2.0 - 1.0
