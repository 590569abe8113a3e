"""YuNet's network: the numbers that onnxruntime gets from the published file."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from ferkit_yunet.network import STRIDES, Yunet, with_weights
from ferkit_yunet.onnx_file import Convolution, read_convolutions
from torch import nn

Onnx = Callable[..., bytes]

# One cell of each stride, as onnxruntime 1.31 computes it for the picture below: probability of a
# face, fit of the box, box, five points.
GIVEN = {
    8: (
        1234,
        "0.59324 0.0 0.990147 0.518863 2.27113 2.41706 -0.412317 -0.180772 1.32733 -0.0424861"
        " 0.268688 1.69366 -0.162719 3.24061 0.639211 3.21121",
    ),
    16: (
        777,
        "0.533156 2.38419e-07 0.496906 0.410747 0.204862 0.455577 0.254539 0.238849 0.675808"
        " 0.239093 0.39615 0.526966 0.266369 0.834381 0.619632 0.835028",
    ),
    32: (
        200,
        "0.531932 0.000438362 1.67882 0.218094 1.05209 1.52683 -0.754722 -0.301685 1.06992"
        " -0.24536 -0.58299 1.10497 -0.703699 1.96673 0.681016 2.20366",
    ),
}


def test_the_published_file_says_what_it_says_elsewhere(network: Yunet) -> None:
    across, down = torch.arange(640)[None], torch.arange(640)[:, None]
    planes = [3 * across + 5 * down, 7 * across + 2 * down, across * down // 64]
    levels = network(torch.stack([plane % 256 for plane in planes])[None].float())
    for stride, level in zip(STRIDES, levels, strict=True):
        cell, expected = GIVEN[stride]
        parts = [level.face.sigmoid(), level.fit.sigmoid(), level.box, level.points]
        said = torch.cat([part.flatten(2)[0, :, cell] for part in parts])
        assert torch.allclose(
            said, torch.tensor([float(n) for n in expected.split()]), rtol=1e-4, atol=1e-5
        )


def random_convolutions() -> list[Convolution]:
    generator = torch.Generator().manual_seed(0)
    return [
        Convolution(
            torch.randn(module.weight.shape, generator=generator) / 10,
            torch.randn(module.weight.shape[0], generator=generator),
        )
        for module in Yunet().modules()
        if isinstance(module, nn.Conv2d)
    ]


def test_a_file_fills_every_convolution(write_onnx: Onnx) -> None:
    given = random_convolutions()
    assert sum(each.weight.numel() + each.bias.numel() for each in given) == 53104
    network = with_weights(read_convolutions(write_onnx(given)))
    assert not network.training
    assert not any(parameter.requires_grad for parameter in network.parameters())
    own = [module for module in network.modules() if isinstance(module, nn.Conv2d)]
    for module, convolution in zip(own, given, strict=True):
        assert torch.equal(module.weight, convolution.weight)
        assert module.bias is not None
        assert torch.equal(module.bias, convolution.bias)


def test_cells_at_each_stride() -> None:
    levels = with_weights(random_convolutions())(torch.zeros(2, 3, 64, 96))
    for stride, level in zip(STRIDES, levels, strict=True):
        cells = (64 // stride, 96 // stride)
        assert [part.shape for part in level] == [(2, n, *cells) for n in (1, 1, 4, 10)]


def test_other_convolutions_are_refused() -> None:
    given = random_convolutions()
    for wrong in (given[:-1], [*given[1:], given[0]], []):
        with pytest.raises(ValueError, match="not the convolutions of YuNet"):
            with_weights(wrong)
