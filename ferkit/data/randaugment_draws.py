"""What the strong view does to each clip, drawn by keys."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from ferkit.data import keyed
from ferkit.view_sections import LEVELS, RANGES, StrongSection

_FIRST = 3  # numbers drawn before those of the operations: how many, and the place of cutout
_EACH = 4  # per operation: which, magnitude, sign, whether at all


class Draws(NamedTuple):
    """The operations of N draws, one after another at P places.

    operation: (P, N) int64, index into the section's `operations`, -1 where nothing is done.
    amount: (P, N) float32, the change with its sign, in the operation's units.
    centre: (N, 2) float32 in [0, 1), of the square that is cut out.
    """

    operation: Tensor
    amount: Tensor
    centre: Tensor


def draw(settings: StrongSection, uniform: Tensor) -> Draws:
    """Turn equally distributed numbers into operations.

    Args:
        uniform: (N, `numbers(settings)`) float32 in [0, 1), on the CPU.
    Returns: on the CPU. An operation that would change nothing (magnitude 0) is left out.
    Source: B17; Cubuk et al., "RandAugment" (arXiv:1909.13719).
    """
    least, most = settings.count
    count = least + _below(uniform[:, 0], most - least + 1)  # (N,)
    which, magnitude, sign, chance = (
        uniform[:, _FIRST:].reshape(-1, most, _EACH).permute(2, 1, 0)  # (4, P, N)
    )
    operation = _below(which, len(settings.operations))
    low, high = settings.magnitude
    strength = (low + _below(magnitude, high - low + 1)) / LEVELS
    largest = torch.tensor([settings.largest(name) for name in settings.operations])
    opposite = torch.tensor([-1.0 if name in SIGNED else 1.0 for name in settings.operations])
    unranged = torch.tensor([name not in RANGES for name in settings.operations])
    amount = strength * largest[operation]
    amount = torch.where(sign < 0.5, amount * opposite[operation], amount)
    done = (torch.arange(most)[:, None] < count) & (chance < settings.probability)
    done &= unranged[operation] | (amount != 0)
    return Draws(torch.where(done, operation, -1), amount, uniform[:, 1:_FIRST])


SIGNED = frozenset(RANGES) - {"posterise", "solarise"}
"""Operations whose change goes either way."""


def numbers(settings: StrongSection) -> int:
    """How many random numbers a draw takes."""
    return _FIRST + _EACH * settings.count[1]


def draws_of(
    settings: StrongSection,
    *,
    seed: int,
    epoch: int,
    ids: Tensor,
    view: int,
    frames: int | None = None,
) -> Draws:
    """Draw for every clip, or for every frame of it.

    Args:
        ids: (N,) int64 on the CPU.
        frames: T, to draw for each frame: rows are then clip after clip.
    Returns: N or N T draws, that depend on (seed, epoch, id, view), and then the frame, alone.
    """
    keys: tuple[keyed.Key, ...] = ("strong", epoch, ids, view)
    if frames is not None:
        number = torch.arange(frames).repeat(len(ids))
        keys = ("strong", epoch, ids.repeat_interleave(frames), view, number)
    return draw(settings, keyed.uniform(seed, *keys, count=numbers(settings)))


def _below(uniform: Tensor, end: int) -> Tensor:
    """Whole numbers 0 .. end - 1, int64, from numbers in [0, 1)."""
    return (uniform.double() * end).to(torch.int64)
