"""Blur and noise."""

from __future__ import annotations

import pytest
import torch
from ferkit_rendered.keyed import sample_key
from ferkit_rendered.sensor import blur, grain


def test_blur_spreads_a_point_by_its_variance() -> None:
    variances = torch.tensor([0.0, 0.3, 1.2, 4.0, 9.0])
    points = torch.zeros(5, 3, 41, 41)
    points[:, :, 20, 20] = 1.0
    spread = blur(points, variances)[:, 0]
    place = torch.arange(41.0) - 20.0
    assert torch.allclose(spread.sum((1, 2)), torch.ones(5), atol=1e-5)
    along = (spread.sum(1) * place * place).sum(1)
    down = (spread.sum(2) * place * place).sum(1)
    assert torch.allclose(along, variances, atol=1e-4)
    assert torch.allclose(down, variances, atol=1e-4)


def test_blur_leaves_an_even_image_alone() -> None:
    even = torch.full((2, 3, 9, 9), 0.25)
    assert torch.allclose(blur(even.clone(), torch.tensor([0.4, 8.0])), even, atol=1e-6)


def test_grain_has_mean_nil_deviation_one_and_no_neighbours() -> None:
    noise = grain(sample_key(0, torch.arange(4)), 64, 64)
    assert float(noise.mean()) == pytest.approx(0, abs=0.01)
    assert float(noise.std()) == pytest.approx(1, abs=0.01)
    for a, b in (
        (noise[:, 0], noise[:, 1]),
        (noise[:, 0], noise[:, 2]),
        (noise[..., 1:], noise[..., :-1]),
        (noise[0], noise[1]),
    ):
        pair = torch.stack([a.flatten(), b.flatten()])
        assert abs(float(torch.corrcoef(pair)[0, 1])) < 0.03
