"""Backbones and aggregations. Shapes: B frames, R regions, D features, C channels."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from torch import Tensor


class FeatureSpec(NamedTuple):
    """What a layer delivers, told to the next one when it is built.

    dim: D of the pooled features.
    map_channels: channels of each feature map, from early to late; () if there are none.
    regions: R.
    """

    dim: int
    map_channels: tuple[int, ...] = ()
    regions: int = 1


class Features(NamedTuple):
    """pooled: (B, R, D). maps: per stage (B, R, C, H, W), from early to late, may be ()."""

    pooled: Tensor
    maps: tuple[Tensor, ...] = ()


class Pooled(NamedTuple):
    """What an aggregation returns.

    features: (B, R, D) for the slot space, (B, D) for regions, (N, D) for frames.
    weights: attention weights to draw, each non-negative; () if it has none. In the slot space
        (B, R, hops, H, W), one for each feature map that it looks at, from early to late: shares
        of the places, which sum to 1 over H and W. For regions (B, R) and for frames (N, T): the
        share of each member, which sum to 1 over the valid ones; 0 where not valid.
    penalty: (B,) or (N,) to be added to the loss; zeros if it has none.
    """

    features: Tensor
    weights: tuple[Tensor, ...]
    penalty: Tensor


class Backbone(Protocol):
    """A torch module. `spec(regions)` tells what it delivers before it has seen an image.

    It may have these attributes, too:

    * `normalisation`: (mean, std) of three numbers each, in [0, 1] units, that its weights
      expect; without it, images are normalised by the statistics of the training data.
    * `rate_factors`: a mapping from the beginning of a parameter's name ("layers.conv1_1", whole
      parts between dots) to the factor of its learning rate. 0 freezes: no gradient, nothing in
      the optimiser. The longest beginning that fits counts, and 1 where none does. Buffers are
      the module's own affair.
    * `weight_notes`: sentences on where its first weights come from, for the run's report; not
      said of weights that the recipe's `init` replaces.

    `rate_factors` and `weight_notes` are honoured in every part of a network.
    """

    def spec(self, regions: int) -> FeatureSpec: ...

    def __call__(self, images: Tensor) -> Features:
        """(B, R, 3, H, W) float, normalised -> Features."""
        ...


class SpaceAggregation(Protocol):
    """A torch module for the slot `space`; `dim` is its output's D."""

    dim: int

    def __call__(self, features: Features) -> Pooled:
        """Features -> (B, R, D)."""
        ...


class SetAggregation(Protocol):
    """A torch module for the slots `regions` and `frames`; `dim` is its output's D."""

    dim: int

    def __call__(self, features: Tensor, valid: Tensor) -> Pooled:
        """(B, S, D), valid (B, S) bool -> (B, D). A row with nothing valid gives zeros."""
        ...
