"""Who a face belongs to: everything that stays from sample to sample of one subject.

Lengths are in interocular distances, positions in face coordinates (origin between the
eyes, y down), colours linear RGB.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from ferkit_rendered.keyed import Draws
from ferkit_rendered.raster import LATTICE


class Identity(NamedTuple):
    """(N,) each, colours (N, 3), `skin_table` and `hair_table` (N, LATTICE^2)."""

    half_width: Tensor
    crown: Tensor
    chin: Tensor
    taper: Tensor
    cheek: Tensor
    chin_size: Tensor
    brow_y: Tensor
    brow_arch: Tensor
    brow_tilt: Tensor
    brow_thick: Tensor
    brow_length: Tensor
    eye_half: Tensor
    eye_up: Tensor
    eye_low: Tensor
    eye_tilt: Tensor
    crease: Tensor
    nose_y: Tensor
    nose_height: Tensor
    nose_width: Tensor
    mouth_y: Tensor
    mouth_half: Tensor
    mouth_corner: Tensor
    lip_upper: Tensor
    lip_lower: Tensor
    age: Tensor
    beard: Tensor
    mottle: Tensor
    hairline: Tensor
    temple: Tensor
    parting: Tensor
    hair_volume: Tensor
    hair_length: Tensor
    curl: Tensor
    glasses: Tensor
    glasses_size: Tensor
    glasses_shade: Tensor
    skin: Tensor
    lips: Tensor
    hair: Tensor
    brow: Tensor
    iris: Tensor
    skin_table: Tensor
    hair_table: Tensor


def _mix(low: tuple[float, ...], high: tuple[float, ...], share: Tensor) -> Tensor:
    """Colours between two: (N, 3)."""
    first = torch.tensor(low, device=share.device)
    second = torch.tensor(high, device=share.device)
    return first + (second - first) * share[:, None]


def _skin_colour(draws: Draws) -> Tensor:
    """From pale to dark, evenly spread; squared because colours are linear. (N, 3)."""
    tone = draws.uniform("skin tone")
    pale, dark = (0.93, 0.76, 0.67), (0.42, 0.28, 0.21)
    shade = _mix(pale, dark, tone)
    warm = draws.uniform("skin warmth", -1.0, 1.0)
    tint = torch.stack([warm * 0.02, warm * 0.005, warm * -0.03], dim=1)
    shade = shade + tint
    return shade * shade


def _hair_colour(draws: Draws) -> Tensor:
    """Black, brown, grey, blond or red. (N, 3) linear."""
    palette = torch.tensor(
        [
            (0.07, 0.06, 0.06),
            (0.07, 0.06, 0.06),
            (0.13, 0.09, 0.07),
            (0.13, 0.09, 0.07),
            (0.19, 0.13, 0.09),
            (0.25, 0.16, 0.10),
            (0.55, 0.54, 0.53),
            (0.38, 0.26, 0.16),
            (0.66, 0.52, 0.33),
            (0.44, 0.23, 0.13),
        ],
        device=draws.key.device,
    )
    # Fair and red hair go with pale skin.
    fair = draws.integer("hair colour", len(palette))
    dark = draws.integer("hair colour", len(palette) - 3)
    shade = palette[torch.where(draws.uniform("skin tone") < 0.5, fair, dark)]
    shade = shade * draws.uniform("hair depth", 0.8, 1.2)[:, None]
    return shade * shade


def identity_of(draws: Draws, glasses: float) -> Identity:
    """The people behind keys.

    Args:
        draws: of the subjects, (N,).
        glasses: fraction of subjects who wear some.
    """

    def around(name: str, middle: float, spread: float) -> Tensor:
        return middle * (1.0 + spread * draws.uniform(name, -1.0, 1.0))

    skin = _skin_colour(draws)
    hair = _hair_colour(draws)
    redness = torch.tensor((1.0, 0.5, 0.52), device=skin.device)
    lips = skin * redness * draws.uniform("lip depth", 0.75, 0.98)[:, None]
    brow = hair * 0.42 + skin * 0.05
    tone, shade = draws.uniform("skin tone"), draws.uniform("iris")
    blue, brown = (0.10, 0.17, 0.22), (0.055, 0.028, 0.015)
    bald = draws.chance("bald", 0.08)
    hairline = around("hairline", -0.98, 0.14)
    length_kind = draws.uniform("hair length kind")
    long = draws.uniform("hair length", 1.2, 3.2)
    short = draws.uniform("hair length", -0.1, 0.7)
    length = torch.where(length_kind < 0.45, long, short)
    bearded = draws.chance("beard", 0.25) & (length_kind >= 0.45)
    beard = torch.where(bearded, draws.uniform("beard depth", 0.15, 0.75), torch.zeros_like(long))
    return Identity(
        half_width=around("half width", 1.10, 0.08),
        crown=around("crown", 1.70, 0.04),
        chin=around("chin", 1.70, 0.05),
        taper=draws.uniform("taper", 0.0, 0.5),
        cheek=draws.uniform("cheek", 0.05, 0.14),
        chin_size=draws.uniform("chin size", 0.05, 0.13),
        brow_y=around("brow y", -0.34, 0.12),
        brow_arch=draws.uniform("brow arch", 0.03, 0.10),
        brow_tilt=draws.uniform("brow tilt", -0.03, 0.05),
        brow_thick=draws.uniform("brow thick", 0.030, 0.062),
        brow_length=around("brow length", 0.66, 0.1),
        eye_half=around("eye half", 0.235, 0.10),
        eye_up=around("eye up", 0.098, 0.16),
        eye_low=around("eye low", 0.062, 0.14),
        eye_tilt=draws.uniform("eye tilt", -0.02, 0.035),
        crease=draws.uniform("crease", 0.3, 1.0),
        nose_y=around("nose y", 0.60, 0.09),
        nose_height=around("nose height", 0.36, 0.2),
        nose_width=around("nose width", 1.0, 0.22),
        mouth_y=around("mouth y", 1.10, 0.04),
        mouth_half=around("mouth half", 0.40, 0.12),
        mouth_corner=draws.uniform("mouth corner", -0.035, 0.012),
        lip_upper=draws.uniform("lip upper", 0.055, 0.105),
        lip_lower=draws.uniform("lip lower", 0.075, 0.13),
        age=draws.uniform("age"),
        beard=beard,
        mottle=draws.uniform("mottle", 0.3, 1.0),
        hairline=torch.where(bald, torch.full_like(hairline, -2.5), hairline),
        temple=draws.uniform("temple", 0.25, 0.75),
        parting=draws.uniform("parting", -0.35, 0.35),
        hair_volume=torch.where(
            bald, torch.full_like(long, -0.03), draws.uniform("volume", 0.06, 0.32)
        ),
        hair_length=torch.where(bald, torch.full_like(long, -3.0), length),
        curl=draws.uniform("curl"),
        glasses=draws.chance("glasses", glasses).to(torch.float32),
        glasses_size=draws.uniform("glasses size", 0.30, 0.40),
        glasses_shade=draws.uniform("glasses shade"),
        skin=skin,
        lips=lips,
        hair=hair,
        brow=brow,
        iris=_mix(blue, brown, torch.where(tone < 0.5, shade, 0.6 + 0.4 * shade)),
        skin_table=draws.table("skin", LATTICE * LATTICE),
        hair_table=draws.table("hair texture", LATTICE * LATTICE),
    )
