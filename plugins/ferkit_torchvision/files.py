"""Weights from a file: read safely, checked, with an error that says what does not fit."""

from __future__ import annotations

from pathlib import Path

from torch import nn

from ferkit.errors import FerkitError
from ferkit.tensor_files import read_tensors
from ferkit.training.weights import differing
from ferkit.weights import verify
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
    if params.weights is None:
        return
    path = folder / Path(params.weights).expanduser()
    if params.sha256 is not None and path.is_file():
        verify(path, params.sha256)
    tensors = read_tensors(path)
    own = module.state_dict()
    given = {name: value for name, value in tensors.items() if not name.startswith(unused)}
    # Written by old versions of torch, which did not count batches.
    given |= {k: v for k, v in own.items() if k.endswith("num_batches_tracked") and k not in given}
    differences = differing(own, given)
    if differences:
        raise FerkitError(
            f"these weights are of another network ({differences}).",
            where=str(path),
            hint="Check depth and layout in model.backbone.",
        )
    module.load_state_dict(given)
