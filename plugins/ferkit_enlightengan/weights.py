"""The generator's weights: the public checkpoint's names, read safely, checked to the last one."""

from __future__ import annotations

from pathlib import Path

from ferkit.errors import FerkitError
from ferkit.known_weights import look_up
from ferkit.tensor_files import read_tensors
from ferkit.training.weights import differing
from ferkit.weights import Found, digest, find_and_hash, hold_to
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


def weights_file(given: str | None, *, sha256: str | None, folder: Path) -> Found:
    """The file to load, verified as far as that can be, and its hash.

    Args:
        given: the file that the recipe names, or None for the fetched one.
        sha256: what it must have; None: what the registry says, if it knows.
        folder: that a relative path starts from.
    Raises: FerkitError: it is not there, or is another file.
    """
    if given is None:
        try:
            found = find_and_hash(NAME)
        except FerkitError as error:
            hint = f"{error.hint} {INSTEAD}" if error.hint else INSTEAD
            raise FerkitError(error.what, where=error.where, hint=hint) from error
    else:
        path = folder / Path(given).expanduser()
        if not path.is_file():
            raise FerkitError("no such file of weights.", where=str(path), hint=INSTEAD)
        found = Found(path, digest(path))
        sha256 = sha256 or look_up(NAME).sha256
    if sha256 is not None:
        hold_to(found, sha256)
    return found


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
    given = read_tensors(path)
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
    generator.load_state_dict({own: given[public] for public, own in names.items()})
    return generator.eval().requires_grad_(False)
