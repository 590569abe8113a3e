"""Weights from a file: read safely, checked, with an error that says what does not fit."""

from __future__ import annotations

from pathlib import Path

from torch import nn

from ferkit.foreign_weights import find_given, load_fitting
from ferkit.tensor_files import read_tensors
from ferkit_torchvision.params import WeightsParams

IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
"""Mean and deviation that torchvision's ImageNet weights were trained with."""

Normalisation = tuple[tuple[float, ...], tuple[float, ...]]


def own_normalisation(params: WeightsParams) -> Normalisation | None:
    """The statistics that the weights bring; None: those of the training data."""
    if params.weights is None or params.normalisation == "training":
        return None
    return IMAGENET


def load_into(
    module: nn.Module, params: WeightsParams, *, folder: Path, unused: tuple[str, ...]
) -> None:
    """Load `params.weights`, if given, into `module`.

    Args:
        module: with torchvision's names.
        folder: that a relative path starts from.
        unused: beginnings of names that the file may have and the module does not (its head).
    Raises: FerkitError: the file is missing, unsafe, another one, or of another network.
    """
    found = find_given(params.weights, params.sha256, folder=folder)
    if found is not None:
        load_fitting(
            module,
            read_tensors(found.path),
            path=found.path,
            hint="Check depth and layout in model.backbone.",
            unused=unused,
        )
