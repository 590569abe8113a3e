"""The backbone `vggface`: the network, its weights, and how fast its blocks learn."""

from __future__ import annotations

import torch

from ferkit.errors import FerkitError
from ferkit.foreign_weights import find_given
from ferkit.plugin import Context
from ferkit.weights import Found
from ferkit_vggface.blocks import layer_factors
from ferkit_vggface.network import FULL, GRID, Normalisation, VggFace, Widths, draw
from ferkit_vggface.params import VggFaceParams
from ferkit_vggface.weights import IDENTITIES, IMAGENET_CLASSES, Weights, read_vggface

FACES_MEAN = (129.186279296875, 104.76238250732422, 93.59396362304688)
"""Mean colour, R, G, B on the scale 0..255, of vgg_face_dag's model definition; the published
demonstrations round it to 129.1863, 104.7624, 93.5940."""

NORMALISATIONS: dict[str, Normalisation | None] = {
    # The network takes 0..255 minus the mean: a deviation of 1/255 in [0, 1] units.
    "faces": (tuple(value / 255 for value in FACES_MEAN), (1 / 255,) * 3),
    "imagenet": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    "training": None,
}

NAME = "vggface"
"""Of the weights in the registry."""

LEAST_SIZE = 32
"""Five poolings leave one pixel of it."""

SIZE = 32 * GRID


def make_vggface(params: VggFaceParams, context: Context, *, widths: Widths = FULL) -> VggFace:
    """Factory of the component `vggface`.

    Args:
        widths: narrower ones make a small network of the same layout.
    Raises: FerkitError: the weights do not fit, or the crops are too small.
    """
    if 0 < context.image_size < LEAST_SIZE:
        raise FerkitError(
            f"vggface needs crops of at least {LEAST_SIZE} px, not {context.image_size}.",
            where="model.backbone",
        )
    with torch.device("meta"):  # the weights are drawn or read below: not twice
        made = VggFace(
            fully_connected=params.fully_connected, dropout=params.dropout, widths=widths
        )
    made.to_empty(device="cpu")
    found = find_given(
        params.weights,
        params.sha256,
        folder=context.folder,
        fetched=NAME if params.fetched else None,
    )
    if found is None:
        draw(made)
        made.weight_notes = (
            "vggface starts from random weights: no file of VGG-Face's weights was given.",
        )
    else:
        made.weight_notes = load(made, found, params, image_size=context.image_size)
        made.normalisation = NORMALISATIONS[params.normalisation]
    factors = layer_factors(params.freeze, params.rates, fully_connected=params.fully_connected)
    made.rate_factors = {f"layers.{layer}": factor for layer, factor in factors.items()}
    return made


def load(
    network: VggFace, found: Found, params: VggFaceParams, *, image_size: int
) -> tuple[str, ...]:
    """Load a file into a network.

    Args:
        image_size: side of the crops, pixels; 0: not known.
    Returns: what the report is to say of it.
    Raises: FerkitError: the file is unsafe, or of another network.
    """
    path = found.path
    weights = read_vggface(path, network.layers.state_dict(), params)
    network.layers.load_state_dict(weights.tensors)
    notes = [_provenance(found, weights)]
    if weights.classes not in (None, IDENTITIES, IMAGENET_CLASSES):
        notes.append(
            f"The last layer of {path.name} has {weights.classes} ways, VGG-Face's {IDENTITIES}: "
            "these weights were trained further, or on something else."
        )
    if network.fully_connected and image_size not in (0, SIZE):
        notes.append(
            f"vggface: fc6 of {path.name} was trained on crops of {SIZE} px; crops here have "
            f"{image_size} px, and their last map is pooled to {GRID}x{GRID}."
        )
    return tuple(notes)


def _provenance(found: Found, weights: Weights) -> str:
    guessed = f" as in {weights.layout.where}" if weights.order == weights.layout.order else ""
    return (
        f"vggface starts from {found.path.name} (sha256 {found.sha256[:12]}...): "
        f"{weights.layout.name}, colours in the order {weights.order.upper()}{guessed}."
    )
