"""The enhancer takes any images, and an image's result is its own."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch
from ferkit_enlightengan.enhancer import MARGIN, EnlightenGan, enlighten, precision
from ferkit_enlightengan.generator import REACH, STRIDE
from ferkit_enlightengan.params import EnlightenGanParams
from ferkit_enlightengan.weights import read_generator
from torch import Tensor

from ferkit.faces.from_recipe import unseen_in_crops
from ferkit.plugin import Context


@pytest.fixture(scope="module")
def enhancer(checkpoint: Path) -> EnlightenGan:
    return EnlightenGan(EnlightenGanParams(weights=str(checkpoint)), Context())


def dark(*shape: int) -> Tensor:
    return 0.5 * torch.rand(shape, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (3, 2), (17, 31), (64, 64)])
def test_any_size(enhancer: EnlightenGan, size: tuple[int, int]) -> None:
    images = dark(2, 3, *size)
    before = images.clone()
    answer = enhancer(images)
    assert answer.shape == images.shape
    assert answer.dtype == torch.float32
    assert not answer.requires_grad
    assert 0 <= float(answer.min()) <= float(answer.max()) <= 1
    assert float((answer - images).abs().mean()) > 0.01
    assert torch.equal(images, before)


def test_no_images(enhancer: EnlightenGan) -> None:
    assert enhancer(dark(0, 3, 20, 20)).shape == (0, 3, 20, 20)


def test_an_image_does_not_depend_on_the_others(enhancer: EnlightenGan) -> None:
    images = dark(3, 3, 40, 24)
    together = enhancer(images)
    for number in range(3):
        assert torch.equal(enhancer(images[number : number + 1])[0], together[number])


def test_large_images_have_no_seams(checkpoint: Path) -> None:
    generator = read_generator(checkpoint)
    images = dark(1, 3, 20, 950)
    whole = enlighten(images, generator, longest=1024, together=1)
    pieces = enlighten(images, generator, longest=512, together=1)
    assert float((whole - pieces).abs().max()) < 1e-5


def test_the_margin_is_enough() -> None:
    assert MARGIN >= REACH
    assert MARGIN % STRIDE == 0
    lowest = EnlightenGanParams.model_fields["tile_px"].metadata[0].ge
    assert lowest > 2 * MARGIN


def test_other_types_come_back_as_they_were(enhancer: EnlightenGan) -> None:
    images = dark(1, 3, 16, 16).to(torch.float16)
    answer = enhancer(images)
    assert answer.dtype == torch.float16
    assert torch.allclose(answer.float(), enhancer(images.float()), atol=1e-3)


def test_stores_are_told_apart_by_the_weights_and_the_precision_in_force(
    checkpoint: Path, enhancer: EnlightenGan, tmp_path: Path
) -> None:
    copy = shutil.copy(checkpoint, tmp_path / "copy.pth")
    other = EnlightenGan(EnlightenGanParams(weights=str(copy), half=True), Context())
    assert other.fingerprint == enhancer.fingerprint
    assert unseen_in_crops(EnlightenGanParams) == {"weights", "sha256", "half"}
    assert precision(True, torch.device("cuda:1")) == torch.float16
    assert precision(True, torch.device("cpu")) == torch.float32
    assert precision(False, torch.device("cuda:0")) == torch.float32


@pytest.mark.gpu
def test_on_a_gpu(checkpoint: Path, enhancer: EnlightenGan) -> None:
    if not torch.cuda.is_available():
        pytest.skip("needs a CUDA device")
    images = dark(2, 3, 48, 64)
    expected = enhancer(images)
    for half, tolerance in ((False, 1e-2), (True, 5e-2)):
        params = EnlightenGanParams(weights=str(checkpoint), half=half)
        there = EnlightenGan(params, Context(device="cuda:0"))
        assert (there.fingerprint != enhancer.fingerprint) == half
        answer = there(images)
        assert answer.device == images.device
        assert float((answer - expected).abs().max()) < tolerance
