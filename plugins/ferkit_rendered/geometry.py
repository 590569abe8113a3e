"""The face as a height field over face coordinates, and its landmarks.

Face coordinates: u to the right, v down, z towards the viewer, interocular distance = 1,
origin between the eyes. Every function takes maps (N, H, W) and a `Form` of (N, 1, 1).
"""

from __future__ import annotations

import torch
from torch import Tensor

from ferkit_rendered.form import Form
from ferkit_rendered.raster import bump, ease, ellipse

CENTRE_V = 0.08
"""Height of the skull's middle."""

SKULL = 0.95
"""Height of the skull's foremost point."""


def side_of(u: Tensor) -> Tensor:
    """-1 on the image's left, 1 on its right, with a soft change in the middle."""
    return (u * 5.0).clamp(-1.0, 1.0)


def radius(form: Form, u: Tensor, v: Tensor) -> Tensor:
    """0 in the middle of the face, 1 on its outline."""
    x = u / form.half_width
    y = v - CENTRE_V
    y = torch.where(y < 0, y / form.crown, y / form.chin)
    x2 = x * x
    return torch.sqrt(x2 + y * y + form.taper * x2 * y.clamp(min=0.0))


def skull_height(rim: Tensor) -> Tensor:
    """Close to .95 (1 - r^2.6), from sums of powers; its slope at the rim is finite."""
    r = rim.clamp(max=1.35)
    r2 = r * r
    return SKULL - (SKULL * 0.4) * r2 - (SKULL * 0.6) * (r2 * r)


def nose_height(form: Form, u: Tensor, v: Tensor) -> Tensor:
    """Ridge that grows towards the tip, with a soft cut below it, and the wings."""
    t = ((v + 0.05) / (form.nose_y + 0.05)).clamp(0.0, 1.0)
    under = 1.0 - ease((v - form.nose_y + 0.02) * 5.0)
    width = (0.13 + 0.14 * t) * form.nose_width
    across = u / width
    ridge = bump(across * across) * (t * (0.55 + 0.45 * t)) * (form.nose_height * under)
    wing = ellipse(torch.abs(u) - 0.165 * form.nose_width, v - form.nose_y - 0.02, 0.13, 0.14)
    return ridge + bump(wing) * 0.10


def coarse_height(form: Form, u: Tensor, v: Tensor) -> Tensor:
    """What the camera's equation is solved with: skull and nose."""
    return skull_height(radius(form, u, v)) + nose_height(form, u, v)


def mouth_curves(form: Form, u: Tensor, side: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The four edges of the lips above a point.

    Returns: heights of the upper lip's outer and inner and the lower lip's inner and outer
        edge, each (N, H, W); beyond the corners they fall together.
    """
    m = u / form.corner_x.at(side)
    m2 = (m * m).clamp(max=1.0)
    arch = 1.0 - m2
    # Squared lips (AU 10 and 20) stay apart nearly up to the corners.
    box = arch + form.square * arch * m2
    line = form.mouth_y + form.corner_y.at(side) * m2
    bow = arch * (1.0 - 0.28 * bump(m2 * 14.0))
    upper = line - form.gap_up * box
    lower = line + form.gap_low * box
    full = arch * (1.35 - 0.35 * arch)
    return upper - form.lip_upper * bow, upper, lower, lower + form.lip_lower * full


def eye_edges(form: Form, u: Tensor, v: Tensor, side: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Distances to the lids.

    Returns: depth below the upper lid's edge, height above the lower one's (both positive
        inside), and the place along the eye, 0 in its middle, 1 at its corners.
    """
    s = (torch.abs(u) - 0.5) / form.eye_half
    s2 = (s * s).clamp(max=1.6)
    arch = 1.0 - s2
    axis = v + form.eye_tilt * s
    # The upper lid is steeper towards the nose.
    below_up = axis + form.lid_up.at(side) * (arch * (1.0 - 0.12 * s))
    above_low = form.lid_low.at(side) * (arch * (1.0 + 0.1 * s)) - axis
    return below_up, above_low, s


def brow_distance(form: Form, u: Tensor, v: Tensor, side: Tensor) -> tuple[Tensor, Tensor]:
    """Signed distance to the brow (negative inside) and the place along it, 0 inner, 1 outer."""
    start = 0.19 - form.brow_in.at(side)
    t = (torch.abs(u) - start) / form.brow_length
    along = t.clamp(0.0, 1.0)
    inner, outer = form.brow_inner.at(side), form.brow_outer.at(side)
    line = inner + (outer - inner) * along - form.brow_arch * (4.0 * along * (1.0 - along))
    line = line + along * along * 0.06
    thick = form.brow_thick * (1.0 - 0.65 * along * along)
    beyond = (torch.maximum(-t, t - 1.0)).clamp(min=0.0) * form.brow_length
    off = v - line
    return torch.sqrt(off * off + beyond * beyond) - thick, along


def detail_height(form: Form, u: Tensor, v: Tensor, side: Tensor) -> Tensor:
    """Sockets, eyeballs, brow ridge, cheeks, lips, chin and the fold beside the mouth."""
    eye_u = torch.abs(u) - 0.5
    height = bump(ellipse(eye_u, v - 0.0, 0.40, 0.30)) * -0.15
    height.add_(bump(ellipse(eye_u, v, form.eye_half * 1.15, 0.17)) * 0.075)
    height.add_(bump(ellipse(eye_u * 0.8, v + 0.34, 0.42, 0.20)) * 0.05)
    cheek = ellipse(torch.abs(u) - 0.62, v - form.cheek_y.at(side), 0.42, 0.36)
    height.add_(bump(cheek) * form.cheek.at(side))
    height.add_(bump(ellipse(u, v - form.chin_y, 0.34, 0.24)) * form.chin_size)
    top, upper, lower, bottom = mouth_curves(form, u, side)
    inside = 1.0 - (u * u) / (form.corner_x.at(side) * form.corner_x.at(side))
    # Lips are cushions between their edges.
    lip = (v - top) * (upper - v) / (form.lip_upper * form.lip_upper + 1e-4)
    lip2 = (v - lower) * (bottom - v) / (form.lip_lower * form.lip_lower + 1e-4)
    cushion = lip.clamp(0.0, 0.25) * 0.16 + lip2.clamp(0.0, 0.25) * 0.24
    height.add_(cushion * inside.clamp(0.0, 1.0))
    # A shallow groove below the lower lip.
    groove = ellipse(u, v - bottom - 0.09, 0.3, 0.09)
    height.add_(bump(groove) * -0.03)
    return height


def landmarks(form: Form) -> tuple[Tensor, Tensor, Tensor]:
    """The five landmarks in face coordinates.

    Args:
        form: of (N, 1, 1).
    Returns: u, v, z, each (N, 1, 5): left eye, right eye, nose tip, mouth corners.
    """
    corner, height = form.corner_x, form.corner_y
    zero = form.nose_y * 0.0
    half = zero + 0.5
    left, right = zero - 1.0, zero + 1.0
    u = torch.cat([-half, half, zero, -corner.at(left), corner.at(right)], dim=2)
    v = torch.cat(
        [
            zero,
            zero,
            form.nose_y,
            form.mouth_y + height.at(left),
            form.mouth_y + height.at(right),
        ],
        dim=2,
    )
    return u, v, coarse_height(form, u, v) + detail_height(form, u, v, side_of(u))
