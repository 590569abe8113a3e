"""The generator's weights: the public checkpoint's names, read safely, checked to the last one."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

from ferkit.errors import FerkitError
from ferkit.known_weights import look_up
from ferkit.training.weights import differing
from ferkit.weights import find_weights, verify
from ferkit_enlightengan.generator import WIDTHS, Generator

NAME = "enlightengan"
"""Of the weights in the registry."""

INSTEAD = "Enhancers that need no weights: none, clahe, gamma."

_LEVELS = len(WIDTHS)
_LAYER = {"conv": "conv", "norm": "bn"}
_WHICH = {"first": 1, "second": 2}


def public_name(own: str) -> str:
    """What the public checkpoint calls a tensor of our `Generator`.

    Its first five numbers are the levels on the way down, the next four those on the way up:
    `down.0.second.conv.weight` is `conv1_2.weight`, `up.3.first.norm.bias` is `bn9_1.bias`,
    `narrow.0.bias` is `deconv5.bias`, and `last.bias` is `conv10.bias`.
    """
    part, _, rest = own.partition(".")
    if part == "last":
        return f"conv{2 * _LEVELS}.{rest}"
    level, _, rest = rest.partition(".")
    if part == "narrow":
        return f"deconv{int(level) + _LEVELS}.{rest}"
    which, layer, tensor = rest.split(".")
    number = int(level) + 1 + (_LEVELS if part == "up" else 0)
    return f"{_LAYER[layer]}{number}_{_WHICH[which]}.{tensor}"


def weights_file(given: str | None, *, sha256: str | None, folder: Path) -> Path:
    """The file to load, verified as far as that can be.

    Args:
        given: the file that the recipe names, or None for the fetched one.
        sha256: what it must have; None: what the registry says, if it knows.
        folder: that a relative path starts from.
    Raises: FerkitError: it is not there, or is another file.
    """
    if given is None:
        try:
            path = find_weights(NAME)
        except FerkitError as error:
            hint = f"{error.hint} {INSTEAD}" if error.hint else INSTEAD
            raise FerkitError(error.what, where=error.where, hint=hint) from error
    else:
        path = folder / Path(given).expanduser()
        if not path.is_file():
            raise FerkitError("no such file of weights.", where=str(path), hint=INSTEAD)
        sha256 = sha256 or look_up(NAME).sha256
    if sha256 is not None:
        verify(path, sha256)
    return path


def read_generator(path: Path) -> Generator:
    """The generator with the weights of a file, in evaluation mode, without gradients.

    Args:
        path: `.safetensors`, or a `.pth` state dict as the public code saves it; its names may
            start with `module.`, and may lack the counts of batches, which old torch did not keep.
    Raises: FerkitError: the file can't be read safely, or is not of this network; names what
        is missing, unexpected or of another shape.
    """
    generator = Generator()
    names = {public_name(own): own for own in generator.state_dict()}
    wanted = {public: generator.state_dict()[own] for public, own in names.items()}
    given = _tensors(path)
    given |= {
        public: value
        for public, value in wanted.items()
        if public.endswith("num_batches_tracked") and public not in given
    }
    if differences := differing(wanted, given):
        raise FerkitError(
            f"these are not the weights of EnlightenGAN's generator ({differences}).",
            where=str(path),
            hint="It must hold what the public code saves as 200_net_G_A.pth.",
        )
    _refuse_unusable(given, path)
    generator.load_state_dict({own: given[public] for public, own in names.items()})
    return generator.eval().requires_grad_(False)


def _tensors(path: Path) -> dict[str, Tensor]:
    try:
        if _is_safetensors(path):
            loaded: object = load_file(path)
        else:
            loaded = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        # torch's own words advise to run what is in the file.
        raise FerkitError(
            "is no file of weights, or holds more than tensors; nothing in it was run.",
            where=str(path),
            hint="It must hold tensors only, as .safetensors or as a .pth state dict.",
        ) from error
    except Exception as error:  # torch's reader of old files lets any error through
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise FerkitError(
            f"can't be read as weights ({first.rstrip('.')}).",
            where=str(path),
            hint="It must hold tensors only, as .safetensors or as a .pth state dict.",
        ) from error
    given: dict[object, object] = dict(loaded) if isinstance(loaded, Mapping) else {}
    tensors = {
        str(name).removeprefix("module."): value
        for name, value in given.items()
        if isinstance(value, Tensor)
    }
    if not tensors or len(tensors) != len(given):
        raise FerkitError(
            "holds something else than tensors by name.",
            where=str(path),
            hint="It must hold what the public code saves as 200_net_G_A.pth.",
        )
    return tensors


def _is_safetensors(path: Path) -> bool:
    """By the content: a fetched file keeps no ending. JSON follows the length of the header."""
    with path.open("rb") as file:
        return file.read(9)[8:] == b"{"


def _refuse_unusable(tensors: Mapping[str, Tensor], path: Path) -> None:
    for name, value in tensors.items():
        if value.is_floating_point() and not bool(value.isfinite().all()):
            raise FerkitError(
                f"{name} holds values that are not finite.",
                where=str(path),
                hint="The file is damaged; get it again.",
            )
