"""The layers of EfficientNet, under timm's names."""

from __future__ import annotations

from math import ceil

import torch
from torch import Tensor, nn
from torch.nn.functional import pad, silu


class SameConv2d(nn.Conv2d):
    """A convolution that pads as TensorFlow does: the odd pixel below and right."""

    def forward(self, input: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C', ceil(H / stride), ceil(W / stride))."""
        down = _missing(input.shape[-2], self.kernel_size[0], self.stride[0])
        across = _missing(input.shape[-1], self.kernel_size[1], self.stride[1])
        around = (across // 2, across - across // 2, down // 2, down - down // 2)
        return super().forward(pad(input, around))


def _missing(length: int, kernel: int, stride: int) -> int:
    """Pixels to add, so that the output has ceil(length / stride)."""
    return max((ceil(length / stride) - 1) * stride + kernel - length, 0)


def convolution(
    before: int, after: int, kernel: int, *, stride: int = 1, groups: int = 1, tensorflow: bool
) -> nn.Conv2d:
    """A convolution without bias; at stride 1 both ways of padding are the same."""
    if tensorflow and stride > 1:
        return SameConv2d(before, after, kernel, stride, groups=groups, bias=False)
    padding = kernel // 2
    return nn.Conv2d(before, after, kernel, stride, padding, groups=groups, bias=False)


class SqueezeExcite(nn.Module):
    """Channels scaled by what all places say together (arXiv:1709.01507).

    Args:
        channels: that are scaled.
        reduced: between the two layers.
    """

    def __init__(self, channels: int, reduced: int) -> None:
        super().__init__()
        self.conv_reduce = nn.Conv2d(channels, reduced, 1)
        self.conv_expand = nn.Conv2d(reduced, channels, 1)

    def forward(self, hidden: Tensor) -> Tensor:
        """(N, C, H, W) -> the same shape."""
        squeezed = hidden.mean((2, 3), keepdim=True)
        scale: Tensor = self.conv_expand(silu(self.conv_reduce(squeezed))).sigmoid()
        return hidden * scale


class Block(nn.Module):
    """An inverted bottleneck; without expansion its first convolution is left out.

    Args:
        before, after: channels. expand: factor of the channels within.
        kernel, stride: of the depthwise convolution.
        eps: of batch norm. tensorflow: how it pads.
    """

    def __init__(
        self,
        before: int,
        after: int,
        *,
        expand: int,
        kernel: int,
        stride: int,
        eps: float,
        tensorflow: bool,
    ) -> None:
        super().__init__()
        inside = before * expand
        self.expands = expand > 1
        self.skips = stride == 1 and before == after
        depthwise = convolution(
            inside, inside, kernel, stride=stride, groups=inside, tensorflow=tensorflow
        )
        squeeze = SqueezeExcite(inside, max(1, round(before / 4)))
        if self.expands:
            self.conv_pw = nn.Conv2d(before, inside, 1, bias=False)
            self.bn1 = nn.BatchNorm2d(inside, eps)
            self.conv_dw, self.bn2, self.se = depthwise, nn.BatchNorm2d(inside, eps), squeeze
            self.conv_pwl = nn.Conv2d(inside, after, 1, bias=False)
            self.bn3 = nn.BatchNorm2d(after, eps)
        else:
            self.conv_dw, self.bn1, self.se = depthwise, nn.BatchNorm2d(inside, eps), squeeze
            self.conv_pw = nn.Conv2d(inside, after, 1, bias=False)
            self.bn2 = nn.BatchNorm2d(after, eps)

    def forward(self, images: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C', H', W')."""
        hidden: Tensor
        if self.expands:
            hidden = silu(self.bn1(self.conv_pw(images)))
            hidden = self.se(silu(self.bn2(self.conv_dw(hidden))))
            hidden = self.bn3(self.conv_pwl(hidden))
        else:
            hidden = self.se(silu(self.bn1(self.conv_dw(images))))
            hidden = self.bn2(self.conv_pw(hidden))
        return images + hidden if self.skips else hidden


def draw(network: nn.Module) -> None:
    """First weights from torch's global generator: He et al. (arXiv:1502.01852), by fan-out."""
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d):
            outputs = layer.kernel_size[0] * layer.kernel_size[1] * layer.out_channels
            with torch.no_grad():
                layer.weight.normal_(0, (2 * layer.groups / outputs) ** 0.5)
                if layer.bias is not None:
                    layer.bias.zero_()
