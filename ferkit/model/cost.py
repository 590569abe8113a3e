"""What a network costs: parameters, and multiply-adds of one clip (paper B: B27)."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch.utils.flop_counter import FlopCounterMode

from ferkit.model.face_model import FaceModel


class Cost(NamedTuple):
    """parameters: all numbers that training may change, frozen ones included. multiply_adds: of
    one clip of `frames` frames and `regions` regions of `image_size` px, forward, of matrix
    products and convolutions; the rest is little beside them and not counted."""

    parameters: int
    multiply_adds: int
    frames: int
    regions: int
    image_size: int


def count_cost(model: FaceModel, *, frames: int, regions: int, image_size: int) -> Cost:
    """Count by running the network once on a black clip.

    torch's counter counts two operations for a multiply-add (a product and a sum); papers that
    compare networks mostly mean multiply-adds when they say FLOPs, and so do we.

    Args:
        frames: T. regions: R. image_size: side of the crops, px.
    """
    device = model.head.weight.device
    was_training = model.training
    clip = torch.zeros(1, frames, regions, 3, image_size, image_size, device=device)
    valid = torch.ones(1, frames, regions, dtype=torch.bool)
    counter = FlopCounterMode(display=False)
    model.eval()
    try:
        with torch.no_grad(), counter:
            model(clip, valid)
    finally:
        model.train(was_training)
    parameters = sum(one.numel() for one in model.parameters())
    return Cost(parameters, counter.get_total_flops() // 2, frames, regions, image_size)
