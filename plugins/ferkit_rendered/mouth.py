"""Mouth: lips, the dark between them, teeth and tongue."""

from __future__ import annotations

import torch
from torch import Tensor

from ferkit_rendered.form import Form
from ferkit_rendered.geometry import mouth_curves
from ferkit_rendered.identity import Identity
from ferkit_rendered.raster import bump, cover, ellipse, over
from ferkit_rendered.site import Site

_TEETH = 0.105


def paint_lips(image: Tensor, who: Identity, form: Form, site: Site) -> Tensor:
    """The red of both lips, unlit, onto unlit skin (N, 3, H, W)."""
    top, upper, lower, bottom = mouth_curves(form, site.u, site.side)
    v = site.v
    soft = site.edge + 0.012
    across = cover((torch.abs(site.u) - form.corner_x.at(site.side)), soft)
    upper_lip = torch.minimum(cover(top - v, soft), cover(v - upper, soft))
    lower_lip = torch.minimum(cover(lower - v, soft), cover(v - bottom, soft))
    image = over(image, who.lips * 0.82, upper_lip * across)
    return over(image, who.lips, lower_lip * across)


def paint_mouth(image: Tensor, who: Identity, form: Form, site: Site, lit: Tensor) -> Tensor:
    """What shows between the lips, onto a lit face (N, 3, H, W), changed and returned."""
    u, v = site.u, site.v
    _, upper, lower, _ = mouth_curves(form, u, site.side)
    half = form.corner_x.at(site.side)
    across = cover(torch.abs(u) - half * 0.985, site.edge)
    # Closed lips leave a dark line, thinner towards the corners.
    middle = (upper + lower) * 0.5
    line = cover(torch.abs(v - middle) - 0.011, site.edge) * across
    image = over(image, who.lips * 0.16, line * 0.8)
    gap = torch.minimum(v - upper, lower - v)
    inside = cover(-gap, site.edge) * across
    inside = inside * ((lower - upper) * 60.0 - 0.3).clamp(0.0, 1.0)
    deep = torch.tensor((0.035, 0.008, 0.008), device=image.device)[None, :, None, None]
    image = over(image, deep, inside)
    tongue = ellipse(u, v - lower + 0.02, 0.24, 0.12)
    red = torch.tensor((0.28, 0.08, 0.08), device=image.device)[None, :, None, None]
    image = over(image, red * lit[:, None], bump(tongue * 0.7) * inside)
    # Teeth only show when the lips part enough; gaps between them where resolved.
    parted = ((form.gap_up + form.gap_low) * 28.0 - 1.0).clamp(0.0, 1.0)
    row = cover(v - (form.mouth_y - form.gap_up * 0.6 + _TEETH * 0.62), site.edge + 0.01)
    row = row * cover(torch.abs(u) - half * 0.88, site.edge + 0.05)
    place = u * (1 / 0.085)
    seam = torch.abs(place - torch.floor(place + 0.5))
    seam = bump(seam * seam * 90.0) * 0.3 * site.detail(0.03)
    round_ = 1.0 - 0.5 * (u / half) * (u / half)
    ivory = torch.tensor((0.78, 0.74, 0.66), device=image.device)[None, :, None, None]
    bright = ((lit * 0.7 + 0.15) * round_ * (1.0 - seam))[:, None]
    return over(image, ivory * bright, row * inside * parted)
