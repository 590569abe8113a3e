"""`gamma` brings the median brightness to its target, and keeps order, hue and range."""

from __future__ import annotations

import colorsys
import math

import pytest
import torch
from ferkit_enhance.gamma import Gamma, brighten, fitting_gamma
from ferkit_enhance.params import GammaParams
from pydantic import ValidationError

from ferkit.plugin import Context

WIDE = (0.01, 10.0)


@pytest.fixture
def scene() -> torch.Tensor:
    """(3, 3, 20, 30): a dark, a middling and a bright picture with the same texture."""
    texture = torch.rand(3, 20, 30, generator=torch.Generator().manual_seed(0))
    return torch.stack([0.2 * texture, 0.8 * texture, 0.6 + 0.3 * texture])


def median_brightness(images: torch.Tensor) -> list[float]:
    """Of each image, with an odd or even number of pixels: the lower of the two in the middle."""
    answer = []
    for image in images:
        values = sorted(max(pixel) for pixel in image.flatten(1).T.tolist())
        answer.append(values[(len(values) - 1) // 2])
    return answer


def test_exponents_by_hand() -> None:
    # Medians 1/4, 1/2 and 0.09; to 1/2 and to 0.3.
    brightness = torch.tensor([[0.0, 0.25, 1.0], [0.5, 0.5, 0.5], [0.09, 0.0, 0.1]])
    half = fitting_gamma(brightness, target=0.5, limits=WIDE)
    assert half[:2].tolist() == pytest.approx([0.5, 1.0])
    third = fitting_gamma(brightness, target=0.3, limits=WIDE)
    assert float(third[2]) == pytest.approx(0.5)


def test_limits_hold_black_and_white() -> None:
    brightness = torch.tensor([[0.0], [1.0], [0.001], [0.99]])
    exponents = fitting_gamma(brightness, target=0.5, limits=(0.4, 2.0))
    assert exponents.tolist() == pytest.approx([0.4, 2.0, 0.4, 2.0])


def test_a_pixel_by_hand() -> None:
    # Brightness 0.64, exponent 1/2: it becomes 0.8, everything times 1.25.
    images = torch.tensor([0.64, 0.32, 0.16])[None, :, None, None]
    answer = brighten(images, torch.tensor([0.5])).flatten()
    assert answer.tolist() == pytest.approx([0.8, 0.4, 0.2])


def test_the_median_comes_to_the_target(scene: torch.Tensor) -> None:
    before = scene.clone()
    answer = Gamma(GammaParams(target=0.5, limits=WIDE), Context())(scene)
    assert median_brightness(answer) == pytest.approx([0.5] * 3, abs=1e-5)
    assert 0 <= float(answer.min()) <= float(answer.max()) <= 1
    assert torch.equal(scene, before)


def test_limits_that_only_brighten_leave_a_bright_image(scene: torch.Tensor) -> None:
    answer = Gamma(GammaParams(target=0.5, limits=(0.4, 1.0)), Context())(scene)
    assert torch.allclose(answer[2], scene[2], atol=1e-6)
    assert float(answer[0].mean()) > 1.5 * float(scene[0].mean())


@pytest.mark.parametrize("exponent", [0.1, 0.4, 1.0, 3.0])
def test_a_ramp_keeps_its_order_and_its_ends(exponent: float) -> None:
    ramp = torch.linspace(0, 1, 5001).expand(1, 3, 1, 5001)
    answer = brighten(ramp, torch.tensor([exponent]))[0, 0, 0]
    assert (answer.diff() > -1e-6).all()
    assert float(answer[0]) == 0
    assert float(answer[-1]) == pytest.approx(1)
    middle = math.pow(0.5, exponent)
    assert float(answer[2500]) == pytest.approx(middle, rel=1e-5)


def test_hue_and_saturation_stay(scene: torch.Tensor) -> None:
    answer = brighten(scene[:1], torch.tensor([0.4]))
    for before, after in zip(scene[0].flatten(1).T[:50], answer[0].flatten(1).T[:50], strict=True):
        hue, saturation, _ = colorsys.rgb_to_hsv(*before.tolist())
        assert colorsys.rgb_to_hsv(*after.tolist())[:2] == pytest.approx(
            (hue, saturation), abs=1e-4
        )


@pytest.mark.parametrize("level", [0.0, 0.02, 0.3, 1.0])
def test_constant_images(level: float) -> None:
    images = torch.full((2, 3, 4, 5), level)
    answer = Gamma(GammaParams(target=0.5), Context())(images)
    assert answer.isfinite().all()
    assert float(answer.std()) == pytest.approx(0, abs=1e-6)
    expected = {0.0: 0.0, 0.02: 0.02**0.4, 0.3: 0.5, 1.0: 1.0}[level]
    assert float(answer.mean()) == pytest.approx(expected, abs=1e-5)


def test_half_precision_stays_half() -> None:
    images = torch.full((1, 3, 2, 2), 0.25, dtype=torch.float16)
    answer = Gamma(GammaParams(target=0.5), Context())(images)
    assert answer.dtype == torch.float16
    assert float(answer.mean()) == pytest.approx(0.5, abs=1e-3)


def test_limits_in_the_wrong_order_are_refused() -> None:
    with pytest.raises(ValidationError, match="the lower limit comes first, not 2 before 1"):
        GammaParams(limits=(2.0, 1.0))
    with pytest.raises(ValidationError, match="less than 1"):
        GammaParams(target=1.0)
