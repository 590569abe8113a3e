"""What gets in the way: hands, things, glasses."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from ferkit_rendered.backdrop import muted_colour
from ferkit_rendered.camera import Turn, plane_point, sine_cosine
from ferkit_rendered.domains import Settings
from ferkit_rendered.identity import Identity
from ferkit_rendered.keyed import Draws
from ferkit_rendered.raster import capsule, cover, over
from ferkit_rendered.site import Site

_FINGERS = ((-0.27, 0.62, 0.085), (-0.09, 0.78, 0.09), (0.09, 0.74, 0.09), (0.26, 0.56, 0.08))
"""Across, along and radius of each finger on a hand of unit size."""


class Occluder(NamedTuple):
    """shown, hand: (N,) 0 or 1. x, y: its tip in view coordinates. sine, cosine: of the
    direction it comes from. size: (N,). colour: (N, 3) of a thing. spread: of the fingers.
    """

    shown: Tensor
    hand: Tensor
    x: Tensor
    y: Tensor
    sine: Tensor
    cosine: Tensor
    size: Tensor
    spread: Tensor
    colour: Tensor


def occluder_of(draws: Draws, settings: Settings, time: Tensor) -> Occluder:
    """What covers part of each face: half of the time a hand; it drifts in clips.

    It comes from a random direction below or beside the face and reaches in as far as a
    place between the outline and the mouth, an eye or a brow.
    """
    angle = draws.uniform("direction", -115.0, 115.0)
    # Beyond what the series of sine_cosine is good for: halve, then double the angle.
    half_sine, half_cosine = sine_cosine(angle * 0.5)
    sine = 2.0 * half_sine * half_cosine
    cosine = half_cosine * half_cosine - half_sine * half_sine
    depth = draws.uniform("depth", 0.35, 1.0)
    drift = 0.12 * draws.smooth("drift", time, 9.0)
    return Occluder(
        draws.chance("occluded", settings.occluders).to(torch.float32),
        draws.chance("hand", 0.5).to(torch.float32),
        (depth + drift) * sine * 0.95,
        0.35 + (depth + drift) * cosine * 1.1,
        sine,
        cosine,
        draws.uniform("occluder size", 0.8, 1.2),
        draws.uniform("spread", 0.9, 1.5),
        muted_colour(draws, "occluder", 0.05, 0.9),
    )


def paint_hand(image: Tensor, who: Identity, what: Occluder, site: Site, lit: Tensor) -> Tensor:
    """A hand of the subject's own skin, fingertips towards the face."""
    across, along = _frame(what, site)
    size = what.size
    image_mask = site.x * 0.0
    bulge = site.x * 0.0
    zero = what.size * 0.0
    for place, (offset, length, radius) in enumerate(_FINGERS):
        tip_lag = (0.78 - length) * size
        base = what.spread * 0.0 + offset * size * 0.95
        tip = offset * size * what.spread
        distance = capsule(
            across - tip, along - tip_lag, base - tip, 0.8 * size - tip_lag, radius * size
        )
        mask = cover(distance, site.edge)
        depth = (-distance / (radius * size)).clamp(0.0, 1.0)
        # A dark seam parts neighbouring fingers.
        seam = 0.55 + 0.45 * depth
        bulge = torch.where(mask > 0.5, seam, bulge) if place else torch.maximum(bulge, seam * mask)
        image_mask = torch.maximum(image_mask, mask)
    palm = capsule(across, along - 1.05 * size, zero, zero + 0.5, 0.42 * size)
    wrist = capsule(across, along - 1.2 * size, zero, zero + 3.0, 0.30 * size)
    body = torch.minimum(palm, wrist)
    palm_shade = 0.72 + 0.28 * (-body / (0.4 * size)).clamp(0.0, 1.0)
    inside = cover(body, site.edge)
    shade = bulge + (palm_shade - bulge) * inside
    mask = torch.maximum(image_mask, inside)
    return over(image, who.skin * (shade * (0.35 + 0.6 * lit))[:, None], mask * what.shown)


def paint_thing(image: Tensor, what: Occluder, site: Site, lit: Tensor) -> Tensor:
    """Something with a straight edge: a cup, a telephone, a scarf."""
    across, along = _frame(what, site)
    half = 0.45 * what.size
    distance = torch.maximum(torch.abs(across) - half, -along)
    rounded = 0.8 + 0.2 * (1.0 - (across / half) * (across / half)).clamp(0.0, 1.0)
    stripe = torch.where(torch.abs(along - 0.35) < 0.09, 0.7, 1.0)
    mask = cover(distance, site.edge) * what.shown
    return over(image, what.colour * (rounded * stripe * (0.4 + 0.6 * lit))[:, None], mask)


def _frame(what: Occluder, site: Site) -> tuple[Tensor, Tensor]:
    """Coordinates across and along an occluder, from its tip away from the face."""
    dx, dy = site.x - what.x, site.y - what.y
    return what.cosine * dx - what.sine * dy, what.sine * dx + what.cosine * dy


def paint_glasses(image: Tensor, who: Identity, site: Site, turn: Turn) -> Tensor:
    """Frames, a bridge, arms; clear, tinted or dark lenses."""
    u, v = plane_point(turn, site.x, site.y, 0.95)
    near = torch.abs(u)
    size = who.glasses_size
    a, b = (near - 0.5) / size, (v - 0.04) / (size * 0.82)
    a2, b2 = a * a, b * b
    q = torch.sqrt(torch.sqrt(a2 * a2 + b2 * b2))  # a rounded box
    distance = (q - 1.0) * size
    thick = 0.022 + 0.03 * who.glasses_shade
    rim = torch.abs(distance) - thick
    bridge = torch.maximum(torch.abs(v + 0.04) - thick, near - (0.5 - size))
    arm = torch.maximum(torch.abs(v + 0.08) - thick, (0.5 + size) - near)
    arm = torch.maximum(arm, site.rim - 1.02)
    wears = who.glasses
    # One pair in eight is dark; most hide nothing.
    tint = torch.where(who.glasses_shade > 0.875, 0.85, 0.06)
    dark = torch.full((1, 3, 1, 1), 0.02, device=image.device)
    image = over(image, dark, cover(distance, site.edge) * tint * wears)
    glare = cover(torch.abs(near - 0.5 + 0.8 * v + 0.1) - 0.03, site.edge + 0.02)
    bright = torch.full((1, 3, 1, 1), 0.8, device=image.device)
    image = over(image, bright, glare * cover(distance, site.edge) * 0.16 * wears)
    frame = torch.minimum(torch.minimum(rim, bridge), arm)
    return over(image, who.hair * 0.3 + 0.01, cover(frame, site.edge) * 0.95 * wears)
