"""Files of tensors by name, from anywhere: read safely, with an error that says what is wrong."""

from __future__ import annotations

import pickle
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor

from ferkit.errors import FerkitError

HINT = "It must hold tensors only, as .safetensors or as a .pth state dict."

_NO_WEIGHTS = "can't be read as weights"

_INSTEAD = (
    (b"<!doctype html", "it is a web page", "Download the file itself, not the page about it."),
    (b"<html", "it is a web page", "Download the file itself, not the page about it."),
    (b"version https://git-lfs", "it is a pointer of Git LFS", "Get the file with 'git lfs pull'."),
)
"""First bytes in lower case, what people have who have them, and what to do."""

_AROUND = ("state_dict", "model_state_dict", "model")
"""Where trainers put the network's tensors, beside the optimiser's and others."""


def read_tensors(path: Path) -> dict[str, Tensor]:
    """The tensors of a file, on the CPU; nothing in it is executed.

    Args:
        path: safetensors, told by its content, or what `torch.save` made of a state dict, or of
            a mapping that has one as `state_dict`, `model_state_dict` or `model`.
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
            with warnings.catch_warnings():
                # torch warns of the pickle's version before it refuses, or reads, the file.
                warnings.simplefilter("ignore", UserWarning)
                loaded = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch's reader of old files lets any error through
        raise _unreadable(path, error) from error
    inner = _network(loaded) if isinstance(loaded, Mapping) else None
    if not inner or not all(isinstance(value, Tensor) for value in inner.values()):
        raise FerkitError(
            "holds something else than tensors by name.",
            where=str(path),
            hint="Save the network's state_dict() alone.",
        )
    tensors = {str(name).removeprefix("module."): value for name, value in inner.items()}
    refuse_not_finite(tensors, path)
    return tensors


def _network(loaded: Mapping[Any, Any]) -> Mapping[Any, Any]:
    """A file's mapping, or the one in it that is the network's."""
    inside = (loaded[name] for name in _AROUND if isinstance(loaded.get(name), Mapping))
    return next(inside, loaded)


def refuse_not_finite(tensors: Mapping[str, Tensor], path: Path) -> None:
    """Refuse weights that no network could have.

    Raises: FerkitError: a value is not finite; names the tensor.
    """
    for name, value in tensors.items():
        if value.is_floating_point() and not bool(value.isfinite().all()):
            raise FerkitError(
                f"{name} holds values that are not finite.",
                where=str(path),
                hint="The file is damaged; get it again.",
            )


def _unreadable(path: Path, error: Exception) -> FerkitError:
    """What to say of a file that a reader gave up on."""
    with path.open("rb") as file:
        head = file.read(256)
    if not head:
        return FerkitError(f"{_NO_WEIGHTS}: it is empty.", where=str(path), hint="Get it again.")
    for start, what, hint in _INSTEAD:
        if head.lstrip().lower().startswith(start):
            return FerkitError(f"{_NO_WEIGHTS}: {what}.", where=str(path), hint=hint)
    if _is_text(head):
        return FerkitError(f"{_NO_WEIGHTS}: it is text.", where=str(path), hint=HINT)
    if isinstance(error, pickle.UnpicklingError):
        # torch's own words advise to run what is in the file.
        what = f"{_NO_WEIGHTS}, or holds more than tensors; nothing in it was run."
        return FerkitError(what, where=str(path), hint=HINT)
    words = str(error).partition("\n")[0].rstrip(".")
    # Of a damaged pickle the reader says which of its own look-ups failed.
    said = f" ({words})" if words and not isinstance(error, LookupError) else ""
    return FerkitError(f"{_NO_WEIGHTS}{said}.", where=str(path), hint=HINT)


def _is_text(head: bytes) -> bool:
    """Whether a file that begins so is text in UTF-8; its last letter may be cut."""
    letters = head.decode("utf-8", errors="ignore")
    whole = len(letters.encode()) > len(head) - 4
    return whole and all(letter.isprintable() or letter in "\t\n\r\f" for letter in letters)


def _is_safetensors(path: Path) -> bool:
    """By the content: a fetched file keeps no ending. JSON follows the length of the header."""
    with path.open("rb") as file:
        return file.read(9)[8:] == b"{"
