"""The three stages of MTCNN over frames of one size."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from ferkit_mtcnn.boxes import pixel_ranges, shift_boxes, square_boxes, suppress_overlapping
from ferkit_mtcnn.cut import cut, passes
from ferkit_mtcnn.networks import Network
from ferkit_mtcnn.pyramid import Pyramid


class Candidates(NamedTuple):
    """boxes: (n, 4) float32. scores: (n,) float32. frame_of: (n,) int64."""

    boxes: Tensor
    scores: Tensor
    frame_of: Tensor


class Passes(NamedTuple):
    """How much goes through at a time.

    refinement, output: crops through the second and the third network. pixels: columns that
    are read to cut crops; many crops at a time are cut faster.
    """

    refinement: int
    output: int
    pixels: int


def propose(sums: Tensor, pyramid: Pyramid, network: Network, *, threshold: float) -> Candidates:
    """First stage: a fully convolutional network over the pyramid."""
    frame_of, cells, found = _promising(sums, pyramid, network, threshold=logit(threshold))
    scores = found[:, 0].sigmoid()
    boxes, level = pyramid.locate(cells)
    kept = suppress_overlapping(boxes, scores, frame_of * pyramid.levels + level, 0.5)
    kept = kept[suppress_overlapping(boxes[kept], scores[kept], frame_of[kept], 0.7)]
    shifted = shift_boxes(boxes[kept], found[kept, 1:5], inclusive=False)
    return Candidates(square_boxes(shifted), scores[kept], frame_of[kept])


def _promising(
    sums: Tensor, pyramid: Pyramid, network: Network, *, threshold: float
) -> tuple[Tensor, Tensor, Tensor]:
    """Frames, numbers and answers (n, answers) of the cells whose logit is at least `threshold`."""
    if not pyramid.tiles:
        none = pyramid.first_cell
        return none, none, sums.new_zeros(0, len(network.head.weight), dtype=torch.float32)
    tiles = (network.features(image) for image in pyramid.images(sums))
    if sums.device.type != "cpu":  # waiting once for the GPU takes less time than answering less
        answers = torch.cat([network.answer(features) for features in tiles], 1)
        frame_of, cells = (answers[..., 0] >= threshold).nonzero(as_tuple=True)
        return frame_of, cells, answers[frame_of, cells]
    found = []
    for first_cell, features in zip(pyramid.first_cell, tiles, strict=True):
        frame_of, cells = (network.logits(features) >= threshold).nonzero(as_tuple=True)
        found.append((frame_of, cells + first_cell, network.answer(features[frame_of, cells])))
    frames, numbers, answered = (torch.cat(parts) for parts in zip(*found, strict=True))
    return frames, numbers, answered


def refine(
    sums: Tensor, proposals: Candidates, network: Network, *, threshold: float, limits: Passes
) -> Candidates:
    """Second stage: each candidate at 24 x 24."""
    answer = _answers(
        sums, proposals, network, side=24, together=limits.refinement, pixels=limits.pixels
    )
    passed = (answer[:, 0] > logit(threshold)).nonzero()[:, 0]
    answer, boxes, frame_of = answer[passed], proposals.boxes[passed], proposals.frame_of[passed]
    scores = answer[:, 0].sigmoid()
    kept = suppress_overlapping(boxes, scores, frame_of, 0.7)
    shifted = shift_boxes(boxes[kept], answer[kept, 1:5], inclusive=True)
    return Candidates(square_boxes(shifted), scores[kept], frame_of[kept])


def output(
    sums: Tensor, proposals: Candidates, network: Network, *, threshold: float, limits: Passes
) -> tuple[Candidates, Tensor]:
    """Third stage: each candidate at 48 x 48, with landmarks.

    Returns: on the CPU, faces that may cover each other, and their landmarks (n, 5, 2).
    """
    answer = _answers(
        sums, proposals, network, side=48, together=limits.output, pixels=limits.pixels
    )
    # The landmarks are five x, then five y, as fractions of the box; pixels counted from 1.
    extent = proposals.boxes[:, 2:] - proposals.boxes[:, :2] + 1
    fractions = answer[:, 5:15].reshape(-1, 2, 5).transpose(1, 2)  # (n, 5, 2)
    landmarks = fractions * extent[:, None] + proposals.boxes[:, None, :2] - 1
    boxes = shift_boxes(proposals.boxes, answer[:, 1:5], inclusive=True)
    numbers = torch.cat([answer[:, :1], boxes, landmarks.flatten(1)], 1)
    # Doubles, so that frame numbers are exact: all goes to the CPU in one piece.
    merged = torch.cat([numbers.double(), proposals.frame_of[:, None].double()], 1).cpu()
    merged = merged[merged[:, 0] > logit(threshold)]
    faces = Candidates(merged[:, 1:5].float(), merged[:, 0].sigmoid().float(), merged[:, 15].long())
    return faces, merged[:, 5:15].float().reshape(-1, 5, 2)


def logit(score: float) -> float:
    """What a network answers before its sigmoid; infinite for 0 and 1."""
    return float(torch.logit(torch.tensor(score, dtype=torch.float64)))


def _answers(
    sums: Tensor, candidates: Candidates, network: Network, *, side: int, together: int, pixels: int
) -> Tensor:
    """The network's answers (n, answers) float32 for candidates cut to `side`."""
    answers = candidates.boxes.new_empty(len(candidates.boxes), len(network.head.weight))
    ranges = pixel_ranges(candidates.boxes, sums.shape[1] - 1, sums.shape[2] // 3)
    for chosen, taps in passes(ranges[:, 2] - ranges[:, 0], pixels=pixels):
        crops = cut(sums, candidates.frame_of[chosen], ranges[chosen], side=side, taps=taps)
        parts = [network.answer(network.features(part)) for part in torch.split(crops, together)]
        answers[chosen] = torch.cat(parts)
    return answers
