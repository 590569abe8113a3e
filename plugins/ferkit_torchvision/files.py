"""Weights from a file: read safely, checked, with an error that says what does not fit."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from ferkit.errors import FerkitError
from ferkit.training.weights import differing
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
    tensors = read_tensors(path, sha256=params.sha256)
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


def read_tensors(path: Path, *, sha256: str | None) -> dict[str, Tensor]:
    """The tensors of a `.safetensors` or a `.pth` file, by name.

    Nothing in the file is executed. Raises: FerkitError.
    """
    if not path.is_file():
        raise FerkitError("no such file of weights.", where=str(path))
    if sha256 is not None:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != sha256:
            raise FerkitError(
                f"the file's SHA-256 is {found}, not {sha256}.",
                where=str(path),
                hint="It is another file, or it was not copied whole.",
            )
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        loaded = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch's reader of old files lets any error through
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise FerkitError(
            f"can't be read as weights: {first}",
            where=str(path),
            hint="It must hold tensors only, as .safetensors or as a .pth state dict.",
        ) from error
    inner = loaded.get("state_dict", loaded) if isinstance(loaded, Mapping) else None
    if inner is None or not all(isinstance(value, Tensor) for value in inner.values()):
        raise FerkitError(
            "holds something else than tensors by name.",
            where=str(path),
            hint="Save the network's state_dict() alone.",
        )
    return {str(name).removeprefix("module."): value for name, value in inner.items()}
