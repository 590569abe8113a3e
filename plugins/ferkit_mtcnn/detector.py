"""MTCNN over batches of frames."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import interpolate
from torchvision.ops import batched_nms

from ferkit.contracts.faces import Faces
from ferkit.plugin import Context
from ferkit_mtcnn.boxes import (
    cell_boxes,
    pixel_ranges,
    pyramid_scales,
    shift_boxes,
    square_boxes,
    suppress_covered,
)
from ferkit_mtcnn.networks import Networks, load_networks
from ferkit_mtcnn.params import MtcnnParams

PIXELS_PER_PASS = {"cpu": 1 << 20}
"""Pixels of all frames that go through together; on a CPU more is slower, not faster."""
PIXELS_PER_PASS_ELSEWHERE = 1 << 25
CROPS_PER_PASS = 1024


class Candidates(NamedTuple):
    """boxes: (n, 4). scores: (n,). frame_of: (n,) int64."""

    boxes: Tensor
    scores: Tensor
    frame_of: Tensor

    def take(self, chosen: Tensor) -> Candidates:
        """Those at positions `chosen`, or where it is true."""
        return Candidates(self.boxes[chosen], self.scores[chosen], self.frame_of[chosen])

    def suppressed(self, overlap: float) -> Tensor:
        """Positions that non-maximum suppression within each frame keeps."""
        kept: Tensor = batched_nms(self.boxes, self.scores, self.frame_of, overlap)
        return kept


class MtcnnDetector:
    """The face detector `mtcnn`.

    Args:
        params: see `MtcnnParams`.
        context: `device` is where the networks run.
    """

    def __init__(self, params: MtcnnParams, context: Context) -> None:
        self._params = params
        self._device = torch.device(context.device)
        self._networks = load_networks(context.device)

    @torch.inference_mode()
    def detect(self, frames: Sequence[Tensor]) -> Sequence[Faces]:
        """Find faces: B frames (3, H, W) uint8 RGB -> B results, each in descending score."""
        budget = PIXELS_PER_PASS.get(self._device.type, PIXELS_PER_PASS_ELSEWHERE)
        results: list[Faces] = []
        for _, alike in itertools.groupby(frames, key=lambda frame: frame.shape):
            together = torch.stack(list(alike))
            pixels = together.shape[2] * together.shape[3]
            for part in torch.split(together, max(1, budget // max(1, pixels))):
                results.extend(self._detect_together(part))
        return results

    def _detect_together(self, frames: Tensor) -> list[Faces]:
        height, width = frames.shape[2:]
        pixels = frames.to(self._device, torch.float32, memory_format=torch.contiguous_format)
        limit = self._params.largest_side
        if limit is not None and max(height, width) > limit:
            scale = limit / max(height, width)
            small = (max(1, round(height * scale)), max(1, round(width * scale)))
            pixels = interpolate(pixels, size=small, mode="area")
        stretch = pixels.new_tensor([width / pixels.shape[3], height / pixels.shape[2]])
        found, landmarks = detect_faces(pixels, self._networks, self._params)
        # Pixel centres at whole numbers: a pixel's edge, not its centre, stays where it is.
        landmarks = ((landmarks + 0.5) * stretch - 0.5).cpu()
        boxes = ((found.boxes + 0.5) * stretch.repeat(2) - 0.5).cpu()
        scores, frame_of = found.scores.cpu(), found.frame_of.cpu()
        results = []
        for number in range(len(frames)):
            own = (frame_of == number).nonzero()[:, 0]
            own = own[torch.argsort(scores[own], descending=True, stable=True)]
            results.append(Faces(boxes[own], landmarks[own], scores[own]))
        return results


def detect_faces(
    frames: Tensor, networks: Networks, params: MtcnnParams
) -> tuple[Candidates, Tensor]:
    """All three stages.

    Args:
        frames: (B, 3, H, W) float, 0 to 255.
    Returns: faces, and their landmarks (n, 5, 2), pixels.
    """
    proposals = propose(frames, networks.proposal, params)
    if len(proposals.boxes):
        proposals = refine(frames, proposals, networks.refinement, params.thresholds[1])
    if not len(proposals.boxes):
        return proposals, frames.new_zeros(0, 5, 2)
    return output(frames, proposals, networks.output, params.thresholds[2])


def propose(
    frames: Tensor, network: Callable[[Tensor], tuple[Tensor, ...]], params: MtcnnParams
) -> Candidates:
    """First stage: a fully convolutional network over an image pyramid."""
    height, width = frames.shape[2:]
    none = frames.new_zeros(0)
    found = [Candidates(none.reshape(0, 4), none, none.long())]
    shifts = [none.reshape(0, 4)]
    for scale in pyramid_scales(
        height, width, min_face_px=params.min_face_px, factor=params.factor
    ):
        level = interpolate(
            frames, size=(int(height * scale + 1), int(width * scale + 1)), mode="area"
        )
        shift, probs = network(_scaled(level))
        frame_of, rows, columns = (probs[:, 1] >= params.thresholds[0]).nonzero(as_tuple=True)
        candidates = Candidates(
            cell_boxes(rows, columns, scale), probs[frame_of, 1, rows, columns], frame_of
        )
        kept = candidates.suppressed(0.5)
        found.append(candidates.take(kept))
        shifts.append(shift[frame_of, :, rows, columns][kept])
    merged = Candidates(*(torch.cat(columns) for columns in zip(*found, strict=True)))
    kept = merged.suppressed(0.7)
    merged = merged.take(kept)
    boxes = shift_boxes(merged.boxes, torch.cat(shifts)[kept], inclusive=False)
    return merged._replace(boxes=square_boxes(boxes))


def refine(
    frames: Tensor,
    proposals: Candidates,
    network: Callable[[Tensor], tuple[Tensor, ...]],
    threshold: float,
) -> Candidates:
    """Second stage: each candidate at 24 x 24."""
    shift, probs = _in_passes(network, cut(frames, proposals, 24))
    scored = proposals._replace(scores=probs[:, 1])
    passed = probs[:, 1] > threshold
    scored, shift = scored.take(passed), shift[passed]
    kept = scored.suppressed(0.7)
    scored = scored.take(kept)
    boxes = shift_boxes(scored.boxes, shift[kept], inclusive=True)
    return scored._replace(boxes=square_boxes(boxes))


def output(
    frames: Tensor,
    proposals: Candidates,
    network: Callable[[Tensor], tuple[Tensor, ...]],
    threshold: float,
) -> tuple[Candidates, Tensor]:
    """Third stage: each candidate at 48 x 48, with landmarks."""
    shift, points, probs = _in_passes(network, cut(frames, proposals, 48))
    scored = proposals._replace(scores=probs[:, 1])
    passed = probs[:, 1] > threshold
    scored, shift, points = scored.take(passed), shift[passed], points[passed]
    # The network answers five x, then five y, as fractions of the box; pixels counted from 1.
    extent = scored.boxes[:, 2:] - scored.boxes[:, :2] + 1
    fractions = torch.stack([points[:, :5], points[:, 5:]], 2)  # (n, 5, 2)
    landmarks = fractions * extent[:, None] + scored.boxes[:, None, :2] - 1
    scored = scored._replace(boxes=shift_boxes(scored.boxes, shift, inclusive=True))
    chosen: list[Tensor] = [scored.frame_of.new_zeros(0)]
    for number in range(len(frames)):
        own = (scored.frame_of == number).nonzero()[:, 0]
        chosen.append(own[suppress_covered(scored.boxes[own], scored.scores[own], overlap=0.7)])
    kept = torch.cat(chosen)
    return scored.take(kept), landmarks[kept]


def cut(frames: Tensor, candidates: Candidates, side: int) -> Tensor:
    """Each candidate, clipped to its frame, area-resized: (n, 3, side, side) in [-1, 1)."""
    ranges = pixel_ranges(candidates.boxes, frames.shape[2], frames.shape[3]).tolist()
    crops = [
        interpolate(frames[number, None, :, top:bottom, left:right], size=(side, side), mode="area")
        for number, (left, top, right, bottom) in zip(
            candidates.frame_of.tolist(), ranges, strict=True
        )
    ]
    return _scaled(torch.cat(crops))


def _scaled(pixels: Tensor) -> Tensor:
    return (pixels - 127.5) / 128


def _in_passes(
    network: Callable[[Tensor], tuple[Tensor, ...]], crops: Tensor
) -> tuple[Tensor, ...]:
    answers = [network(part) for part in torch.split(crops, CROPS_PER_PASS)]
    return tuple(torch.cat(parts) for parts in zip(*answers, strict=True))
