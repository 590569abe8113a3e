"""Where a head stands before the camera, and which of its points a pixel shows.

View coordinates: x right, y down, interocular distance = 1, the head's tilt in the image
plane (roll) undone, origin at the projection of the head's pivot.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from ferkit_rendered.domains import Settings
from ferkit_rendered.form import Form
from ferkit_rendered.geometry import coarse_height
from ferkit_rendered.keyed import Draws

PIVOT_Z = 0.35
"""Height, in face coordinates, of the point the head turns about."""

_RADIANS = 0.017453292519943295
_STEPS = 4


class Pose(NamedTuple):
    """(N,) each: angles in degrees, the pivot in raw pixels, pixels per interocular distance."""

    yaw: Tensor
    pitch: Tensor
    roll: Tensor
    x: Tensor
    y: Tensor
    scale: Tensor


class Turn(NamedTuple):
    """Sine and cosine of the three angles."""

    sin_yaw: Tensor
    cos_yaw: Tensor
    sin_pitch: Tensor
    cos_pitch: Tensor
    sin_roll: Tensor
    cos_roll: Tensor


def sine_cosine(degrees: Tensor) -> tuple[Tensor, Tensor]:
    """By their series, exact to 5e-6 up to 60 degrees; see `keyed` for why."""
    a = degrees * _RADIANS
    q = a * a
    sine = a * (1.0 - q * (1 / 6) * (1.0 - q * (1 / 20) * (1.0 - q * (1 / 42))))
    cosine = 1.0 - q * 0.5 * (1.0 - q * (1 / 12) * (1.0 - q * (1 / 30) * (1.0 - q * (1 / 56))))
    return sine, cosine


def turn_of(pose: Pose) -> Turn:
    """The rotation of a pose."""
    return Turn(*sine_cosine(pose.yaw), *sine_cosine(pose.pitch), *sine_cosine(pose.roll))


def pose_at(
    draws: Draws, settings: Settings, *, frame_size: int, time: Tensor, length: int
) -> Pose:
    """Pose of each frame; in clips the head drifts about the sample's own pose.

    Args:
        draws: of the samples, (N,).
        settings: of the domain.
        frame_size: side of the raw frame, pixels.
        time: (N,) frame numbers.
        length: frames of the clip.
    """
    sway = 0.0 if length == 1 else 0.3

    def angle(name: str, most: float) -> Tensor:
        still = draws.uniform(name, -1.0, 1.0) * (1.0 - sway)
        return (still + draws.smooth(name + " sway", time, 9.0) * sway) * most

    wander = min(0.06, 0.003 * settings.roll)
    side = float(frame_size)

    def place(name: str) -> Tensor:
        still = draws.uniform(name, -1.0, 1.0)
        return (still + draws.smooth(name + " sway", time, 9.0) * sway) * (wander * side)

    scale = draws.uniform("scale", 0.205, 0.25) * side
    return Pose(
        angle("yaw", settings.yaw),
        angle("pitch", settings.pitch),
        angle("roll", settings.roll),
        place("x") + 0.5 * (side - 1.0),
        place("y") + 0.43 * (side - 1.0),
        scale,
    )


def rotate(turn: Turn, u: Tensor, v: Tensor, z: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Face to view coordinates: x, y and the depth towards the viewer."""
    z = z - PIVOT_Z
    x = turn.cos_yaw * u + turn.sin_yaw * z
    z = turn.cos_yaw * z - turn.sin_yaw * u
    return x, turn.cos_pitch * v - turn.sin_pitch * z, turn.sin_pitch * v + turn.cos_pitch * z


def plane_point(turn: Turn, x: Tensor, y: Tensor, z: Tensor | float) -> tuple[Tensor, Tensor]:
    """The point at height z of face coordinates that shows at a view point."""
    depth = z - PIVOT_Z
    u = (x - turn.sin_yaw * depth) / turn.cos_yaw
    depth = turn.cos_yaw * depth - turn.sin_yaw * u
    return u, (y + turn.sin_pitch * depth) / turn.cos_pitch


def surface_point(form: Form, turn: Turn, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The point of the face that shows at a view point, by fixed-point steps.

    Returns: u, v in face coordinates and the coarse height there.
    """
    z = coarse_height(form, x, y)
    for _ in range(_STEPS - 1):
        u, v = plane_point(turn, x, y, z)
        z = (coarse_height(form, u, v) + z) * 0.5
    u, v = plane_point(turn, x, y, z)
    return u, v, coarse_height(form, u, v)


def to_raw(pose: Pose, turn: Turn, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """View coordinates to raw pixels."""
    return (
        pose.x + pose.scale * (turn.cos_roll * x - turn.sin_roll * y),
        pose.y + pose.scale * (turn.sin_roll * x + turn.cos_roll * y),
    )


def to_view(pose: Pose, turn: Turn, raw_x: Tensor, raw_y: Tensor) -> tuple[Tensor, Tensor]:
    """Raw pixels to view coordinates."""
    x, y = (raw_x - pose.x) / pose.scale, (raw_y - pose.y) / pose.scale
    return turn.cos_roll * x + turn.sin_roll * y, turn.cos_roll * y - turn.sin_roll * x


class Grid(NamedTuple):
    """The pixels to draw, and how big they are.

    raw_x, raw_y: (N, H, W) centre of each pixel in raw pixels.
    inverse: (N, 2, 2) raw pixels per output pixel.
    pixel: (N, 1, 1) side of an output pixel in raw pixels, from the area.
    """

    raw_x: Tensor
    raw_y: Tensor
    inverse: Tensor
    pixel: Tensor


def grid_of(transforms: Tensor, height: int, width: int) -> Grid:
    """Pixels of crops.

    Args:
        transforms: (N, 2, 3) raw pixels -> output pixels.
        height, width: of the output.
    """
    a, b, c = transforms[:, 0, 0], transforms[:, 0, 1], transforms[:, 0, 2]
    d, e, f = transforms[:, 1, 0], transforms[:, 1, 1], transforms[:, 1, 2]
    area = a * e - b * d
    inverse = torch.stack([e / area, -b / area, -d / area, a / area], dim=1)
    x = torch.arange(width, dtype=torch.float32, device=transforms.device)[None, None, :]
    y = torch.arange(height, dtype=torch.float32, device=transforms.device)[None, :, None]
    x, y = x - c[:, None, None], y - f[:, None, None]  # (N, 1, W), (N, H, 1)
    m = inverse[:, :, None, None]  # (N, 4, 1, 1)
    return Grid(
        m[:, 0] * x + m[:, 1] * y,
        m[:, 2] * x + m[:, 3] * y,
        inverse.reshape(-1, 2, 2),
        (1.0 / torch.sqrt(torch.abs(area)))[:, None, None],
    )
