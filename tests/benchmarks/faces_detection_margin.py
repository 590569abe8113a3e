"""How far the first two networks of `mtcnn` are off in bfloat16: a section of `faces_detection.py`.

    OMP_NUM_THREADS=1 python tests/benchmarks/faces_detection.py --section margin --count 16

Every cell of the pyramids and every crop that passes the first network goes through both, whatever
the CPU. A difference is the rough logit less the exact one; what lies too low by more than `MARGIN`
(ferkit_mtcnn/rough.py) could be a face that is missed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import torch
from ferkit_mtcnn.area import sum_rows
from ferkit_mtcnn.boxes import CELL, pixel_ranges
from ferkit_mtcnn.cut import cut, passes
from ferkit_mtcnn.networks import Network, Networks, load_networks
from ferkit_mtcnn.params import MtcnnParams
from ferkit_mtcnn.pyramid import IN_CACHE, plan_pyramid
from ferkit_mtcnn.stages import propose
from machine import table
from torch import Tensor

TOGETHER = 1 << 12
"""Columns of crops that are cut at a time."""


class Differences:
    """How many there are, the largest, the largest of those below 0, the root mean square."""

    def __init__(self) -> None:
        self._number, self._squares, self._above, self._below = 0, 0.0, 0.0, 0.0

    def add(self, more: Tensor) -> None:
        if len(more):
            self._number += len(more)
            self._squares += float(more.double().square().sum())
            self._above = max(self._above, float(more.max()))
            self._below = max(self._below, float(-more.min()))

    def told(self) -> list[str]:
        """Fields of a table."""
        if not self._number:
            return ["0", "", "", ""]
        values = max(self._above, self._below), self._below, (self._squares / self._number) ** 0.5
        return [f"{self._number:,}", *(f"{value:.3f}" for value in values)]


def compare_logits(groups: Mapping[str, Sequence[Tensor]], *, min_face: float) -> None:
    """Print the differences for groups of frames (3, H, W) uint8. min_face: smallest face, px."""
    networks = load_networks("cpu", rough=True)
    rows, everything = [], (Differences(), Differences())
    for name, frames in groups.items():
        own = (Differences(), Differences())
        for frame in frames:
            for stage, found in enumerate(differences(frame, networks, min_face=min_face)):
                own[stage].add(found)
                everything[stage].add(found)
        rows.append([name, f"{len(frames)}", *own[0].told(), *own[1].told()])
    rows.append(["all", "", *everything[0].told(), *everything[1].told()])
    each = ("largest", "too low", "rms")
    table(["pictures", "number", "cells", *each, "crops", *each], rows)
    print("\nbfloat16 logits less those in 32 bits; too low: the largest below 0.")


def noise(count: int) -> Iterator[Tensor]:
    """Frames (3, 360, 640) uint8 of noise whose grains are 1 to 64 px wide, some faint."""
    generator = torch.Generator().manual_seed(0)
    for number in range(count):
        grain = 2 ** (number % 7)
        coarse = torch.rand(1, 3, 360 // grain + 1, 640 // grain + 1, generator=generator)
        pixels = torch.nn.functional.interpolate(coarse, size=(360, 640), mode="bicubic")[0]
        strength = (1.0, 0.3)[number // 7 % 2]
        yield (255 * (0.5 + strength * (pixels - 0.5)).clamp(0, 1)).to(torch.uint8)


@torch.inference_mode()
def differences(frame: Tensor, networks: Networks, *, min_face: float) -> tuple[Tensor, Tensor]:
    """Rough less exact logits of the first two networks: of all cells, of all crops."""
    pixels = frame.permute(1, 2, 0)[None].contiguous()
    height, width = frame.shape[1:]
    sums = sum_rows(pixels, longest=-(-height // CELL) + 1)
    params, device = MtcnnParams(), torch.device("cpu")
    pyramid = plan_pyramid(
        height,
        width,
        min_face_px=min_face,
        factor=params.factor,
        tiling=IN_CACHE,
        device=device,
    )
    first = [_difference(networks.proposal, image).flatten() for image in pyramid.images(sums)]
    found = propose(sums, pyramid, networks.proposal, threshold=params.thresholds[0])
    ranges = pixel_ranges(found.boxes, height, width)
    second = []
    for chosen, taps in passes(ranges[:, 2] - ranges[:, 0], pixels=TOGETHER):
        crops = cut(sums, found.frame_of[chosen], ranges[chosen], side=24, taps=taps)
        second.append(_difference(networks.refinement, crops))
    return torch.cat(first), torch.cat([torch.zeros(0), *second])


def _difference(network: Network, pixels: Tensor) -> Tensor:
    values = network.first(pixels)
    assert network.rough is not None
    rough = network.rough.logits(network.rough.rest(values)).float()
    return rough - network.logits(network.rest(values))
