"""The network: normalisation, a backbone, three aggregations, dropout and a linear head."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, cast

import torch
from torch import Tensor, nn

from ferkit.contracts.model import Features, Pooled
from ferkit.plugin import SLOTS


class Output(NamedTuple):
    """What the network says of N samples.

    logits: (N, K) float32. features: (N, D), input of the head. penalty: (N,), sum of the
    aggregations' penalties, a mean over a sample's valid frames for those per frame.
    weights: per slot the attention weights to draw, (N, T, ...) for space and regions (zeros
    in padding) and (N, ...) for frames; () where an aggregation has none.
    maps: (N, T, R, C, H, W), the backbone's last, zeros in padding; None where not asked for.
    """

    logits: Tensor
    features: Tensor
    penalty: Tensor
    weights: Mapping[str, tuple[Tensor, ...]]
    maps: Tensor | None = None


def valid_rows(valid: Tensor) -> Tensor:
    """Positions of frames with at least one valid region, in the flattened (N * T) order.

    Args:
        valid: (N, T, R) bool.
    Returns: (B,) int64, ascending, where `valid` lies.
    """
    return valid.any(-1).flatten().nonzero().flatten()


def unpack(packed: Tensor, rows: Tensor, *, samples: int, frames: int) -> Tensor:
    """Put packed rows back at their place; zeros elsewhere.

    Args:
        packed: (B, ...). rows: (B,) positions in the flattened (N * T) order.
    Returns: (N, T, ...).
    """
    if len(rows) == samples * frames:
        return packed.reshape(samples, frames, *packed.shape[1:])
    full = packed.new_zeros((samples * frames, *packed.shape[1:]))
    filled = full.index_copy(0, rows, packed)
    return filled.reshape(samples, frames, *packed.shape[1:])


class FaceModel(nn.Module):
    """Backbone, aggregations over space, regions and frames, dropout, head.

    Only valid frames reach the backbone (they are packed together), so that padding never
    meets a batch statistic or a penalty. A region that is invalid in a valid frame is handed on
    as the mean colour, and the aggregation over regions leaves it out.

    Args:
        backbone: a module that follows `ferkit.contracts.model.Backbone`; it may bring its own
            `normalisation`: (mean, std) of three numbers each, in [0, 1] units.
        space: follows `SpaceAggregation`. across_regions, across_frames: `SetAggregation`.
        classes: K.
        dense: between regions and frames, (B, D) -> (B, D'); the input of `across_frames` has the
            length D'. None: there is no such layer.
        dropout: probability, before the head.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self,
        backbone: nn.Module,
        space: nn.Module,
        across_regions: nn.Module,
        across_frames: nn.Module,
        *,
        classes: int,
        dense: nn.Module | None = None,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.backbone = backbone
        self.space = space
        self.regions = across_regions
        self.dense = nn.Identity() if dense is None else dense
        self.frames = across_frames
        self.feature_dim = int(cast(int, across_frames.dim))
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(self.feature_dim, classes)
        self.register_buffer("mean", torch.zeros(3))
        self.register_buffer("std", torch.ones(3))
        own = getattr(backbone, "normalisation", None)
        self.own_normalisation = own is not None
        if own is not None:
            self.set_normalisation(*own)

    @property
    def classes(self) -> int:
        """K."""
        return self.head.out_features

    def set_normalisation(
        self, mean: Tensor | tuple[float, ...], std: Tensor | tuple[float, ...]
    ) -> None:
        """Set the statistics that inputs are normalised by: three numbers each, [0, 1] units."""
        self.mean.copy_(torch.as_tensor(mean, dtype=torch.float32))
        self.std.copy_(torch.as_tensor(std, dtype=torch.float32))

    def normalise(self, images: Tensor) -> Tensor:
        """(..., 3, H, W) in [0, 1] -> zero mean and unit variance per channel (A13)."""
        mean = self.mean[:, None, None]
        return (images - mean) / self.std[:, None, None]

    def classify(self, features: Tensor) -> Tensor:
        """Dropout and the last layer: (N, D) -> logits (N, K) float32."""
        logits: Tensor = self.head(self.dropout(features))
        return logits.float()

    def forward(self, frames: Tensor, valid: Tensor, *, keep_maps: bool = False) -> Output:
        """Classify clips.

        Args:
            frames: (N, T, R, 3, H, W) float in [0, 1].
            valid: (N, T, R) bool, on any device; on the CPU it spares a synchronisation.
            keep_maps: whether to return the last maps of the backbone, if it has any.
        """
        samples, steps, _ = valid.shape
        rows = valid_rows(valid)
        if len(rows) == 0:
            return self._nothing(frames, samples)
        images, seen = frames.flatten(0, 1), valid.flatten(0, 1)
        if len(rows) < samples * steps:
            images, seen = images[rows.to(images.device)], seen[rows]
        rows, all_seen = rows.to(frames.device), seen.device.type == "cpu" and bool(seen.all())
        seen, valid = seen.to(frames.device), valid.to(frames.device)
        images = self.normalise(images)  # (B, R, 3, H, W)
        if not all_seen:
            images = images * seen[:, :, None, None, None]
        seen_by_backbone: Features = self.backbone(images)
        maps = None
        if keep_maps and seen_by_backbone.maps:
            maps = unpack(seen_by_backbone.maps[-1], rows, samples=samples, frames=steps)
        spatial: Pooled = self.space(seen_by_backbone)  # features (B, R, D)
        del seen_by_backbone  # its maps are large
        regional: Pooled = self.regions(spatial.features, seen)  # (B, D)
        in_time = unpack(self.dense(regional.features), rows, samples=samples, frames=steps)
        shown = valid.any(-1)  # (N, T)
        pooled: Pooled = self.frames(in_time, shown)  # (N, D)
        per_frame = unpack(
            spatial.penalty + regional.penalty, rows, samples=samples, frames=steps
        )  # (N, T)
        penalty = per_frame.sum(1) / shown.sum(1).clamp(min=1) + pooled.penalty
        weights = {
            "space": self._in_time(spatial.weights, rows, samples, steps),
            "regions": self._in_time(regional.weights, rows, samples, steps),
            "frames": pooled.weights,
        }
        return Output(self.classify(pooled.features), pooled.features, penalty, weights, maps)

    @staticmethod
    def _in_time(
        weights: tuple[Tensor, ...], rows: Tensor, samples: int, frames: int
    ) -> tuple[Tensor, ...]:
        return tuple(unpack(weight, rows, samples=samples, frames=frames) for weight in weights)

    def _nothing(self, frames: Tensor, samples: int) -> Output:
        """A batch without one valid frame: features of zeros, as an empty set gives."""
        features = frames.new_zeros((samples, self.feature_dim))
        return Output(
            self.classify(features), features, frames.new_zeros(samples), dict.fromkeys(SLOTS, ())
        )
