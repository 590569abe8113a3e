"""MTCNN over frames of any sizes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor

from ferkit.contracts.faces import Faces
from ferkit.errors import FerkitError
from ferkit.plugin import Context
from ferkit_mtcnn.area import Columns, Rows, plan_columns, plan_rows, resample, sum_rows
from ferkit_mtcnn.boxes import CELL, suppress_covered
from ferkit_mtcnn.near import faces_near
from ferkit_mtcnn.networks import load_networks
from ferkit_mtcnn.params import MtcnnParams
from ferkit_mtcnn.pyramid import AT_ONCE, IN_CACHE, Pyramid, plan_pyramid
from ferkit_mtcnn.rough import fast_bfloat16
from ferkit_mtcnn.stages import Passes, output, propose, refine

PIXELS_TOGETHER = 1 << 25
"""Pixels of all frames that go through a GPU together."""
LARGEST_BLOCK = 31 << 20
"""Bytes. glibc gives blocks above a threshold back to the system, and each of their pages costs
again when it is next used, in all a tenth of the time of detecting. The threshold rises to the
largest block freed so far, up to 32 MiB: one such block is made, never touched and freed."""


class MtcnnDetector:
    """The face detector `mtcnn`.

    On a CPU each frame goes through by itself, in pieces that fit into its cache; elsewhere
    frames of one size go through together.

    Args:
        params: see `MtcnnParams`.
        context: `device` is where the networks run.
    Raises: FerkitError: `half` on a CPU.
    """

    def __init__(self, params: MtcnnParams, context: Context) -> None:
        self._params = params
        self._device = torch.device(context.device)
        self._alone = self._device.type == "cpu"
        half = params.half if params.half is not None else self._device.type == "cuda"
        if half and self._alone:
            raise FerkitError(
                "16-bit floats need a GPU: on a CPU they are slower.",
                where="half",
                hint="Leave 'half' out, or run with --device cuda.",
            )
        dtype = torch.float16 if half else torch.float32
        # Other crops than in full precision, so another store.
        self.fingerprint = str(dtype).removeprefix("torch.")
        self._networks = load_networks(self._device, dtype, rough=fast_bfloat16(self._device))
        if self._alone:
            torch.empty(LARGEST_BLOCK, dtype=torch.uint8)
        self._passes = Passes(48, 16, 1 << 12) if self._alone else Passes(4096, 1024, 1 << 18)

    @torch.inference_mode()
    def detect(self, frames: Sequence[Tensor]) -> Sequence[Faces]:
        """Find faces: B frames (3, H, W) uint8 RGB -> B results, each in descending score."""
        results: dict[int, Faces] = {}
        for numbers in self._batches([(frame.shape[1], frame.shape[2]) for frame in frames]):
            alike = [frames[number].to(self._device).permute(1, 2, 0) for number in numbers]
            stacked = alike[0][None] if len(alike) == 1 else torch.stack(alike)
            results.update(zip(numbers, self._detect_alike(stacked), strict=True))
        return [results[number] for number in range(len(frames))]

    @torch.inference_mode()
    def refine(self, frames: Sequence[Tensor], boxes: Sequence[Tensor]) -> Sequence[Faces]:
        """Find faces again near where they were: for each frame at most one for each box.

        The third network alone, in the frame's own pixels: `largest_side` and the smallest face
        do not count.

        Args:
            frames: (3, H, W) uint8 RGB. boxes: of each frame, (n, 4) float32 px.
        """
        return [
            faces_near(
                frame,
                own,
                self._networks[2],
                threshold=self._params.thresholds[2],
                limits=self._passes,
                device=self._device,
            )
            for frame, own in zip(frames, boxes, strict=True)
        ]

    def _batches(self, sizes: Sequence[tuple[int, int]]) -> Iterator[list[int]]:
        """Numbers of the frames that go through together."""
        by_size: dict[tuple[int, int], list[int]] = {}
        for number, size in enumerate(sizes):
            by_size.setdefault(size, []).append(number)
        for (height, width), numbers in by_size.items():
            count = 1 if self._alone else max(1, PIXELS_TOGETHER // (height * width))
            for first in range(0, len(numbers), count):
                yield numbers[first : first + count]

    def _detect_alike(self, frames: Tensor) -> list[Faces]:
        """Detect in frames (B, H, W, 3)."""
        height, width = frames.shape[1:3]
        plan = _plan(height, width, self._params, self._device)
        if plan.shrink is not None:
            longest = -(-height // len(plan.shrink[0].share)) + 1
            sums = sum_rows(frames, longest=longest)
            frames = resample(sums, *plan.shrink).round_().to(torch.uint8)
        # The smallest image of the pyramid is 12 pixels high, all crops are larger.
        sums = sum_rows(frames, longest=-(-frames.shape[1] // CELL) + 1)
        limits, thresholds = self._passes, self._params.thresholds
        proposal, refinement, last = self._networks
        found = propose(sums, plan.pyramid, proposal, threshold=thresholds[0])
        found = refine(sums, found, refinement, threshold=thresholds[1], limits=limits)
        found, landmarks = output(sums, found, last, threshold=thresholds[2], limits=limits)
        # Pixel centres at whole numbers: a pixel's edge, not its centre, stays where it is.
        stretch = torch.tensor([width / frames.shape[2], height / frames.shape[1]])
        boxes = (found.boxes + 0.5) * stretch.repeat(2) - 0.5
        landmarks = (landmarks + 0.5) * stretch - 0.5
        results = []
        for number in range(len(frames)):
            own = (found.frame_of == number).nonzero()[:, 0]
            own = own[suppress_covered(found.boxes[own], found.scores[own], overlap=0.7)]
            results.append(Faces(boxes[own], landmarks[own], found.scores[own]))
        return results


class _Plan(NamedTuple):
    """shrink: how a frame larger than the limit is scaled down."""

    shrink: tuple[Rows, list[Columns]] | None
    pyramid: Pyramid


@lru_cache(maxsize=16)
def _plan(height: int, width: int, params: MtcnnParams, device: torch.device) -> _Plan:
    shrink = None
    limit = params.largest_side
    if limit is not None and max(height, width) > limit:
        scale = limit / max(height, width)
        tall, wide = max(1, round(height * scale)), max(1, round(width * scale))
        shrink = (
            plan_rows(height, tall, low=0, high=tall, device=device),
            plan_columns(width, wide, low=0, high=wide, device=device),
        )
        height, width = tall, wide
    pyramid = plan_pyramid(
        height,
        width,
        min_face_px=max(params.min_face_px, params.min_face_fraction * min(height, width)),
        factor=params.factor,
        tiling=IN_CACHE if device.type == "cpu" else AT_ONCE,
        device=device,
    )
    return _Plan(shrink, pyramid)
