"""The backbone `grouped_resnet`: the network and its first weights."""

from __future__ import annotations

from pathlib import Path

import torch

from ferkit.errors import FerkitError
from ferkit.plugin import Context
from ferkit.tensor_files import read_tensors
from ferkit.training.weights import differing
from ferkit.weights import Found, digest, hold_to
from ferkit_grouped_resnet.network import GroupedResNet
from ferkit_grouped_resnet.params import GroupedResNetParams

IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
"""Mean and deviation that torchvision's ImageNet weights were trained with."""

HEAD = "fc."
"""Beginning of the names of a plain ResNet's last layer, which is not used here."""

FIRST = "conv1.weight"

LEAST_SIZE = 32
"""Pixels; one cell is left of it in the last stage."""


def make_grouped_resnet(params: GroupedResNetParams, context: Context) -> GroupedResNet:
    """Factory of the component `grouped_resnet`; the context says how many regions there are.

    Raises: FerkitError: the weights do not fit, or the crops are too small.
    """
    if 0 < context.image_size < LEAST_SIZE:
        raise FerkitError(
            f"grouped_resnet needs crops of at least {LEAST_SIZE} px, not {context.image_size}.",
            where="model.backbone",
        )
    made = GroupedResNet(
        regions=len(context.regions),
        depth=params.depth,
        width=params.width,
        form=None if params.form == "auto" else params.form,
        zero_init_residual=params.zero_init_residual,
    )
    if params.weights is None:
        made.weight_notes = ("grouped_resnet starts from random weights, others in each region.",)
        return made
    found = _file(params.weights, params.sha256, folder=context.folder)
    load_plain(made, found.path)
    made.normalisation = IMAGENET if params.normalisation == "imagenet" else None
    made.weight_notes = (
        f"grouped_resnet: every region starts from {found.path.name} "
        f"(sha256 {found.sha256[:12]}...).",
    )
    return made


def load_plain(network: GroupedResNet, path: Path) -> None:
    """Give each region the weights of one plain ResNet.

    Args:
        path: a file in torchvision's naming; its last layer is left out.
    Raises: FerkitError: it is not there, unsafe, or of another network.
    """
    given = {name: value for name, value in read_tensors(path).items() if not name.startswith(HEAD)}
    own = network.state_dict()
    # Written by old versions of torch, which did not count batches.
    given |= {k: v for k, v in own.items() if k.endswith("num_batches_tracked") and k not in given}
    one = {
        name: value.unflatten(0, (network.regions, -1))[0] if value.ndim else value
        for name, value in own.items()
    }
    differences = differing(one, given)
    if differences:
        raise FerkitError(
            f"these weights are not of a plain ResNet as wide as one region ({differences}).",
            where=str(path),
            hint=_what_to_do(network, given.get(FIRST)),
        )
    network.load_state_dict(
        {
            name: torch.cat([value] * network.regions) if value.ndim else value
            for name, value in given.items()
        }
    )


def _what_to_do(network: GroupedResNet, first: torch.Tensor | None) -> str:
    """`first`: weights of the file's first convolution, if it has one under that name."""
    width = network.channels[0]
    if first is None or first.ndim != 4 or first.shape[0] == width:
        return "Check depth in model.backbone. Weights of a run of ferkit go into 'init'."
    if first.shape[0] == network.regions * width:
        return "They look like weights of all regions: those of a run of ferkit go into 'init'."
    return (
        f"Its first layer has {first.shape[0]} channels, a region here {width}: set width: "
        f"{first.shape[0]} in model.backbone, or leave weights out."
    )


def _file(weights: str, sha256: str | None, *, folder: Path) -> Found:
    """The file, verified if it can be, and its hash."""
    path = folder / Path(weights).expanduser()
    if not path.is_file():
        raise FerkitError("no such file of weights.", where=str(path))
    found = Found(path, digest(path))
    if sha256 is not None:
        hold_to(found, sha256)
    return found
