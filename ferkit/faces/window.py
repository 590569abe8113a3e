"""The part of a frame around a face, cut out and shrunk for a detector."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from ferkit.contracts.faces import Faces
from ferkit.faces.linking import Box

STEP = 8
"""Sides of windows are multiples of it, where the frame is large enough."""
SHRINKS_PER_OCTAVE = 4
"""Windows are shrunk by steps, so that there are few sizes: detectors keep plans for each."""


class Window(NamedTuple):
    """A rectangle of whole pixels of a frame, and the size at which it is shown.

    left, top, width, height: in the frame. shown_width, shown_height: never larger.
    """

    left: int
    top: int
    width: int
    height: int
    shown_width: int
    shown_height: int


def place_window(box: Box, *, grow: float, face_px: float, height: int, width: int) -> Window:
    """The square around a box that is grown on every side, pushed into the frame.

    Args:
        box: of the face, pixels; its longer side counts.
        grow: margin, fraction of that side.
        face_px: a larger face is shrunk to this, or up to a fifth more, pixels.
        height, width: of the frame; a larger window is cut off.
    """
    face = max(1.0, box[2] - box[0], box[3] - box[1])
    octaves = math.log2(max(1.0, face / face_px))
    shrink = 2.0 ** (math.floor(octaves * SHRINKS_PER_OCTAVE) / SHRINKS_PER_OCTAVE)
    shown = math.ceil(face / shrink * (1 + 2 * grow) / STEP) * STEP
    side = max(1, round(shown * shrink))
    left, own_width = _within(box[0], box[2], side, width)
    top, own_height = _within(box[1], box[3], side, height)
    return Window(
        left,
        top,
        own_width,
        own_height,
        max(1, round(own_width / shrink)),
        max(1, round(own_height / shrink)),
    )


def _within(first: float, last: float, side: int, length: int) -> tuple[int, int]:
    side = min(side, length)
    start = round((first + last) / 2 - (side - 1) / 2)
    return min(max(0, start), length - side), side


def cut_window(frame: Tensor, window: Window) -> Tensor:
    """(3, H, W) uint8 -> (3, shown_height, shown_width) uint8; means over areas where shrunk."""
    left, top, width, height, shown_width, shown_height = window
    part = frame[:, top : top + height, left : left + width]
    if (shown_height, shown_width) == (height, width):
        return part
    # On a CPU bytes are resized eight times as fast as floats; elsewhere they can't be.
    pixels = part[None] if frame.device.type == "cpu" else part[None].to(torch.float32)
    size = (shown_height, shown_width)
    small = interpolate(pixels, size=size, mode="bilinear", antialias=True)[0]
    return small if small.dtype == torch.uint8 else small.round_().clamp_(0, 255).to(torch.uint8)


def in_frame(faces: Faces, window: Window, *, height: int, width: int) -> Faces:
    """Faces in pixels of a window -> in pixels of its frame (height, width).

    Those that a side of the window cuts, and not a side of the frame, are left out: there is
    more of them than the detector saw.
    """
    boxes = faces.box_xyxy
    whole = torch.ones(len(boxes), dtype=torch.bool)
    if window.left > 0:
        whole &= boxes[:, 0] > 0
    if window.top > 0:
        whole &= boxes[:, 1] > 0
    if window.left + window.width < width:
        whole &= boxes[:, 2] < window.shown_width - 1
    if window.top + window.height < height:
        whole &= boxes[:, 3] < window.shown_height - 1
    stretch = boxes.new_tensor(
        [window.width / window.shown_width, window.height / window.shown_height]
    )
    shift = (stretch - 1) / 2 + boxes.new_tensor([window.left, window.top])
    return Faces(
        boxes[whole] * stretch.repeat(2) + shift.repeat(2),
        faces.landmarks[whole] * stretch + shift,
        faces.score[whole],
    )
