"""`clahe` evens out lightness and keeps shapes, range and hue."""

from __future__ import annotations

import pytest
import torch
from ferkit_enhance.clahe import Clahe, even_out
from ferkit_enhance.params import ClaheParams
from kornia.color import rgb_to_lab

from ferkit.plugin import Context


@pytest.fixture
def dark() -> torch.Tensor:
    """A dim face-like gradient, brighter to the right: (2, 3, 64, 64) in [0, 0.3]."""
    x = torch.linspace(0.02, 0.3, 64).expand(64, 64)
    texture = 0.02 * torch.rand(64, 64, generator=torch.Generator().manual_seed(0))
    image = torch.stack([x + texture, 0.8 * (x + texture), 0.7 * (x + texture)])
    return torch.stack([image, image.flip(2)])


def test_range_shape_and_contrast(dark: torch.Tensor) -> None:
    before = dark.clone()
    bright = Clahe(ClaheParams(), Context())(dark)
    assert bright.shape == dark.shape
    assert bright.dtype == torch.float32
    assert 0 <= float(bright.min()) <= float(bright.max()) <= 1
    local = [
        rgb_to_lab(image)[:, 0].unfold(1, 8, 8).unfold(2, 8, 8).std((3, 4)).mean()
        for image in (dark, bright)
    ]
    assert local[1] > 1.5 * local[0]
    assert torch.equal(dark, before)


def test_hue_stays(dark: torch.Tensor) -> None:
    lab = [rgb_to_lab(image) for image in (dark, even_out(dark, clip_limit=2.0, grid=4))]
    angles = [torch.atan2(image[:, 2], image[:, 1]) for image in lab]
    assert (angles[0] - angles[1]).abs().median() < 0.05


def test_a_higher_limit_gives_more_contrast(dark: torch.Tensor) -> None:
    weak, strong = (even_out(dark, clip_limit=limit, grid=4).std() for limit in (1.0, 8.0))
    assert strong > weak


@pytest.mark.parametrize("size", [1, 5, 30, 48])
def test_any_size_and_no_images(size: int) -> None:
    images = torch.rand(2, 3, size, size, generator=torch.Generator().manual_seed(1))
    assert even_out(images, clip_limit=2.0, grid=8).shape == images.shape
    assert even_out(images[:0], clip_limit=2.0, grid=8).shape == (0, 3, size, size)


@pytest.mark.parametrize("size", [2, 5, 16, 64])
def test_images_of_one_value_stay_as_they_are(size: int, dark: torch.Tensor) -> None:
    levels = torch.tensor([0.0, 0.2, 0.5, 1.0])
    flat = levels[:, None, None, None].expand(4, 3, size, size)
    other = dark[:1, :, :size, :size]
    answer = even_out(torch.cat([flat, other]), clip_limit=2.0, grid=8)
    assert torch.equal(answer[:4], flat)
    alone = even_out(other, clip_limit=2.0, grid=8)
    assert torch.allclose(answer[4:], alone, atol=1e-6)
    assert float((alone - other).abs().max()) > 0.05
