"""YuNet over frames of any sizes."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import interpolate, pad

from ferkit.contracts.faces import Faces
from ferkit.plugin import Context
from ferkit_yunet.decode import decode_levels, one_each
from ferkit_yunet.network import STRIDES
from ferkit_yunet.params import YunetParams
from ferkit_yunet.weights import load_network

PIXELS_PER_PASS = {"cpu": 1 << 18}
"""Pixels of all frames that go through together; on a CPU more falls out of its caches."""
PIXELS_PER_PASS_ELSEWHERE = 1 << 25


class YunetDetector:
    """The face detector `yunet`.

    Args:
        params: see `YunetParams`.
        context: `device` is where the network runs.
    Raises: FerkitError: the weights are not there.
    """

    certain_score = 0.6  # scores end at about 0.95, and those of turned faces are lower

    def __init__(self, params: YunetParams, context: Context) -> None:
        self._params = params
        self._device = torch.device(context.device)
        network = load_network().to(self._device)
        self._network = network.to(memory_format=torch.channels_last)

    @torch.inference_mode()
    def detect(self, frames: Sequence[Tensor]) -> Sequence[Faces]:
        """Find faces: B frames (3, H, W) uint8 RGB of any sizes -> B results, best face first."""
        alike: dict[tuple[int, int], list[int]] = {}
        for number, frame in enumerate(frames):
            alike.setdefault((frame.shape[1], frame.shape[2]), []).append(number)
        budget = PIXELS_PER_PASS.get(self._device.type, PIXELS_PER_PASS_ELSEWHERE)
        results: dict[int, Faces] = {}
        for size, numbers in alike.items():
            seen = seen_size(size, self._params.largest_side)
            # Elsewhere the frames go through together as they are given, and are scaled there.
            height, width = seen if self._device.type == "cpu" else size
            together = max(1, budget // (height * width))
            for start in range(0, len(numbers), together):
                part = numbers[start : start + together]
                pixels = prepare_pixels([frames[number] for number in part], seen, self._device)
                stretch = (size[1] / seen[1], size[0] / seen[0])
                results.update(zip(part, self._look(pixels, stretch), strict=True))
        return [results[number] for number in range(len(frames))]

    def _look(self, pixels: Tensor, stretch: tuple[float, float]) -> list[Faces]:
        """Faces in what `prepare_pixels` made.

        Args:
            stretch: pixels of the frame as given for one of these, across and down.
        """
        found = one_each(
            decode_levels(self._network(pixels), threshold=self._params.threshold),
            overlap=self._params.overlap,
            average=self._params.average,
        )
        # Pixel centres at whole numbers: a pixel's edge, not its centre, stays where it is.
        scale = found.score.new_tensor(stretch)
        landmarks = (found.landmarks + 0.5) * scale - 0.5
        boxes = (found.box_xyxy + 0.5) * scale.repeat(2) - 0.5
        frame, score = found.frame[:, None].to(scale.dtype), found.score[:, None]
        rows = torch.cat([frame, score, boxes, landmarks.flatten(1)], 1).cpu()  # one transfer
        return [faces_of(rows[rows[:, 0] == number]) for number in range(len(pixels))]


def faces_of(rows: Tensor) -> Faces:
    """(n, 16): frame, score, box and landmarks -> the faces."""
    return Faces(rows[:, 2:6].clone(), rows[:, 6:].reshape(-1, 5, 2).clone(), rows[:, 1].clone())


def seen_size(size: tuple[int, int], largest_side: int | None) -> tuple[int, int]:
    """Height and width at which the network looks at a frame of that size."""
    if largest_side is None or max(size) <= largest_side:
        return size
    scale = largest_side / max(size)
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def prepare_pixels(frames: Sequence[Tensor], seen: tuple[int, int], device: torch.device) -> Tensor:
    """What the network gets: BGR, scaled, padded with black to whole cells, right and below.

    Args:
        frames: B of them, each (3, H, W) uint8 RGB, of one size.
        seen: height and width to scale to; each source pixel counts (antialiased).
    Returns: (B, 3, H', W') float, 0 to 255, on `device`, channels last.
    """
    scaled = [frame.to(device)[None] for frame in frames]
    if tuple(frames[0].shape[1:]) != seen:
        if device.type == "cpu":
            # As bytes, and frame by frame as they lie in memory: ten times as fast.
            scaled = [resized(frame, seen) for frame in scaled]
        else:
            scaled = [resized(torch.cat(scaled).float(), seen)]
    pixels = torch.cat(scaled).flip(1).float()
    below, right = (-side % STRIDES[-1] for side in seen)
    padded = pad(pixels, (0, right, 0, below))
    return padded.contiguous(memory_format=torch.channels_last)


def resized(frames: Tensor, size: tuple[int, int]) -> Tensor:
    """(B, 3, H, W) -> (B, 3, *size)."""
    return interpolate(frames, size=size, mode="bilinear", antialias=True)
