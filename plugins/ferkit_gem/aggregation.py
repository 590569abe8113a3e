"""The aggregation `gem`."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ferkit.contracts.model import Features, Pooled
from ferkit.errors import FerkitError
from ferkit.plugin import Context
from ferkit_gem.params import GemParams

SMALLEST_POWER = 0.1
"""A power that is learnt does not fall below, as a root of order 0 would be infinite."""


def generalised_mean(maps: Tensor, p: Tensor, eps: float) -> tuple[Tensor, Tensor]:
    """(mean over the places of max(x, eps)^p)^(1/p).

    Each map is divided by its largest value first and the answer multiplied by it, which is the
    same number and keeps large powers within range.

    Args:
        maps: x, (..., C, H, W). p: () or (C,), above 0. eps: above 0.
    Returns: (..., C), float32 at least; max(x, eps)^p / sum over the places of it, (..., C, H, W),
        without gradient: what share of a channel's mean a place has.
    Source: Radenovic et al. (arXiv:1711.02512), eq. 3.
    """
    wide = maps.to(torch.promote_types(maps.dtype, torch.float32)).clamp(min=eps)
    power = p.to(wide)[..., None, None]  # (1, 1) or (C, 1, 1)
    # A constant to the gradient: as it cancels, the gradient is that of the formula.
    largest = wide.detach().amax((-2, -1), keepdim=True)
    powers = (wide / largest).pow(power)
    mean = powers.mean((-2, -1), keepdim=True).pow(1 / power) * largest
    shares = powers.detach() / powers.detach().sum((-2, -1), keepdim=True)
    return mean[..., 0, 0], shares


class GeneralisedMean(nn.Module):
    """Slot `space`: the generalised mean of each channel of the last map.

    Args:
        channels: C. p: the power at first. eps: floor of a map.
        per_channel: whether each channel has a power of its own. rate: of its learning rate.
    """

    def __init__(
        self, channels: int, *, p: float, eps: float, per_channel: bool, rate: float
    ) -> None:
        super().__init__()
        self.dim, self.eps = channels, eps
        self.p = nn.Parameter(torch.full((channels,) if per_channel else (), p))
        self.rate_factors = {"p": rate}

    def forward(self, features: Features) -> Pooled:
        """Features -> (B, R, C); weights (B, R, 1, H, W), the mean share of a place over the
        channels; no penalty."""
        power = self.p.clamp(min=SMALLEST_POWER)
        mean, shares = generalised_mean(features.maps[-1], power, self.eps)
        return Pooled(mean, (shares.mean(2, keepdim=True),), mean.new_zeros(len(mean)))


def make_gem(params: GemParams, context: Context) -> GeneralisedMean:
    """Factory of the component `gem`. Raises: FerkitError: in another slot, or without maps."""
    if context.slot != "space" or context.features is None:
        raise FerkitError(
            f"'gem' pools over space, not over {context.slot or 'nothing'}.",
            where=f"model.aggregation.{context.slot}" if context.slot else "model.aggregation",
            hint="Use it as model.aggregation.space.",
        )
    if not context.features.map_channels:
        raise FerkitError(
            "'gem' pools feature maps, and this backbone has none.",
            where="model.aggregation.space",
            hint="Use mean, or another backbone.",
        )
    return GeneralisedMean(
        context.features.map_channels[-1],
        p=params.p,
        eps=params.eps,
        per_channel=params.per_channel,
        rate=params.rate,
    )
