"""First weights from elsewhere: the file that a recipe names, and loading all of it or nothing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from ferkit.errors import FerkitError
from ferkit.training.weights import differing
from ferkit.weights import Found, digest, find_and_hash, hold_to

_COUNTED = "num_batches_tracked"
"""Of batch norm: whole numbers that old versions of torch did not write."""


def find_given(
    weights: str | None, sha256: str | None, *, folder: Path, fetched: str | None = None
) -> Found | None:
    """The file to load, verified as far as that can be, and its hash; None: there is to be none.

    Args:
        weights: a path, or None.
        sha256: that the file must have, or None.
        folder: that a relative path starts from.
        fetched: name of the weights that `ferkit fetch` got, instead of a path.
    Raises: FerkitError: it is not there, or is another file.
    """
    if fetched is not None:
        found = find_and_hash(fetched)
    elif weights is not None:
        path = folder / Path(weights).expanduser()
        if not path.is_file():
            raise FerkitError("no such file of weights.", where=str(path))
        found = Found(path, digest(path))
    else:
        return None
    if sha256 is not None:
        hold_to(found, sha256)
    return found


def fitting(
    own: Mapping[str, Tensor],
    given: Mapping[str, Tensor],
    *,
    path: Path,
    hint: str,
    unused: tuple[str, ...] = (),
) -> dict[str, Tensor]:
    """The tensors of a file that are those of a network, all of them and no others.

    Args:
        own: of the network, by the file's names; only shapes count.
        given: of the file.
        path, hint: for the error.
        unused: beginnings of names that the file may have and the network has not (its head).
    Returns: by the file's names, in the network's types.
    Raises: FerkitError: names what is missing, unexpected or of another shape.
    """
    kept = {name: value for name, value in given.items() if not name.startswith(unused)}
    kept |= {k: v for k, v in own.items() if k.endswith(_COUNTED) and k not in kept}
    if differences := differing(own, kept):
        raise FerkitError(
            f"these weights are of another network ({differences}).", where=str(path), hint=hint
        )
    return {name: kept[name].to(own[name].dtype) for name in own}


def load_fitting(
    module: nn.Module,
    given: Mapping[str, Tensor],
    *,
    path: Path,
    hint: str,
    unused: tuple[str, ...] = (),
    names: Mapping[str, str] | None = None,
) -> None:
    """Load a file's tensors into a network, all or none; see `fitting`.

    Args:
        names: the file's name of each of the network's tensors, where they differ.
    Raises: FerkitError: they do not fit.
    """
    own = module.state_dict()
    theirs = {name: name if names is None else names[name] for name in own}
    wanted = {theirs[name]: value for name, value in own.items()}
    tensors = fitting(wanted, given, path=path, hint=hint, unused=unused)
    with torch.no_grad():
        module.load_state_dict({name: tensors[theirs[name]] for name in own})


def flip_channels(weight: Tensor) -> Tensor:
    """A first convolution for RGB from one for BGR, and the other way round.

    Args:
        weight: (C, 3, H, W), the second axis is that of the colours.
    """
    return weight.flip(1)
