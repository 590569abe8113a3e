"""The generator is the public network: the same names, and the same numbers computed plainly."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from ferkit_enlightengan.generator import REACH, Generator, darkness
from ferkit_enlightengan.weights import public_name, read_generator
from torch import Tensor
from torch.nn import functional


@pytest.fixture(scope="module")
def generator(checkpoint: Path) -> Generator:
    return read_generator(checkpoint)


@pytest.fixture
def images() -> Tensor:
    """(2, 3, 32, 48) in [-1, 1]."""
    return 2 * torch.rand(2, 3, 32, 48, generator=torch.Generator().manual_seed(1)) - 1


def twice_as_large(features: Tensor) -> Tensor:
    """Bilinear, pixel centres at half: 1/4 of the neighbour and 3/4 of the pixel itself."""
    for axis in (2, 3):
        last = features.shape[axis] - 1
        place = torch.arange(last + 1)
        before = features.index_select(axis, (place - 1).clamp_min(0))
        after = features.index_select(axis, (place + 1).clamp_max(last))
        pair = torch.stack([features * 0.75 + before * 0.25, features * 0.75 + after * 0.25], axis)
        features = pair.transpose(axis, axis + 1).flatten(axis, axis + 1)
    return features


def half_as_large(features: Tensor) -> Tensor:
    """The largest of each 2 x 2 pixels."""
    return torch.stack([features[:, :, y::2, x::2] for y in (0, 1) for x in (0, 1)]).amax(0)


def plainly(weights: dict[str, Tensor], images: Tensor) -> Tensor:
    """The layout read from top to bottom: what comes out, in [-1, 1] and beyond."""

    def conv(name: str, features: Tensor) -> Tensor:
        kernel = weights[f"{name}.weight"]
        bias = weights[f"{name}.bias"]
        return functional.conv2d(features, kernel, bias, padding=kernel.shape[-1] // 2)

    def block(number: str, features: Tensor) -> Tensor:
        value = conv(f"conv{number}", features)
        value = torch.where(value > 0, value, 0.2 * value)
        if f"bn{number}.weight" not in weights:
            return value
        mean, var, scale, shift = (
            weights[f"bn{number}.{name}"][:, None, None]
            for name in ("running_mean", "running_var", "weight", "bias")
        )
        return (value - mean) / (var + 1e-5).sqrt() * scale + shift

    red, green, blue = ((images + 1) / 2).unbind(1)
    gray = [(1 - 0.299 * red - 0.587 * green - 0.114 * blue)[:, None]]
    for _ in range(4):
        gray.append(half_as_large(gray[-1]))
    value, kept = torch.cat([images, gray[0]], 1), {}
    for level in (1, 2, 3, 4):
        kept[level] = block(f"{level}_2", block(f"{level}_1", value))
        value = half_as_large(kept[level])
    value = block("5_2", block("5_1", value) * gray[4])
    for level in (4, 3, 2, 1):
        number = 10 - level  # conv6 is beside conv4, conv9 beside conv1
        value = conv(f"deconv{number - 1}", twice_as_large(value))
        value = torch.cat([value, kept[level] * gray[level - 1]], 1)
        value = block(f"{number}_2", block(f"{number}_1", value))
    return images + conv("conv10", value) * gray[0]


def test_the_names_are_the_public_ones(public_layout: dict[str, tuple[int, ...]]) -> None:
    own = {public_name(name): tuple(each.shape) for name, each in Generator().state_dict().items()}
    assert own == public_layout


def test_it_computes_what_the_layout_says(
    generator: Generator, public_tensors: dict[str, Tensor], images: Tensor
) -> None:
    expected = plainly(public_tensors, images)
    answer = images + generator(images, darkness(images))
    assert 0.05 < float((expected - images).abs().mean()) < 1  # the network has a say
    assert torch.allclose(answer, expected, atol=1e-5, rtol=0)


def test_the_test_sees_a_wrong_layer(
    generator: Generator, public_tensors: dict[str, Tensor], images: Tensor
) -> None:
    for name in ("deconv5.bias", "bn5_1.running_mean", "conv3_2.weight"):
        changed = public_tensors | {name: public_tensors[name] + 0.1}
        answer = images + generator(images, darkness(images))
        assert not torch.allclose(answer, plainly(changed, images), atol=1e-4)


def test_darkness_by_hand() -> None:
    colours = torch.tensor([[-1.0, -1, -1], [1, 1, 1], [1, -1, -1], [0, 0, 0]])
    answer = darkness(colours[:, :, None, None]).flatten()
    assert answer.tolist() == pytest.approx([1.0, 0.0, 0.701, 0.5], abs=1e-6)


def test_what_is_white_stays(generator: Generator) -> None:
    white = torch.ones(1, 3, 32, 32)
    assert float(generator(white, darkness(white)).abs().max()) < 1e-5


def test_no_pixel_reaches_further_than_said(generator: Generator) -> None:
    width = 16 * 20
    images = 2 * torch.rand(1, 3, 16, width, generator=torch.Generator().manual_seed(2)) - 1
    furthest = 0
    for column in range(width // 2 - 8, width // 2 + 8):  # all phases of the coarsest cells
        given = images.clone().requires_grad_()
        generator(given, darkness(given))[..., column].sum().backward()
        assert given.grad is not None
        seen = given.grad.abs().sum((0, 1, 2)).nonzero().flatten()
        furthest = max(furthest, int((seen - column).abs().max()))
    assert REACH - 16 <= furthest <= REACH
