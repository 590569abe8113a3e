"""VGG-Face's weights from a file: which layout it has, and whether all of it fits."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from ferkit.errors import FerkitError
from ferkit.foreign_weights import flip_channels
from ferkit.tensor_files import read_tensors
from ferkit.training.weights import differing
from ferkit_vggface.blocks import FULLY_CONNECTED, LAST
from ferkit_vggface.foreign import refuse_foreign
from ferkit_vggface.layouts import (
    LAYOUTS,
    TENSORS,
    TORCH7,
    ChannelOrder,
    Layout,
    Recognised,
    as_matrix,
    recognise,
)
from ferkit_vggface.params import VggFaceParams
from ferkit_vggface.torch7 import is_torch7, read_torch7

IDENTITIES = 2622
"""Ways of fc8 in VGG-Face (Parkhi et al., section 4)."""

IMAGENET_CLASSES = 1000

FIRST = "conv1_1.weight"

_OWN_PREFIX = "backbone.layers."
"""Of this backbone in the weights of a run."""

README = "The README of ferkit_vggface lists the layouts."


class Weights(NamedTuple):
    """tensors: by "<layer>.<weight or bias>", float32, for RGB. order: of the colours in the
    file. layout: of the file. classes: ways of its last layer; None: it has none."""

    tensors: dict[str, Tensor]
    order: ChannelOrder
    layout: Layout
    classes: int | None


def read_vggface(path: Path, wanted: Mapping[str, Tensor], params: VggFaceParams) -> Weights:
    """The weights of a file, for the layers that are wanted.

    Args:
        path: of the file.
        wanted: a network's tensors by "<layer>.<weight or bias>"; only the shapes count.
        params: what the file is said to hold.
    Raises: FerkitError: it can't be read safely, or is not of this network; names what is
        missing, unexpected or of another shape.
    """
    refuse_foreign(path)
    given, recognised = _read(path)
    classes = _last_layer(given, recognised)
    _check_classes(classes, recognised, params, path)
    tensors = _fitting(given, recognised, wanted, path)
    order = _order(recognised, classes, params, path)
    if order == "bgr":
        tensors[FIRST] = flip_channels(tensors[FIRST])
    return Weights(tensors, order, recognised.layout, classes)


def _read(path: Path) -> tuple[dict[str, Tensor], Recognised]:
    """The tensors of a file, and what layout they have."""
    if path.is_file() and is_torch7(path):
        return read_torch7(path), Recognised(TORCH7, "")
    given = read_tensors(path)
    recognised = recognise(given)
    if recognised is None:
        raise _unknown(path, given)
    return given, recognised


def _last_layer(given: dict[str, Tensor], recognised: Recognised) -> int | None:
    """Take the layer of identities out of `given`; how many ways it had."""
    found = [given.pop(recognised.public(LAST, one), None) for one in TENSORS]
    sizes = [len(value) for value in found if value is not None and value.ndim]
    return sizes[0] if sizes else None


def _check_classes(
    classes: int | None, recognised: Recognised, params: VggFaceParams, path: Path
) -> None:
    said = f"the last layer has {classes} ways"
    if classes == IMAGENET_CLASSES and params.normalisation == "faces":
        raise FerkitError(
            f"{said}: this looks like VGG-16 trained on ImageNet, not on faces.",
            where=str(path),
            hint="To use it all the same, set normalisation: imagenet.",
        )
    if classes == IDENTITIES and params.normalisation == "imagenet":
        raise FerkitError(
            f"{said}: this is VGG-Face, and the recipe sets normalisation: imagenet.",
            where=str(path),
            hint="Leave normalisation out.",
        )
    if params.normalisation == "imagenet" and recognised.layout.order is not None:
        raise FerkitError(
            f"normalisation: imagenet is that of torchvision's weights, and this file has "
            f"{recognised.layout.name}.",
            where=str(path),
        )


def _fitting(
    given: Mapping[str, Tensor], recognised: Recognised, wanted: Mapping[str, Tensor], path: Path
) -> dict[str, Tensor]:
    """All wanted tensors by our names; the error speaks of the file's names."""
    public = {recognised.public(*name.split(".")): name for name in wanted}
    optional = {recognised.public(layer, one) for layer in FULLY_CONNECTED for one in TENSORS}
    candidates = {
        name: as_matrix(value) if name in optional else value
        for name, value in given.items()
        if name in public or name not in optional
    }
    needed = {theirs: wanted[name] for theirs, name in public.items()}
    if differences := differing(needed, candidates):
        missing = needed.keys() - candidates.keys()
        hint = f"It was read as {recognised.layout.name}. {README}"
        if missing and missing <= optional:
            hint = "For the convolutions alone set fully_connected: false."
        elif recognised.prefix == _OWN_PREFIX:
            hint = "Weights that a run of ferkit wrote are given as 'init', beside the model."
        raise FerkitError(
            f"these are not VGG-Face's weights ({differences}).", where=str(path), hint=hint
        )
    return {name: candidates[theirs].to(torch.float32) for theirs, name in public.items()}


def _order(
    recognised: Recognised, classes: int | None, params: VggFaceParams, path: Path
) -> ChannelOrder:
    if params.channel_order != "auto":
        return params.channel_order
    if recognised.layout.order is not None:
        return recognised.layout.order
    if classes == IMAGENET_CLASSES:
        return "rgb"
    raise FerkitError(
        f"a file with {recognised.layout.name} may expect colours in either order.",
        where=str(path),
        hint="Set channel_order: rgb if it was made from vgg_face_dag.pth, bgr if from "
        "VGG_FACE.t7 or the Caffe model.",
    )


def _unknown(path: Path, given: Mapping[str, Tensor]) -> FerkitError:
    names = list(given)
    shown = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
    firsts = ", ".join(layout.stems["conv1_1"] for layout in LAYOUTS)
    return FerkitError(
        f"no layout of VGG-Face's weights has such names ({shown}).",
        where=str(path),
        hint=f"The first layer is one of {firsts}. {README}",
    )
