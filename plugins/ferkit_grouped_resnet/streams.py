"""Layers over regions that never mix, in two forms behind the same weights.

A layer of R regions is an ordinary torch layer whose channels come region by region: the first
C belong to the first region, and so on. It is applied to *streams*, a list of feature maps:

* one stream (B, R*C, H, W) holds all regions: a convolution with R groups;
* R streams (B, C, H, W) hold one region each: R plain convolutions with a part of the weights.

Both compute the same numbers but for rounding.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

Streams = list[Tensor]

Form = Literal["grouped", "apart"]

UNMEASURED: Form = "apart"
"""On other devices: plain convolutions have fast kernels everywhere, grouped ones have not."""

FASTEST: dict[str, Form] = {"cpu": "apart"}
"""By type of device, as tests/benchmarks/grouped_convolutions.py has measured."""


def fastest(device: torch.device) -> Form:
    """The form for a device; follows from its type alone, so that runs repeat to the bit."""
    return FASTEST.get(device.type, UNMEASURED)


def split_regions(images: Tensor, form: Form, *, memory_format: torch.memory_format) -> Streams:
    """(B, R, C, H, W) -> one stream, or R of them."""
    parts = [images.flatten(1, 2)] if form == "grouped" else list(images.unbind(1))
    return [part.contiguous(memory_format=memory_format) for part in parts]


def join_regions(streams: Sequence[Tensor], regions: int) -> Tensor:
    """Streams of (B, ..., H, W) maps, or of (B, ...) vectors -> (B, R, C, ...)."""
    if len(streams) == 1:
        batch, channels, *rest = streams[0].shape
        return streams[0].view(batch, regions, channels // regions, *rest)
    return torch.stack(list(streams), 1)


def convolve(layer: nn.Conv2d, streams: Streams) -> Streams:
    """Apply a convolution with R groups to one stream, or each group to its stream.

    Args:
        layer: `groups` is R; without bias.
        streams: one of (B, R*C, H, W), or R of (B, C, H, W).
    Returns: as many streams.
    """
    stride: tuple[int, ...] = layer.stride
    if layer.kernel_size == (1, 1) and stride != (1, 1) and streams[0].device.type == "cpu":
        # oneDNN's backward pass of this convolution writes past its memory for few channels
        # (torch 2.15: 4 or 8 of 56 x 56), so the places it skips are left out before.
        rows, columns = stride
        streams, stride = [stream[..., ::rows, ::columns] for stream in streams], (1, 1)
    if len(streams) == 1:
        groups = layer.groups
        return [functional.conv2d(streams[0], layer.weight, None, stride, layer.padding, 1, groups)]
    return [
        functional.conv2d(stream, weight, None, stride, layer.padding)
        for stream, weight in zip(streams, _per_region(layer.weight, len(streams)), strict=True)
    ]


def normalise(layer: nn.BatchNorm2d, streams: Streams) -> Streams:
    """Apply a batch norm over all regions' channels to one stream, or its parts to R streams.

    In training mode the running statistics move, as they do in the layer itself.

    Args:
        layer: with weights and running statistics.
        streams: one of (B, R*C, H, W), or R of (B, C, H, W).
    Returns: as many streams.
    """
    if len(streams) == 1:
        return [layer(streams[0])]
    mean, var, momentum = layer.running_mean, layer.running_var, layer.momentum
    assert mean is not None, "running statistics"
    assert var is not None, "running statistics"
    assert momentum is not None, "else torch would weigh all batches the same"
    if layer.training and layer.num_batches_tracked is not None:
        layer.num_batches_tracked.add_(1)
    parts = zip(
        streams,
        _per_region(mean, len(streams)),
        _per_region(var, len(streams)),
        _per_region(layer.weight, len(streams)),
        _per_region(layer.bias, len(streams)),
        strict=True,
    )
    return [
        functional.batch_norm(
            stream, mean, var, scale, shift, layer.training, momentum=momentum, eps=layer.eps
        )
        for stream, mean, var, scale, shift in parts
    ]


def _per_region(values: Tensor, regions: int) -> tuple[Tensor, ...]:
    """(R*C, ...) -> R views (C, ...). Their gradients come back in one piece, not in R."""
    return values.view(regions, len(values) // regions, *values.shape[1:]).unbind(0)
