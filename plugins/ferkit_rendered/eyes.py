"""Eyes: white, iris, pupil, highlight, lashes, lid crease and shadow."""

from __future__ import annotations

import torch
from torch import Tensor

from ferkit_rendered.form import Form
from ferkit_rendered.geometry import eye_edges
from ferkit_rendered.identity import Identity
from ferkit_rendered.raster import bump, cover, over
from ferkit_rendered.site import Site

_IRIS = 0.108
_PUPIL = 0.046


def paint_eyes(image: Tensor, who: Identity, form: Form, site: Site, lit: Tensor) -> Tensor:
    """Paint both eyes onto a lit face.

    Args:
        image: (N, 3, H, W), changed and returned.
        who, form: of the faces, (N, 1, 1) each.
        site: the pixels.
        lit: (N, H, W) shade of the skin there.
    """
    u, v = site.u, site.v
    below_up, above_low, s = eye_edges(form, u, v, site.side)
    near = torch.abs(s)
    within = cover((near - 1.0) * form.eye_half, site.edge)
    # Crease and shadow of the upper lid.
    fold = (below_up + 0.055) / 0.03
    image = over(image, who.skin * 0.32, bump(fold * fold * 0.5) * (within * form.crease) * 0.6)
    inside = cover(-torch.minimum(below_up, above_low), site.edge) * within
    lit_eye = (lit * 0.75 + 0.2)[:, None]
    # The lid shades the upper part of the eyeball, and the ball turns away at its corners.
    shadow = (below_up * 9.0 + 0.45).clamp(0.0, 1.0) * (1.0 - 0.35 * near * near).clamp(min=0.3)
    white = torch.tensor((0.72, 0.69, 0.66), device=image.device)[None, :, None, None]
    image = over(image, white * lit_eye * shadow[:, None], inside)
    du = torch.abs(u) - 0.5 - form.gaze_x * torch.where(u < 0, -1.0, 1.0)
    dv = v - form.gaze_y + 0.012
    distance = torch.sqrt(du * du + dv * dv)
    ring = 0.55 + 0.45 * bump((distance * distance) * (0.6 / _IRIS**2))
    iris = who.iris * (lit_eye * (shadow * ring)[:, None] * 1.4)
    image = over(image, iris, cover(distance - _IRIS, site.edge) * inside)
    dark = torch.full((1, 3, 1, 1), 0.006, device=image.device)
    image = over(image, dark, cover(distance - _PUPIL, site.edge) * inside)
    # One highlight per eye, on the same side of both.
    glint_u = u - torch.where(u < 0, -0.5, 0.5) - form.gaze_x + 0.035
    glint = torch.sqrt(glint_u * glint_u + (dv + 0.04) * (dv + 0.04))
    bright = torch.full((1, 3, 1, 1), 0.9, device=image.device)
    image = over(image, bright, cover(glint - 0.02, site.edge) * inside * 0.8 * lit.clamp(max=1.0))
    # Lashes: a dark line on the upper lid's edge, a faint one on the lower.
    lash = torch.abs(below_up + 0.004) - 0.017
    low_lash = torch.abs(above_low) - 0.008
    line = cover(lash, site.edge) * 0.9
    line = torch.maximum(line, cover(low_lash, site.edge) * 0.4)
    reach = cover((near - 1.04) * form.eye_half, site.edge)
    between = cover(-torch.minimum(below_up + 0.03, above_low + 0.02), site.edge)
    return over(image, who.hair * 0.25 + dark, line * reach * between)
