"""A network, data and jobs so small that a training takes milliseconds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import adaptive_avg_pool2d

from ferkit.contracts.data import Sample
from ferkit.contracts.model import Features, FeatureSpec, Pooled
from ferkit.contracts.training import SSLLoop
from ferkit.data.loader import SplitData, split_data
from ferkit.data.tensor_clips import TensorClips
from ferkit.model.face_model import FaceModel
from ferkit.sections import ModelSection, OptimiserSection, TrainingSection
from ferkit.training.job import TrainingJob

CLASSES = ("anger", "happy", "sad")


class TinyBackbone(nn.Module):
    """Colours on a 4x4 grid and one linear layer; no batch statistics.

    Args:
        dim: D.
    """

    def __init__(self, dim: int = 8) -> None:
        super().__init__()
        self.dim = dim
        self.layer = nn.Linear(3 * 16, dim)

    def spec(self, regions: int) -> FeatureSpec:
        """A map of one place."""
        return FeatureSpec(dim=self.dim, map_channels=(self.dim,), regions=regions)

    def forward(self, images: Tensor) -> Features:
        """(B, R, 3, H, W) -> pooled (B, R, D), and the same as a map."""
        cells = adaptive_avg_pool2d(images.flatten(0, 1), 4).flatten(1)
        pooled = self.layer(cells).tanh().reshape(*images.shape[:2], self.dim)
        return Features(pooled, (pooled[..., None, None],))


class _OwnPooling(nn.Module):
    def __init__(self, dim: int) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, features: Features) -> Pooled:
        return Pooled(features.pooled, (), features.pooled.new_zeros(len(features.pooled)))


class _Mean(nn.Module):
    def __init__(self, dim: int) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, features: Tensor, valid: Tensor) -> Pooled:
        kept = features * valid[..., None]
        mean = kept.sum(1) / valid.sum(1, keepdim=True).clamp(min=1)
        return Pooled(mean, (), mean.new_zeros(len(mean)))


def tiny_model(
    classes: int = len(CLASSES), *, backbone: nn.Module | None = None, dropout: float = 0.0
) -> FaceModel:
    """A network with means for aggregations; its weights come from torch's generator."""
    first = TinyBackbone() if backbone is None else backbone
    dim = first.spec(1).dim  # type: ignore[operator]
    return FaceModel(
        first, _OwnPooling(dim), _Mean(dim), _Mean(dim), classes=classes, dropout=dropout
    )


def tiny_split(
    samples: int,
    *,
    classes: int = len(CLASSES),
    labelled: bool = True,
    frames: int = 1,
    regions: int = 1,
    size: int = 8,
    seed: int = 0,
) -> SplitData:
    """Noise with a bright square whose place tells the class; sample i is of class i mod K.

    Args:
        frames: T of the longest clip; clips have 1 to T valid frames.
        size: side of the crops, pixels.
    """
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(samples) % classes
    pixels = torch.randint(
        0, 160, (samples, frames, regions, 3, size, size), generator=generator, dtype=torch.uint8
    )
    side = max(1, size // classes)
    for row, label in enumerate(labels.tolist()):
        pixels[row, ..., label * side : (label + 1) * side, :] = 255
    length = torch.arange(samples) % frames + 1
    valid = (torch.arange(frames) < length[:, None])[..., None].expand(-1, -1, regions)
    clips = TensorClips(pixels, valid.clone())
    rows = [
        Sample(id=f"{seed}/{row}", label=label if labelled else -1)
        for row, label in enumerate(labels.tolist())
    ]
    return split_data(rows, [(clips, row) for row in range(samples)], classes=classes)


def tiny_job(loop: SSLLoop, folder: Path, **changes: Any) -> TrainingJob:
    """A job on tiny data; `changes` replace fields of it."""
    fields: dict[str, Any] = {
        "training": TrainingSection(
            batch_size=4, device="cpu", optimiser=OptimiserSection(lr=1e-2)
        ),
        "model": ModelSection(frames=2),
        "seed": 3,
        "classes": CLASSES,
        "loop": loop,
        "labelled": tiny_split(10),
        "unlabelled": tiny_split(14, labelled=False, seed=1),
        "validation": tiny_split(6, seed=2),
        "build_model": tiny_model,
        "folder": folder,
        "image_size": 8,
    }
    return TrainingJob(**(fields | changes))
