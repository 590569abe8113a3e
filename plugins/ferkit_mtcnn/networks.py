"""The three networks with their weights, from the facenet-pytorch package."""

from __future__ import annotations

from importlib.resources import as_file, files
from typing import NamedTuple

import torch
from facenet_pytorch.models.mtcnn import ONet, PNet, RNet
from torch import nn

from ferkit.errors import FerkitError


class Networks(NamedTuple):
    """Proposal, refinement and output network, in evaluation mode, without gradients.

    Each takes (B, 3, h, w) in [-1, 1). proposal -> box shifts (B, 4, h', w'), probabilities
    (B, 2, h', w'). refinement: 24 x 24 -> (B, 4), (B, 2). output: 48 x 48 -> (B, 4), landmarks
    (B, 10), (B, 2).
    """

    proposal: nn.Module
    refinement: nn.Module
    output: nn.Module


def load_networks(device: str) -> Networks:
    """Build the networks on `device`.

    Raises: FerkitError: the installed facenet-pytorch lacks its weights.
    """
    made = []
    for network, name in ((PNet, "pnet.pt"), (RNet, "rnet.pt"), (ONet, "onet.pt")):
        module = network(pretrained=False)
        try:
            with as_file(files("facenet_pytorch") / "data" / name) as path:
                weights = torch.load(path, map_location="cpu", weights_only=True)
        except FileNotFoundError as error:
            raise FerkitError(
                f"the installed facenet-pytorch lacks its weights '{name}'.",
                hint="Install facenet-pytorch 2.5.3 again.",
            ) from error
        module.load_state_dict(weights)
        made.append(module.eval().requires_grad_(False).to(device))
    return Networks(*made)
