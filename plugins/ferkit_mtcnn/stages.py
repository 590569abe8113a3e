"""The three stages of MTCNN over frames of one size."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, inf

from ferkit_mtcnn.boxes import pixel_ranges, shift_boxes, square_boxes, suppress_overlapping
from ferkit_mtcnn.cut import cut, passes
from ferkit_mtcnn.networks import Network
from ferkit_mtcnn.pyramid import Pyramid
from ferkit_mtcnn.rough import (
    CELLS_TOGETHER,
    CROPS_TOGETHER,
    MARGIN,
    WORTH_IT,
    filled_up,
    seen_by,
)


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
    if sums.device.type != "cpu":  # waiting once for the GPU takes less time than answering less
        tiles = (network.features(image) for image in pyramid.images(sums))
        answers = torch.cat([network.answer(features) for features in tiles], 1)
        frame_of, cells = (answers[..., 0] >= threshold).nonzero(as_tuple=True)
        return frame_of, cells, answers[frame_of, cells]
    found, near = [], []
    for first_cell, image in zip(pyramid.first_cell, pyramid.images(sums), strict=True):
        values = network.first(image)
        if network.rough is None or values[0, 0].numel() < WORTH_IT:
            features = network.rest(values)
            frame_of, cells = (network.logits(features) >= threshold).nonzero(as_tuple=True)
            found.append((frame_of, cells + first_cell, features[frame_of, cells]))
        else:
            rough = network.rough.logits(network.rough.rest(values))
            frame_of, cells = (rough >= threshold - MARGIN).nonzero(as_tuple=True)
            near.append((frame_of, cells + first_cell, seen_by(values, frame_of, cells)))
    if near:
        frames, numbers, seen = zip(*near, strict=True)
        exact = network.rest(filled_up(list(seen), multiple=CELLS_TOGETHER))[:, 0]
        cells = torch.cat(numbers)
        found.append((torch.cat(frames), cells, exact[: len(cells)]))
    frame_of, cells, features = (torch.cat(parts) for parts in zip(*found, strict=True))
    answers = network.answer(features)
    passed = (answers[:, 0] >= threshold).nonzero()[:, 0]
    return frame_of[passed], cells[passed], answers[passed]


def refine(
    sums: Tensor, proposals: Candidates, network: Network, *, threshold: float, limits: Passes
) -> Candidates:
    """Second stage: each candidate at 24 x 24."""
    least = logit(threshold)
    answer = _answers(sums, proposals, network, side=24, threshold=least, limits=limits)
    passed = (answer[:, 0] > least).nonzero()[:, 0]
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
    least = logit(threshold)
    answer = _answers(sums, proposals, network, side=48, threshold=least, limits=limits)
    # The landmarks are five x, then five y, as fractions of the box; pixels counted from 1.
    extent = proposals.boxes[:, 2:] - proposals.boxes[:, :2] + 1
    fractions = answer[:, 5:15].reshape(-1, 2, 5).transpose(1, 2)  # (n, 5, 2)
    landmarks = fractions * extent[:, None] + proposals.boxes[:, None, :2] - 1
    boxes = shift_boxes(proposals.boxes, answer[:, 1:5], inclusive=True)
    numbers = torch.cat([answer[:, :1], boxes, landmarks.flatten(1)], 1)
    # Doubles, so that frame numbers are exact: all goes to the CPU in one piece.
    merged = torch.cat([numbers.double(), proposals.frame_of[:, None].double()], 1).cpu()
    merged = merged[merged[:, 0] > least]
    faces = Candidates(merged[:, 1:5].float(), merged[:, 0].sigmoid().float(), merged[:, 15].long())
    return faces, merged[:, 5:15].float().reshape(-1, 5, 2)


def logit(score: float) -> float:
    """What a network answers before its sigmoid; infinite for 0 and 1."""
    return float(torch.logit(torch.tensor(score, dtype=torch.float64)))


def _answers(
    sums: Tensor,
    candidates: Candidates,
    network: Network,
    *,
    side: int,
    threshold: float,
    limits: Passes,
) -> Tensor:
    """The network's answers (n, answers) float32 for candidates cut to `side`.

    All -inf for those that a rough look is sure of that their logit misses the threshold.
    """
    together = limits.refinement if side == 24 else limits.output
    answers = candidates.boxes.new_full((len(candidates.boxes), len(network.head.weight)), -inf)
    ranges = pixel_ranges(candidates.boxes, sums.shape[1] - 1, sums.shape[2] // 3)
    near, seen = [], []
    for chosen, taps in passes(ranges[:, 2] - ranges[:, 0], pixels=limits.pixels):
        crops = cut(sums, candidates.frame_of[chosen], ranges[chosen], side=side, taps=taps)
        for part, places in zip(
            torch.split(crops, together), torch.split(chosen, together), strict=True
        ):
            if network.rough is None:
                answers[places] = network.answer(network.features(part))
                continue
            values = network.first(part)
            rough = network.rough.logits(network.rough.rest(values))
            hits = (rough >= threshold - MARGIN).nonzero()[:, 0]
            near.append(places[hits])
            seen.append(values[hits])
    if near:
        places = torch.cat(near)
        exact = network.rest(filled_up(seen, multiple=CROPS_TOGETHER))
        answers[places] = network.answer(exact[: len(places)])
    return answers
