"""p values against hand-worked ones and against all sign patterns; Holm's correction by hand."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from ferkit.evaluation.paired_tests import SMALLEST, holm, mcnemar, sign_flip


def enumerated(differences: list[int]) -> float:
    """The share of all sign patterns whose sum is as far from 0, one by one."""
    observed = abs(sum(differences))
    patterns = list(itertools.product((-1, 1), repeat=len(differences)))
    sums = [abs(sum(s * d for s, d in zip(signs, differences, strict=True))) for signs in patterns]
    return sum(value >= observed for value in sums) / len(patterns)


def test_sign_flip_by_hand() -> None:
    # 3, 2, 1, all for one method: only +++ and --- are as far: 2 of 8.
    assert sign_flip([3, 2, 1]) == pytest.approx(2 / 8)
    # 3, 2, -1: sums of 4 or more from 0: 6, 4 and their opposites, 4 of 8.
    assert sign_flip([3, 2, -1]) == pytest.approx(4 / 8)
    assert sign_flip([5]) == pytest.approx(1)
    assert sign_flip([]) == sign_flip([0, 0]) == sign_flip([2, -2]) == 1.0


@pytest.mark.parametrize("seed", range(12))
def test_sign_flip_against_all_patterns(seed: int) -> None:
    generator = np.random.default_rng(seed)
    highest = int(generator.choice([1, 3, 40]))
    differences = generator.integers(-highest, highest + 1, size=11).tolist()
    assert sign_flip(differences) == pytest.approx(enumerated(differences), abs=1e-12)


@pytest.mark.parametrize(("b", "c"), [(0, 0), (1, 0), (8, 2), (12, 12), (30, 14), (150, 90)])
def test_sign_flip_of_single_samples_is_mcnemar(b: int, c: int) -> None:
    n = b + c
    tail = sum(math.comb(n, k) for k in range(min(b, c) + 1)) / 2**n
    assert sign_flip([1] * b + [-1] * c + [0] * 50) == pytest.approx(min(1, 2 * tail), abs=1e-12)
    assert mcnemar(b, c)[0] == pytest.approx(min(1, 2 * tail), rel=1e-9)


def test_mcnemar_by_hand() -> None:
    # 8 against 2: 2 (1 + 10 + 45) / 1024, and less the 45 once for mid-p.
    assert mcnemar(8, 2) == pytest.approx((112 / 1024, 67 / 1024))
    assert mcnemar(2, 8) == mcnemar(8, 2)
    # 1 against 1: mid-p is 1 less half of P(X = 1) = 1/2.
    assert mcnemar(1, 1) == pytest.approx((1.0, 0.75))
    # 1 against 7: 2 (1 + 8) / 256, and less the 8 once.
    assert mcnemar(1, 7) == pytest.approx((18 / 256, 10 / 256))


def test_many_samples_and_tiny_p_values() -> None:
    assert sign_flip([1] * 2000) == SMALLEST
    # 5000 units of +-3: nearly normal with variance 9 * 5000.
    differences = [3] * 2600 + [-3] * 2400
    normal = math.erfc((600 - 3) / math.sqrt(2 * 9 * 5000))  # to the middle between two sums
    assert sign_flip(differences) == pytest.approx(normal, rel=0.01)
    assert mcnemar(4000, 3000)[0] < 1e-30


def test_holm_by_hand() -> None:
    # In order 0.01, 0.02, 0.03, 0.6 times 4, 3, 2, 1; the third may not fall below the second.
    assert holm([0.03, 0.01, 0.6, 0.02]) == pytest.approx([0.06, 0.04, 0.6, 0.06])
    assert holm([0.5, 0.9]) == [1.0, 1.0]
    assert holm([0.04]) == [0.04]
    assert holm([]) == []
    assert holm([0.01, 0.01]) == [0.02, 0.02]
