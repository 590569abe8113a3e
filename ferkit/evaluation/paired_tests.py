"""p values of paired differences, and their correction for many comparisons."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

LEVEL = 0.05
"""p values below, after correction, are marked in tables."""

SMALLEST = 1e-12
"""Below this the sums of a sign-flip test are rounding noise; smaller p values are told as this."""


def sign_flip(differences: Sequence[int]) -> float:
    """Exact two-sided p value of a sum of paired differences.

    If two methods are exchangeable, each unit's difference is as likely to have the other sign.
    The p value is the share of all sign patterns whose sum is at least as far from 0 as the one
    found. The sum over random signs has the characteristic function prod cos(d_u t), from which
    one Fourier transform gives the probability of every sum, so that nothing is drawn at random.
    Where all differences are -1, 0 or 1 this is McNemar's exact test.

    Args:
        differences: one whole number per unit.
    Returns: in [1e-12, 1]; 1 where no unit differs.
    Source: Fisher, The Design of Experiments (1935), section 21.
    """
    sizes, counts = np.unique(np.abs(np.asarray(differences, np.int64)), return_counts=True)
    total = int((sizes * counts).sum())
    observed = abs(int(np.asarray(differences, np.int64).sum()))
    if total == 0 or observed == 0:
        return 1.0
    length = 1 << (2 * total).bit_length()  # sums run from -total to total
    angles = 2 * math.pi / length * np.arange(length // 2 + 1)
    transformed = np.ones(length // 2 + 1)
    for size, count in zip(sizes.tolist(), counts.tolist(), strict=True):
        transformed *= np.cos(size * angles) ** count
    at_sum = np.fft.irfft(transformed, length)  # (length,), of sum x at x, of -x at length - x
    p = 2 * float(at_sum[observed : total + 1].sum())
    return min(1.0, max(SMALLEST, p))


def mcnemar(only_one: int, only_other: int) -> tuple[float, float]:
    """McNemar's test on samples that exactly one of two models has right.

    Args:
        only_one, only_other: how many only the one, and only the other, has right.
    Returns: the exact two-sided p value and the mid-p value, which is less conservative.
    Source: Fagerland, Lydersen and Laake, BMC Med. Res. Methodol. 13:91 (2013), "exact
        conditional" and "mid-p".
    """
    n, fewer = only_one + only_other, min(only_one, only_other)
    if n == 0:
        return 1.0, 1.0

    def probability(k: int) -> float:
        ways = math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
        return math.exp(ways - n * math.log(2))

    below = math.fsum(probability(k) for k in range(fewer))
    at = probability(fewer)
    if only_one == only_other:
        return 1.0, 1.0 - at / 2
    return min(1.0, 2 * (below + at)), 2 * below + at


def holm(p_values: Sequence[float]) -> list[float]:
    """p values adjusted for their number: rejecting those below a level keeps the chance of any
    false rejection below that level, however the tests depend on each other.

    Args:
        p_values: m of them, in any order.
    Returns: in the same order; each at least as large as the p value it is of.
    Source: Holm, Scand. J. Stat. 6:65 (1979).
    """
    adjusted = [0.0] * len(p_values)
    largest = 0.0
    for rank, place in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[place]))
        adjusted[place] = largest
    return adjusted
