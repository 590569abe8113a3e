"""Files of tensors by name, from anywhere: read safely, with an error that says what is wrong."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

from ferkit.errors import FerkitError

HINT = "It must hold tensors only, as .safetensors or as a .pth state dict."


def read_tensors(path: Path) -> dict[str, Tensor]:
    """The tensors of a file, on the CPU; nothing in it is executed.

    Args:
        path: safetensors, told by its content, or what `torch.save` made of a state dict, or of
            a mapping that has one as `state_dict`.
    Returns: by name, without the `module.` that DataParallel puts before each.
    Raises: FerkitError: no such file, not one of these, or a value is not finite.
    """
    if not path.is_file():
        raise FerkitError("no such file of weights.", where=str(path))
    try:
        loaded: object
        if _is_safetensors(path):
            loaded = load_file(path)
        else:
            loaded = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        # torch's own words advise to run what is in the file.
        raise FerkitError(
            "can't be read as weights, or holds more than tensors; nothing in it was run.",
            where=str(path),
            hint=HINT,
        ) from error
    except Exception as error:  # torch's reader of old files lets any error through
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise FerkitError(
            f"can't be read as weights ({first.rstrip('.')}).", where=str(path), hint=HINT
        ) from error
    inner = loaded.get("state_dict", loaded) if isinstance(loaded, Mapping) else None
    if not inner or not all(isinstance(value, Tensor) for value in inner.values()):
        raise FerkitError(
            "holds something else than tensors by name.",
            where=str(path),
            hint="Save the network's state_dict() alone.",
        )
    tensors = {str(name).removeprefix("module."): value for name, value in inner.items()}
    for name, value in tensors.items():
        if value.is_floating_point() and not bool(value.isfinite().all()):
            raise FerkitError(
                f"{name} holds values that are not finite.",
                where=str(path),
                hint="The file is damaged; get it again.",
            )
    return tensors


def _is_safetensors(path: Path) -> bool:
    """By the content: a fetched file keeps no ending. JSON follows the length of the header."""
    with path.open("rb") as file:
        return file.read(9)[8:] == b"{"
