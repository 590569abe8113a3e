"""Hair behind and before the head, ears, neck and clothes."""

from __future__ import annotations

import torch
from torch import Tensor

from ferkit_rendered.camera import Turn, plane_point
from ferkit_rendered.form import Form
from ferkit_rendered.identity import Identity
from ferkit_rendered.raster import bump, cover, ease, ellipse, over, texture
from ferkit_rendered.site import Site


def strands(who: Identity, site: Site, u: Tensor, v: Tensor) -> Tensor:
    """Brightness of hair, (N, H, W) around 1: streaks along the way it falls.

    Args:
        u, v: where on the head it is, face coordinates.
    """
    bend = u * (1.0 + 0.25 * v)
    wave = texture(who.hair_table, u * 2.3, v * 2.6) * (0.35 * who.curl + 0.08)
    fine = texture(who.hair_table, bend * 15.0 + wave * 9.0, v * 2.2) * site.detail(0.05)
    broad = texture(who.hair_table, bend * 4.5 + wave * 4.0 + 9.0, v * 0.9)
    return 1.0 + 0.38 * fine + 0.35 * broad


def paint_back_hair(image: Tensor, who: Identity, form: Form, site: Site, turn: Turn) -> Tensor:
    """Hair seen around and below the head, on an upright plane through the pivot's depth."""
    x, y = plane_point(turn, site.x, site.y, 0.0)
    half = form.half_width + who.hair_volume
    ragged = texture(who.hair_table, x * 5.0, y * 5.0) * (0.03 + 0.05 * who.curl)
    dy = y - 0.0
    dome = torch.where(dy < 0, dy / (form.crown + who.hair_volume), dy * 0.0)
    # Below the ears the curtain narrows a little, then ends.
    narrow = 1.0 - 0.05 * dy.clamp(min=0.0)
    across = x / (half * narrow)
    rim = torch.sqrt(across * across + dome * dome)
    distance = (rim - 1.0) * half + ragged
    end = y - who.hair_length + ragged * 3.0 + 0.3 * across * across
    mask = cover(torch.maximum(distance, end), site.edge + 0.02)
    brightness = strands(who, site, x, y)
    edge_shade = (1.15 - 0.55 * rim * rim).clamp(0.3, 1.0)
    return over(image, who.hair * (brightness * edge_shade)[:, None], mask)


def paint_ears(image: Tensor, who: Identity, site: Site, turn: Turn, half: Tensor) -> Tensor:
    """Both ears, behind the outline of the head."""
    u, v = plane_point(turn, site.x, site.y, -0.1)
    near = torch.abs(u) - half
    q = ellipse(near + 0.06 * (v - 0.15), v - 0.18, 0.15, 0.33)
    mask = cover((torch.sqrt(q) - 1.0) * 0.15, site.edge)
    hollow = 0.75 - 0.35 * bump(ellipse(near, v - 0.16, 0.08, 0.2))
    return over(image, who.skin * hollow[:, None], mask)


def paint_body(
    image: Tensor, who: Identity, site: Site, clothes: Tensor, lean: Tensor, chin: Tensor
) -> Tensor:
    """Neck and shoulders.

    Args:
        clothes: (N, 3, 1, 1) colour. lean: (N, 1, 1) offset of the neck, interocular units.
        chin: (N, 1, 1) height of the chin, whose shadow falls on the neck.
    """
    x, y = site.x - lean, site.y
    near = torch.abs(x)
    flare = ease((y - 1.9) * 1.4) * 0.5
    neck = torch.maximum(near - 0.66 - flare, 0.9 - y)
    shadow = 0.45 + 0.55 * ease((y - chin - 0.1) * 1.6)
    round_ = (1.0 - 0.35 * x * x).clamp(min=0.3)
    image = over(image, who.skin * (shadow * round_)[:, None], cover(neck, site.edge))
    dip = (near - 0.75).clamp(max=0.0)
    collar = 2.42 + dip * dip * 0.9
    slope = ((near - 0.8).clamp(min=0.0)) * 0.28
    shoulder = cover(collar + slope - y, site.edge)
    folds = 1.0 + 0.12 * texture(who.hair_table, x * 1.7, y * 1.1)
    return over(image, clothes * folds[:, None], shoulder)


def front_hair(who: Identity, site: Site) -> Tensor:
    """Opacity of the hair that grows on the face's side of the head, (N, H, W)."""
    u, v = site.u, site.v
    ragged = texture(who.hair_table, u * 9.0, v * 3.0) * (0.03 + 0.05 * who.curl)
    off = u - who.parting
    # Rises to the parting, drops at the temples to the ears.
    temple = (torch.abs(u) - 0.62).clamp(min=0.0)
    line = who.hairline + 0.10 * off * off + temple * temple * (who.temple * 9.0)
    line = torch.minimum(line, who.hair_length.clamp(min=0.15))
    return cover(v - line + ragged, site.edge + 0.05)
