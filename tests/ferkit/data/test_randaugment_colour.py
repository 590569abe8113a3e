"""Each operation on colours against torchvision's, image by image."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from PIL import Image, ImageOps
from torch import Tensor
from torchvision.transforms.v2 import functional as reference
from torchvision.transforms.v2.functional import pil_to_tensor, to_pil_image

from ferkit.data.randaugment import COLOURS, apply_operation
from ferkit.view_sections import Operation

AMOUNTS = (-0.9, -0.5, -0.1, 0.0, 0.2, 0.6, 0.9)


def levels(count: int = len(AMOUNTS), height: int = 23, width: int = 19) -> Tensor:
    """Images with a slope, noise and a flat part: (count, 3, H, W) uint8."""
    generator = torch.Generator().manual_seed(3)
    images = torch.randint(30, 200, (count, 3, height, width), generator=generator)
    images += torch.arange(width) * 2
    images[:, :, :5, :7] = 90
    return images.to(torch.uint8)


def made(name: Operation, images: Tensor, amounts: Tensor) -> Tensor:
    return apply_operation(name, images.float() / 255, amounts)


@pytest.mark.parametrize(
    ("name", "adjust"),
    [
        ("brightness", reference.adjust_brightness),
        ("contrast", reference.adjust_contrast),
        ("colour", reference.adjust_saturation),
        ("sharpness", reference.adjust_sharpness),
    ],
)
def test_factors_are_those_of_torchvision(
    name: Operation, adjust: Callable[[Tensor, float], Tensor]
) -> None:
    images = levels()
    answers = made(name, images, torch.tensor(AMOUNTS))
    for image, amount, answer in zip(images, AMOUNTS, answers, strict=True):
        expected = adjust(image.float() / 255, 1 + amount)
        # torchvision's grey weighs red by 0.2989, not 0.299.
        assert torch.allclose(answer, expected, atol=2e-4)
    assert torch.allclose(answers[3], images[3].float() / 255, atol=1e-6)
    assert float((answers[-1] - images[-1].float() / 255).abs().max()) > 0.05


def test_sharpness_leaves_the_outermost_pixels_and_small_images() -> None:
    images = levels(1)
    answer, before = made("sharpness", images, torch.tensor([0.9])), images.float() / 255
    for edge in (answer[..., 0, :] - before[..., 0, :], answer[..., -1, :] - before[..., -1, :]):
        assert not edge.any()
    for edge in (answer[..., 0] - before[..., 0], answer[..., -1] - before[..., -1]):
        assert not edge.any()
    for size in ((1, 1), (2, 9), (9, 2)):
        small = torch.rand(2, 3, *size)
        assert torch.equal(apply_operation("sharpness", small.clone(), torch.ones(2)), small)


@pytest.mark.parametrize("bits", [0, 1, 2, 3, 4])
def test_posterise_clears_bits(bits: int) -> None:
    images = levels(2)
    answer = made("posterise", images, torch.full((2,), float(bits)))
    expected = images if bits == 0 else reference.posterize(images, 8 - bits)
    assert torch.equal(answer, expected.float() / 255)


@pytest.mark.parametrize("share", [0.0, 0.25, 0.5, 1.0])
def test_solarise_inverts_the_brightest_levels(share: float) -> None:
    ramp = torch.arange(256, dtype=torch.uint8).expand(1, 3, 2, 256)
    answer = made("solarise", ramp, torch.tensor([share]))
    expected = ImageOps.solarize(to_pil_image(ramp[0]), int(256 * (1 - share)))
    assert torch.allclose(answer[0] * 255, pil_to_tensor(expected).float(), atol=1e-4)


def test_stretching_and_equalising_are_pillows() -> None:
    images = levels(4)
    images[1, 0] = 77  # a channel of one value
    images[2] = images[2] // 100 * 100  # few values
    images[3, :, 2:] = 5  # nearly one
    for name, pillows in (
        ("auto_contrast", ImageOps.autocontrast),
        ("equalise", ImageOps.equalize),
    ):
        answers = made(name, images, torch.zeros(4))
        for image, answer in zip(images, answers, strict=True):
            expected = pil_to_tensor(pillows(to_pil_image(image))).float()
            assert float((answer * 255 - expected).abs().max()) <= 1.01


def test_equalise_is_exactly_torchvisions() -> None:
    images = levels(3)
    answer = made("equalise", images, torch.zeros(3))
    assert torch.equal(answer, reference.equalize(images).float() / 255)


@pytest.mark.parametrize("name", sorted(COLOURS))
@pytest.mark.parametrize("size", [(1, 1), (1, 5), (4, 1), (3, 3)])
def test_small_images_stay_in_range(name: Operation, size: tuple[int, int]) -> None:
    images = torch.rand(3, 3, *size)
    answer = apply_operation(name, images, torch.tensor([0.4, 0.7, 1.0]))
    assert answer.shape == images.shape
    assert answer.isfinite().all()
    assert 0 <= float(answer.min()) <= float(answer.max()) <= 1


def test_pillows_enhancers_agree_within_rounding() -> None:
    from PIL import ImageEnhance

    enhancers = {
        "brightness": ImageEnhance.Brightness,
        "contrast": ImageEnhance.Contrast,
        "colour": ImageEnhance.Color,
        "sharpness": ImageEnhance.Sharpness,
    }
    image = levels(1)
    pillow: Image.Image = to_pil_image(image[0])
    for name, enhancer in enhancers.items():
        answer = made(name, image, torch.tensor([0.5]))[0] * 255
        expected = pil_to_tensor(enhancer(pillow).enhance(1.5)).float()
        assert float((answer - expected).abs().max()) < 2.5
