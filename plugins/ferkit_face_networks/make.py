"""Factories of `ir50` and `mobilefacenet`, and how their weights are loaded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

from torch import Tensor

from ferkit.errors import FerkitError
from ferkit.foreign_weights import find_given, flip_channels, load_fitting
from ferkit.plugin import Context
from ferkit.tensor_files import read_tensors
from ferkit_face_networks import ir50, mobilefacenet
from ferkit_face_networks.names import (
    ADAFACE_LAYERS,
    EVOLVE_LAYERS,
    Rename,
    insightface_ir,
    insightface_mobile,
    listed_ir,
    paper_mobile,
    staged_ir,
)
from ferkit_face_networks.params import FaceNetworkParams, Ir50Params, MobileFaceNetParams

NATIVE = 112
"""Side of the crops that the weights are trained on, px."""

LEAST = 16

PREFIXES = ("model.", "backbone.")
"""That trainers put before all names; a file of Lightning has other networks beside it."""


class Layout(NamedTuple):
    """rename: our names to the file's. order: of the colours that its authors train with.
    embedding: beginnings of the names of the embedding's layers. whose: for messages.
    around: what some files put before the embedding's names."""

    rename: Rename
    order: Literal["rgb", "bgr"]
    embedding: tuple[str, ...]
    whose: str
    around: str = ""


def ir50_layouts(blocks: tuple[int, ...]) -> dict[str, Layout]:
    """By name, for a network of so many blocks in each stage."""
    evolve, adaface = (listed_ir(each, blocks) for each in (EVOLVE_LAYERS, ADAFACE_LAYERS))
    listed = ("output_layer.",)
    return {
        "insightface": Layout(insightface_ir, "rgb", ("bn2.", "fc.", "features."), "InsightFace"),
        "evolve": Layout(evolve, "rgb", listed, "face.evoLVe"),
        "adaface": Layout(adaface, "bgr", listed, "AdaFace"),
        "poster": Layout(staged_ir(EVOLVE_LAYERS), "rgb", listed, "POSTER"),
    }


MOBILE = {
    "paper": Layout(
        paper_mobile,
        "rgb",
        ("conv_6_dw.", "linear.", "bn."),
        "InsightFace_Pytorch",
        around="output_layer.",
    ),
    "insightface": Layout(insightface_mobile, "rgb", ("features.",), "InsightFace"),
}


def make_ir50(
    params: Ir50Params, context: Context, *, widths: ir50.Widths = ir50.FULL
) -> ir50.Ir50:
    """Factory of the component `ir50`.

    Args:
        widths: narrower ones make a small network of the same layout.
    Raises: FerkitError: the weights do not fit, or the crops are too small.
    """
    _check_size(context)
    if params.layout == "poster":
        widths = widths._replace(channels=widths.channels[:3], blocks=widths.blocks[:3])
    made = ir50.Ir50(
        ir50.KINDS[params.layout], embedding=params.embedding, drop=params.dropout, widths=widths
    )
    _load(made, "ir50", ir50_layouts(widths.blocks)[params.layout], params, context)
    return made


def make_mobilefacenet(
    params: MobileFaceNetParams, context: Context
) -> mobilefacenet.MobileFaceNet:
    """Factory of the component `mobilefacenet`.

    Raises: FerkitError: the weights do not fit, or the crops are too small.
    """
    _check_size(context)
    made = mobilefacenet.MobileFaceNet(
        mobilefacenet.KINDS[params.layout], embedding=params.embedding, dim=params.dim
    )
    _load(made, "mobilefacenet", MOBILE[params.layout], params, context)
    return made


def _check_size(context: Context) -> None:
    if 0 < context.image_size < LEAST:
        raise FerkitError(
            f"networks of face recognition need crops of at least {LEAST} px, not "
            f"{context.image_size}.",
            where="model.backbone",
        )


def _load(
    network: ir50.Ir50 | mobilefacenet.MobileFaceNet,
    name: str,
    layout: Layout,
    params: FaceNetworkParams,
    context: Context,
) -> None:
    """Load the file that the parameters name, if any, and say so in the network's notes."""
    found = find_given(params.weights, params.sha256, folder=context.folder)
    if found is None:
        return
    path, own = found.path, network.state_dict()
    names = {each: layout.rename(each) for each in own}
    tensors = _unwrapped(read_tensors(path), names[_first(own)])
    tensors = {each.removeprefix(layout.around): value for each, value in tensors.items()}
    order = layout.order if params.channel_order == "auto" else params.channel_order
    first = names[_first(own)]
    if order == "bgr" and first in tensors and tensors[first].ndim == 4:
        tensors[first] = flip_channels(tensors[first])
    load_fitting(
        network,
        tensors,
        path=path,
        hint="Check layout in model.backbone: the README of ferkit_face_networks tells them apart.",
        unused=() if params.embedding else layout.embedding,
        names=names,
    )
    if params.normalisation != "training":
        deviation = float(params.normalisation) / 255
        network.normalisation = ((0.5,) * 3, (deviation,) * 3)
    notes = [
        f"{name} starts from {path.name} (sha256 {found.sha256[:12]}...): {layout.whose}'s layout, "
        f"colours in the order {order.upper()}."
    ]
    if params.embedding and context.image_size not in (0, NATIVE):
        notes.append(
            f"{name}: the embedding of {path.name} was trained on crops of {NATIVE} px; crops here "
            f"have {context.image_size} px, and their last map is pooled to 7x7."
        )
    network.weight_notes = tuple(notes)


def _first(own: Mapping[str, Tensor]) -> str:
    """Our name of the first convolution."""
    return next(iter(own))


def _unwrapped(tensors: dict[str, Tensor], first: str) -> dict[str, Tensor]:
    """The network's tensors without a trainer's prefix; others of such a file are left out."""
    for prefix in PREFIXES:
        if first not in tensors and f"{prefix}{first}" in tensors:
            return {
                name.removeprefix(prefix): value
                for name, value in tensors.items()
                if name.startswith(prefix)
            }
    return tensors
