"""The weights that a phase hands on: a safetensors file and a JSON file beside it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

import ferkit
from ferkit.errors import BlockedError, FerkitError
from ferkit.model.face_model import FaceModel
from ferkit.training.checkpoint import digest, write_synced, write_tensors

_AGAIN = "Copy both files again, or move the run's folder away and do that run anew."

HEAD = ("head.weight", "head.bias")

MOST_NAMED = 20
"""Classes that a note names."""


def save_weights(
    path: Path,
    model: FaceModel,
    about: Mapping[str, Any],
    *,
    tensors: Mapping[str, Tensor] | None = None,
) -> None:
    """Write `path` and, beside it, a `.json` that says what the weights are of.

    Args:
        path: ends in `.safetensors`.
        about: JSON values: classes, model (the recipe's section), regions, image_size, ...
        tensors: to write instead of those that the model has; of the same names and shapes, with
            the same normalisation.
    Raises: BlockedError: it can't be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}")
        write_tensors(temporary, model.state_dict() if tensors is None else tensors)
        normalisation = {"mean": model.mean.tolist(), "std": model.std.tolist()}
        described = {
            "ferkit": ferkit.__version__,
            "sha256": digest(temporary),
            "normalisation": normalisation,
            **about,
        }
        temporary.replace(path)
        write_synced(path.with_suffix(".json"), json.dumps(described, indent=1) + "\n")
    except OSError as error:
        raise BlockedError(
            f"the weights can't be written: {error.strerror or error}.", where=str(path)
        ) from error


def read_weights(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The tensors and what the file beside them says.

    Raises: FerkitError: a file is missing or damaged, or they do not belong together.
    """
    try:
        about = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        if digest(path) != about["sha256"]:
            raise FerkitError(
                "the weights are not those that the .json beside them describes.",
                where=str(path),
                hint=_AGAIN,
            )
        return load_file(path), about
    except FileNotFoundError as error:
        raise FerkitError(
            "no such file.",
            where=str(error.filename or path),
            hint="Weights are in a run's checkpoints/, a .safetensors and a .json each.",
        ) from error
    except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
        what = f"can't be read as weights: {error}."
        raise FerkitError(what, where=str(path), hint=_AGAIN) from error


def load_init(
    model: FaceModel, path: Path, *, classes: Sequence[str], note: Callable[[str], None]
) -> bool:
    """Start a network from another run's weights.

    With the same classes in another order the head's rows are reordered; with others the head
    stays fresh, and `note` is told.

    Returns: whether the head was taken too.
    Raises: FerkitError: the networks differ; names what does.
    """
    tensors, about = read_weights(path)
    theirs = tuple(about.get("classes", ()))
    own = model.state_dict()
    same = set(theirs) == set(classes) and len(theirs) == len(classes)
    if same:
        order = torch.tensor([theirs.index(name) for name in classes])
        tensors |= {name: tensors[name][order] for name in HEAD if name in tensors}
    else:
        for name in HEAD:
            tensors[name] = own[name]
        note(f"The weights of {path} are of {_named(theirs)}; the last layer starts anew.")
    differences = differing(own, tensors)
    if differences:
        raise FerkitError(
            f"the weights are of another network: {differences}.",
            where=str(path),
            hint="The recipe's model section must be that of the run they come from.",
        )
    model.load_state_dict(tensors)
    return same


def differing(own: Mapping[str, Tensor], given: Mapping[str, Tensor], *, most: int = 5) -> str:
    """What keeps `given` from being loaded: missing, unexpected and misshapen names, and whole
    numbers where weights are; "" if nothing does. At most `most` of each sort are written out."""
    missing = [name for name in own if name not in given]
    unexpected = [name for name in given if name not in own]
    shapes = [
        f"{name} {tuple(given[name].shape)} instead of {tuple(own[name].shape)}"
        for name in own
        if name in given and given[name].shape != own[name].shape
    ]
    kinds = [
        f"{name} {_dtype(given[name])} instead of {_dtype(own[name])}"
        for name in own
        if name in given and own[name].is_floating_point() and not given[name].is_floating_point()
    ]
    said = [
        f"{word}: {_some(names, most)}"
        for word, names in (
            ("missing keys", missing),
            ("unexpected keys", unexpected),
            ("other shapes", shapes),
            ("no floating point", kinds),
        )
        if names
    ]
    return "; ".join(said)


def _dtype(tensor: Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")


def _some(names: Sequence[str], most: int) -> str:
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" and {rest} more" if rest > 0 else "")


def _named(classes: Sequence[str]) -> str:
    """Class names for a sentence; of many the number."""
    if len(classes) > MOST_NAMED:
        return f"{len(classes)} other classes"
    return f"the classes {', '.join(classes) or '(not said)'}"
