"""What both networks are made of."""

from __future__ import annotations

from torch import Tensor, nn

GRID = 7
"""Side of the last map of crops of 112 px, for which the embedding's layers are made."""


def conv_norm(
    before: int,
    after: int,
    kernel: int = 1,
    *,
    stride: int = 1,
    padding: int | None = None,
    groups: int = 1,
    prelu: bool = True,
) -> nn.Sequential:
    """A convolution without bias, batch norm and, if wanted, PReLU by channel.

    Args:
        padding: None: so that stride 1 keeps the size.
    """
    around = kernel // 2 if padding is None else padding
    made = nn.Sequential()
    made.add_module(
        "conv", nn.Conv2d(before, after, kernel, stride, around, groups=groups, bias=False)
    )
    made.add_module("bn", nn.BatchNorm2d(after))
    if prelu:
        made.add_module("prelu", nn.PReLU(after))
    return made


def draw(network: nn.Module) -> None:
    """First weights from torch's global generator: He et al. (arXiv:1502.01852)."""
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(layer.weight, mode="fan_in", nonlinearity="leaky_relu", a=0.25)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)


def by_region(one: Tensor, batch: int, regions: int) -> Tensor:
    """(B * R, ...) -> (B, R, ...)."""
    return one.reshape(batch, regions, *one.shape[1:])
