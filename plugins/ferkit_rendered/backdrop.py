"""What stands behind the person: a wall, light falling on it, and things out of focus."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from ferkit_rendered.camera import sine_cosine
from ferkit_rendered.domains import Settings
from ferkit_rendered.keyed import Draws
from ferkit_rendered.raster import LATTICE, cover, over, texture

THINGS = 4


class Backdrop(NamedTuple):
    """wall, clothes: (N, 3) linear. fade_x, fade_y, grain, contrast: (N,).
    table: (N, LATTICE^2). The rest describe `THINGS` shapes, (N, THINGS), as fractions of
    the frame's side; colour (N, THINGS, 3); square: 1 a box, 0 an ellipse.
    """

    wall: Tensor
    clothes: Tensor
    fade_x: Tensor
    fade_y: Tensor
    grain: Tensor
    contrast: Tensor
    table: Tensor
    x: Tensor
    y: Tensor
    half_x: Tensor
    half_y: Tensor
    sine: Tensor
    cosine: Tensor
    square: Tensor
    colour: Tensor


def muted_colour(draws: Draws, name: str, low: float, high: float) -> Tensor:
    """A grey with a little colour, linear RGB: (..., 3)."""
    grey = draws.uniform(name, low, high)
    tints = [draws.uniform(f"{name} {part}", -0.05, 0.05) for part in "rgb"]
    shade = torch.stack([grey * (1.0 + 1.5 * tint) for tint in tints], dim=-1).clamp(0.02, 0.98)
    return shade * shade


def backdrop_of(draws: Draws, settings: Settings) -> Backdrop:
    """The surroundings of each sample; they stand still in clips."""
    places = torch.arange(THINGS, device=draws.key.device)
    each = Draws(draws.named("thing")[:, None]).child("each", places)  # keys (N, THINGS)
    sine, cosine = sine_cosine(each.uniform("angle", -50.0, 50.0))
    return Backdrop(
        wall=muted_colour(draws, "wall", 0.25, 0.9),
        clothes=muted_colour(draws, "clothes", 0.08, 0.85),
        fade_x=draws.uniform("fade x", -0.5, 0.5),
        fade_y=draws.uniform("fade y", -0.5, 0.5),
        grain=draws.uniform("grain", 0.02, 0.25),
        contrast=draws.uniform("contrast", 0.4, 1.0) * settings.clutter,
        table=draws.table("wall", LATTICE * LATTICE),
        x=each.uniform("x"),
        y=each.uniform("y", 0.0, 0.9),
        half_x=each.uniform("half x", 0.05, 0.28),
        half_y=each.uniform("half y", 0.05, 0.28),
        sine=sine,
        cosine=cosine,
        square=each.chance("square", 0.6).to(torch.float32),
        colour=muted_colour(each, "colour", 0.05, 0.95),
    )


def paint_backdrop(back: Backdrop, x: Tensor, y: Tensor, pixel: Tensor) -> Tensor:
    """The picture without the person.

    Args:
        back: (N, 1, 1) each; shapes (N, THINGS, 1, 1).
        x, y: (N, H, W) places as fractions of the frame's side.
        pixel: (N, 1, 1) side of a pixel in the same unit.
    Returns: (N, 3, H, W) linear RGB.
    """
    tone = 1.0 + back.fade_x * (x - 0.5) + back.fade_y * (y - 0.5)
    tone = tone + texture(back.table, x * 7.0, y * 7.0) * (back.grain * (0.25 + back.contrast))
    image = back.wall * tone.clamp_(min=0.1)[:, None]
    soft = pixel * 1.5 + 0.02
    for place in range(THINGS):
        dx, dy = x - back.x[:, place], y - back.y[:, place]
        sine, cosine = back.sine[:, place], back.cosine[:, place]
        a = torch.abs(cosine * dx + sine * dy) / back.half_x[:, place]
        b = torch.abs(cosine * dy - sine * dx) / back.half_y[:, place]
        box = torch.maximum(a, b)
        oval = torch.sqrt(a * a + b * b)
        q = oval + (box - oval) * back.square[:, place]
        distance = (q - 1.0) * torch.minimum(back.half_x[:, place], back.half_y[:, place])
        image = over(image, back.colour[:, place], cover(distance, soft) * back.contrast)
    return image
