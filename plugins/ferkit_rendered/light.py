"""Light and shade: direction, normals, exposure."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from ferkit_rendered.domains import Settings
from ferkit_rendered.keyed import Draws


class Light(NamedTuple):
    """x, y, z: towards the light in view coordinates (length 1). ambient, direct: strengths.

    warm: red over blue, -1 to 1. exposure: factor of the whole picture. All (N,).
    """

    x: Tensor
    y: Tensor
    z: Tensor
    ambient: Tensor
    direct: Tensor
    warm: Tensor
    exposure: Tensor


def light_of(draws: Draws, settings: Settings) -> Light:
    """The light of each sample; constant over a clip."""
    x = draws.uniform("light x", -1.0, 1.0) * settings.side_light
    y = draws.uniform("light y", -0.75, -0.2 + 0.4 * settings.side_light)
    z = draws.uniform("light z", 0.9, 1.1) - 0.35 * torch.abs(x)
    length = torch.sqrt(x * x + y * y + z * z)
    ambient = draws.uniform("ambient", 0.5, 0.7) - 0.32 * torch.abs(x)
    loss = draws.uniform("darkness") * settings.darkness
    return Light(
        x / length,
        y / length,
        z / length,
        ambient,
        1.12 - ambient,
        draws.uniform("warm", -1.0, 1.0) * (0.04 + 0.1 * settings.darkness),
        (1.0 - loss) * draws.uniform("exposure", 0.95, 1.15),
    )


def slopes(depth: Tensor) -> tuple[Tensor, Tensor]:
    """Central differences of a map to the right and down, per pixel; copied at the borders."""
    right, down = torch.empty_like(depth), torch.empty_like(depth)
    right[:, :, 1:-1] = (depth[:, :, 2:] - depth[:, :, :-2]) * 0.5
    right[:, :, 0], right[:, :, -1] = right[:, :, 1], right[:, :, -2]
    down[:, 1:-1] = (depth[:, 2:] - depth[:, :-2]) * 0.5
    down[:, 0], down[:, -1] = down[:, 1], down[:, -2]
    return right, down


def shade(light: Light, depth: Tensor, steps: Tensor) -> Tensor:
    """Light that a surface reflects.

    Args:
        light: (N, 1, 1) each.
        depth: (N, H, W) towards the viewer, interocular units.
        steps: (N, 2, 2) output pixels per interocular unit along the view's axes, so that
            slopes per pixel become slopes in view coordinates.
    Returns: (N, H, W), 1 where the light falls straight.
    """
    right, down = slopes(depth)
    m = steps[:, :, :, None, None]
    slope_x = m[:, 0, 0] * right + m[:, 1, 0] * down
    slope_y = m[:, 0, 1] * right + m[:, 1, 1] * down
    slope_x, slope_y = slope_x.clamp_(-4.0, 4.0), slope_y.clamp_(-4.0, 4.0)
    length = torch.sqrt(slope_x * slope_x + slope_y * slope_y + 1.0)
    facing = (light.z - light.x * slope_x - light.y * slope_y) / length
    # Skin scatters: its terminator is softer than Lambert's.
    soft = facing * 0.85 + 0.15
    # Light from the sky is stronger from above.
    sky = (slope_y / length) * 0.25 + 0.9
    return light.ambient * sky + light.direct * soft.clamp_(min=0.0)
