"""Randomness by key and name."""

from __future__ import annotations

import torch
from ferkit_rendered.keyed import Draws, sample_key, scramble, unit


def test_scramble_is_a_bijection_on_a_stretch_and_flips_half_the_bits() -> None:
    values = torch.arange(200_000)
    mixed = scramble(values)
    assert len(torch.unique(mixed)) == len(values)
    assert int(mixed.min()) >= 0
    assert int(mixed.max()) < 2**32
    changed = mixed ^ scramble(values ^ 1)
    bits = torch.stack([(changed >> bit) & 1 for bit in range(32)]).float().mean(1)
    assert float((bits - 0.5).abs().max()) < 0.02


def test_scramble_equals_plain_integer_arithmetic() -> None:
    def plain(value: int) -> int:
        for shift, factor in ((16, 0x5D2F9A6B), (13, 0x6B3C4F95), (15, 0x4A91E7D3)):
            value = ((value ^ (value >> shift)) * factor) % 2**32
        return value ^ (value >> 16)

    values = [0, 1, 2, 12345, 2**31, 2**32 - 1]
    assert scramble(torch.tensor(values)).tolist() == [plain(value) for value in values]


def test_values_are_even_and_independent_of_each_other() -> None:
    keys = sample_key(3, torch.arange(50_000))
    draws = Draws(keys)
    first, second = draws.uniform("first"), draws.uniform("second")
    counts = torch.histc(first, bins=20, min=0, max=1)
    assert float((counts / 2500 - 1).abs().max()) < 0.08
    for a, b in ((first, second), (first[1:], first[:-1]), (first, unit(sample_key(4, keys)))):
        assert abs(float(torch.corrcoef(torch.stack([a, b]))[0, 1])) < 0.02
    normal = draws.normal("height")
    assert abs(float(normal.mean())) < 0.02
    assert abs(float(normal.std()) - 1) < 0.02


def test_a_value_depends_on_key_and_name_only() -> None:
    keys = sample_key(3, torch.arange(100))
    some = torch.tensor([70, 3, 99])
    whole = Draws(keys).uniform("size", 2.0, 5.0)
    assert torch.equal(Draws(keys[some]).uniform("size", 2.0, 5.0), whole[some])
    assert not torch.equal(Draws(keys).uniform("Size", 2.0, 5.0), whole)
    assert float(whole.min()) >= 2.0
    assert float(whole.max()) < 5.0


def test_smooth_runs_through_its_knots_without_jumps() -> None:
    time = torch.linspace(0, 60, 1201)
    draws = Draws(torch.full_like(time, 77, dtype=torch.int64))
    course = draws.smooth("sway", time, 6.0)
    assert float(course.abs().max()) <= 1.0
    assert float(course.std()) > 0.2
    # The steepest slope of the easing is 1.5, times at most 2 per knot of 6 frames.
    assert float(course.diff().abs().max()) <= 2 * 1.5 / 6 * 0.05 + 1e-4
