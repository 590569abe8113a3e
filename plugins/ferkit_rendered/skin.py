"""Skin: colour, texture, wrinkles, shadows and brows, all in face coordinates."""

from __future__ import annotations

import torch
from torch import Tensor

from ferkit_rendered.form import Form
from ferkit_rendered.geometry import brow_distance, mouth_curves
from ferkit_rendered.identity import Identity
from ferkit_rendered.raster import bump, cover, ease, ellipse, over, texture
from ferkit_rendered.site import Site


def _waves(value: Tensor) -> Tensor:
    """A periodic furrow: 1 at whole numbers, 0 between."""
    part = torch.abs(value - torch.floor(value + 0.5)) * 2.0  # 0 at whole numbers, 1 between
    return bump(part * part * 6.0)


def skin_texture(who: Identity, site: Site) -> Tensor:
    """Mottling of the skin, (N, H, W) around 0; fixed to the face."""
    fine = texture(who.skin_table, site.u * 17.0, site.v * 17.0) * site.detail(0.05)
    broad = texture(who.skin_table, site.u * 3.1 + 7.0, site.v * 3.1)
    return (fine * 0.035 + broad * 0.045) * who.mottle


def occlusion(form: Form, site: Site) -> Tensor:
    """Light that does not reach hollows and furrows: factors in (0, 1], (N, H, W)."""
    u, v, side = site.u, site.v, site.side
    near = torch.abs(u)
    dark = bump(ellipse(near - 0.45, v + 0.06, 0.40, 0.26)) * 0.26
    # Beside and under the nose.
    dark.add_(bump(ellipse(u, v - form.nose_y - 0.17, 0.34, 0.11)) * 0.34)
    dark.add_(
        bump(ellipse(near - 0.25 * form.nose_width, v - form.nose_y + 0.04, 0.08, 0.20)) * 0.2
    )
    _, _, _, bottom = mouth_curves(form, u, side)
    dark.add_(bump(ellipse(u, v - bottom - 0.07, 0.32, 0.085)) * 0.24)
    # Nasolabial folds, from the wings of the nose past the corners of the mouth.
    corner_x, corner_y = form.corner_x.at(side), form.corner_y.at(side)
    down = v - form.nose_y + 0.02
    span = form.mouth_y + corner_y - form.nose_y + 0.16
    along = down / span
    line = 0.27 * form.nose_width + (corner_x + 0.07 - 0.27 * form.nose_width) * along
    line = line + 0.22 * along * (1.0 - along)
    off = (near - line) / 0.1
    window = (along * 5.0).clamp(0.0, 1.0) * ((1.25 - along) * 3.0).clamp(0.0, 1.0)
    dark.add_(bump(off * off) * window * (form.fold.at(side) * 2.9))
    # Dimples beside the corners of the mouth.
    corner = ellipse(near - corner_x - 0.02, v - form.mouth_y - corner_y, 0.07, 0.07)
    dark.add_(bump(corner) * 0.22)
    return 1.0 - dark.clamp_(max=0.8)


def wrinkles(form: Form, site: Site) -> Tensor:
    """Furrows of the forehead, between the brows, on the nose and beside the eyes, (N, H, W)."""
    u, v, side = site.u, site.v, site.side
    near = torch.abs(u)
    brow = (form.brow_inner.at(side) + form.brow_outer.at(side)) * 0.5
    forehead = bump(ellipse(u, v - brow + 0.38, 0.75, 0.30)) * form.forehead
    dark = _waves(v * 7.0 + u * u * 0.9) * (forehead * 0.5)
    frown = bump(ellipse(near - 0.085, v - form.brow_inner.at(side) - 0.02, 0.045, 0.24))
    dark.add_(frown * (form.frown * 0.42))
    nose = bump(ellipse(u, v - 0.14, 0.2, 0.22)) * form.wrinkle_nose
    dark.add_(_waves(v * 8.0 - near) * (nose * 0.55))
    crow = bump(ellipse(near - 0.88, v - 0.03, 0.16, 0.2)) * form.crow.at(side)
    dark.add_(_waves((v - 0.02) / (near + 0.05) * 7.0) * (crow * 0.4))
    # The pouch that a raised cheek pushes up under the eye.
    pouch = ellipse(near - 0.5, v - form.lid_low.at(side) - 0.085, 0.26, 0.05)
    dark.add_(bump(pouch) * (0.10 + 0.25 * form.crow.at(side)))
    return 1.0 - (dark * site.detail(0.06)).clamp_(max=0.7)


def skin_layer(who: Identity, form: Form, site: Site) -> Tensor:
    """Colour of the skin with beard, nostrils and brows, unlit: (N, 3, H, W)."""
    u, v = site.u, site.v
    near = torch.abs(u)
    tone = 1.0 + skin_texture(who, site)
    image = who.skin * tone[:, None]
    # Cheeks, nose and chin are redder than the forehead.
    flush = bump(ellipse(near - 0.6, v - 0.62, 0.45, 0.4)) * 0.6
    flush.add_(bump(ellipse(u, v - form.nose_y, 0.25, 0.3)) * 0.5)
    image = over(image, who.skin * _red(who.skin), flush * 0.5)
    if bool((who.beard > 0).any()):
        jaw = ease((v - form.nose_y - 0.12) * 4.0)
        jaw = torch.maximum(jaw, ease((near - 0.82) * 6.0) * ease((v - 0.1) * 3.0))
        bare = bump(ellipse(u, v - form.mouth_y - 0.03, 0.36, 0.22))
        cheek = bump(ellipse(near - 0.55, v - 0.72, 0.36, 0.45))
        stubble = (jaw * (1.0 - bare * 0.8) * (1.0 - cheek)) * who.beard
        rough = texture(who.hair_table, u * 21.0, v * 15.0) * 0.25 + 0.85
        image = over(image, who.brow, (stubble * rough).clamp_(0.0, 0.9))
    nostril = ellipse(near - 0.105 * form.nose_width, v - form.nose_y - 0.085, 0.062, 0.036)
    image = over(image, who.skin * 0.12, bump(nostril * 0.6))
    distance, along = brow_distance(form, u, v, site.side)
    strands = texture(who.hair_table, near * 22.0 + v * 9.0, v * 8.0 - near * 6.0)
    dense = 0.86 + strands * 0.25 * site.detail(0.05) - 0.25 * along
    softness = site.edge + 0.015
    return over(image, who.brow, cover(distance, softness) * dense.clamp_(0.0, 0.95))


def _red(skin: Tensor) -> Tensor:
    """(1, 3, 1, 1) factors that redden."""
    return torch.tensor((1.04, 0.80, 0.78), device=skin.device)[None, :, None, None]
