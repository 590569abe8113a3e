"""The backbone `efficientnet`: the network and its weights."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ferkit.errors import FerkitError
from ferkit.foreign_weights import find_given, load_fitting
from ferkit.pickled_modules import Part, read_tensors_or_module
from ferkit.plugin import Context
from ferkit.weights import Found
from ferkit_efficientnet.names import is_torchvisions, torchvision_name
from ferkit_efficientnet.network import SCALES, EfficientNet
from ferkit_efficientnet.params import EfficientNetParams

IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))

NAME = "hsemotion"
"""Of the weights in the registry."""

HEAD = ("classifier.",)

HINT = "Check size in model.backbone; the README of ferkit_efficientnet lists the layouts."


def make_efficientnet(params: EfficientNetParams, context: Context) -> EfficientNet:
    """Factory of the component `efficientnet`.

    Raises: FerkitError: the weights do not fit, or the file is unsafe.
    """
    made = EfficientNet(SCALES[params.size], tensorflow=params.padding == "tensorflow")
    found = find_given(
        params.weights,
        params.sha256,
        folder=context.folder,
        fetched=NAME if params.fetched else None,
    )
    if found is not None:
        made.weight_notes = (load(made, found, params),)
        made.normalisation = IMAGENET if params.normalisation == "imagenet" else None
    return made


def load(network: EfficientNet, found: Found, params: EfficientNetParams) -> str:
    """Load a file into a network.

    Returns: what the report is to say of it.
    Raises: FerkitError: the file is unsafe, or of another network.
    """
    path = found.path
    tensors, parts = read_tensors_or_module(path)
    torchvisions = is_torchvisions(tensors)
    _check_padding(params, parts, torchvisions=torchvisions, path=path)
    names = {
        name: torchvision_name(name) if torchvisions else name for name in network.state_dict()
    }
    load_fitting(network, tensors, path=path, hint=HINT, unused=HEAD, names=names)
    layout = "torchvision's" if torchvisions else "timm's"
    whole = ", a whole network of which nothing was run" if parts else ""
    return (
        f"efficientnet starts from {path.name} (sha256 {found.sha256[:12]}...): "
        f"{layout} names{whole}."
    )


def _check_padding(
    params: EfficientNetParams, parts: Mapping[str, Part], *, torchvisions: bool, path: Path
) -> None:
    """Hold `padding` to what the file tells of it; a state dict with timm's names tells nothing."""
    stem = parts.get("conv_stem")
    if torchvisions:
        is_so, why = "symmetric", "torchvision's names"
    elif stem is not None:
        same = stem.kind.endswith("Same")
        is_so, why = "tensorflow" if same else "symmetric", stem.kind.rpartition(".")[2]
    else:
        return
    if params.padding != is_so:
        raise FerkitError(
            f"these weights were trained with other padding than {params.padding} ({why}).",
            where=str(path),
            hint=f"Set padding: {is_so} in model.backbone.",
        )
