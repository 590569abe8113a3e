"""How uncertain a sample is, and features mixed by it."""

from __future__ import annotations

from torch import Tensor, nn

EPS = 2e-5
"""Added to the variances of batch norm, as in the published code."""


def mixed_features(features: Tensor, uncertainty: Tensor, partners: Tensor) -> Tensor:
    """(u_i mu_i + u_j mu_j) / (u_i + u_j) for each i, with j its partner.

    Args:
        features: mu, (n, D). uncertainty: u, (n,), above 0. partners: (n,) int64.
    Returns: (n, D).
    Source: Zhang, Wang, Deng (NeurIPS 2021), the published code.
    """
    other = uncertainty[partners]
    share = (uncertainty / (uncertainty + other))[:, None]
    return share * features + (1 - share) * features[partners]


class Uncertainty(nn.Module):
    """The mean of exp(l), with l normalised over the batch: above 0.

    Args:
        dim: D of the features. width: of l. dropout: before the layer that makes it.
    """

    def __init__(self, dim: int, width: int, *, dropout: float) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.BatchNorm1d(dim, eps=EPS, affine=False),
            nn.Dropout(dropout),
            nn.Linear(dim, width),
            nn.BatchNorm1d(width, eps=EPS),
        )

    def forward(self, features: Tensor) -> Tensor:
        """(n, D), n at least 2 in training -> (n,) float32."""
        log_variance: Tensor = self.layers(features)
        return log_variance.float().exp().mean(-1)
