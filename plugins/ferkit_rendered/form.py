"""The form of a face in one frame: identity moved by action units."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor

from ferkit_rendered.expression import ACTIONS, Actions, Motion
from ferkit_rendered.identity import Identity


class Sided(NamedTuple):
    """A quantity that differs between the sides: `middle` -+ `half` at image left and right."""

    middle: Tensor
    half: Tensor

    def at(self, side: Tensor) -> Tensor:
        """Its value where `side` runs from -1 (left) to 1 (right)."""
        return self.middle + self.half * side


class Form(NamedTuple):
    """Positions and sizes in face coordinates: (N,), later (N, 1, 1).

    brow_inner, brow_outer: heights of the two ends of a brow. brow_in: how far its inner end
    moves to the middle. lid_up, lid_low: of the upper and lower lid above and below the
    eye's axis. corner_x, corner_y: of the mouth. gap_up, gap_low: of the parted lips.
    fold: depth of the nasolabial fold. square: how far the parted lips' outline is a box.
    forehead, frown, crow: wrinkles across it, between the brows, beside the eyes.
    """

    half_width: Tensor
    crown: Tensor
    chin: Tensor
    taper: Tensor
    cheek: Sided
    cheek_y: Sided
    chin_y: Tensor
    chin_size: Tensor
    brow_inner: Sided
    brow_outer: Sided
    brow_in: Sided
    brow_arch: Tensor
    brow_thick: Tensor
    brow_length: Tensor
    eye_half: Tensor
    eye_tilt: Tensor
    lid_up: Sided
    lid_low: Sided
    crease: Tensor
    gaze_x: Tensor
    gaze_y: Tensor
    nose_y: Tensor
    nose_height: Tensor
    nose_width: Tensor
    wrinkle_nose: Tensor
    mouth_y: Tensor
    corner_x: Sided
    corner_y: Sided
    lip_upper: Tensor
    lip_lower: Tensor
    gap_up: Tensor
    gap_low: Tensor
    square: Tensor
    fold: Sided
    forehead: Tensor
    frown: Tensor
    crow: Sided


def form_of(who: Identity, actions: Actions, motion: Motion) -> Form:
    """Move the landmarks of a face as its action units say.

    Args:
        who, actions, motion: of N frames.
    """

    def unit(number: int) -> Sided:
        place = ACTIONS.index(number)
        left, right = actions.left[:, place], actions.right[:, place]
        return Sided((left + right) * 0.5, (right - left) * 0.5)

    def add(base: Tensor | float, *terms: tuple[float, Sided]) -> Sided:
        zero = terms[0][1].half * 0.0
        middle, half = zero + base, zero
        for factor, term in terms:
            middle = middle + term.middle * factor
            half = half + term.half * factor
        return Sided(middle, half)

    au = {number: unit(number) for number in ACTIONS}
    mean = {number: sided.middle for number, sided in au.items()}
    jaw = mean[26]
    thin = 1.0 - 0.55 * mean[23] - 0.22 * mean[12] - 0.30 * mean[20]
    open_ = 1.0 - motion.closed
    lid_up = add(
        who.eye_up, (0.075, au[5]), (-0.035, au[7]), (-0.012, au[6]), (-0.02, au[9]), (-0.01, au[4])
    )
    lid_low = add(who.eye_low, (0.012, au[5]), (-0.036, au[7]), (-0.034, au[6]), (-0.02, au[9]))
    lifted = 0.05 * mean[9] + 0.02 * mean[10]
    return Form(
        half_width=who.half_width,
        crown=who.crown,
        chin=who.chin + 0.24 * jaw,
        taper=who.taper,
        cheek=add(who.cheek, (0.07, au[6]), (0.05, au[12])),
        cheek_y=add(0.58, (-0.10, au[6]), (-0.07, au[12])),
        chin_y=who.mouth_y + 0.42 + 0.24 * jaw,
        chin_size=who.chin_size,
        brow_inner=add(who.brow_y + who.brow_tilt, (-0.17, au[1]), (0.14, au[4]), (0.05, au[9])),
        brow_outer=add(who.brow_y - who.brow_tilt, (-0.16, au[2]), (0.05, au[4]), (-0.01, au[1])),
        brow_in=add(0.0, (0.07, au[4]), (0.02, au[9])),
        brow_arch=who.brow_arch + 0.03 * mean[2] - 0.03 * mean[4],
        brow_thick=who.brow_thick,
        brow_length=who.brow_length,
        eye_half=who.eye_half,
        eye_tilt=who.eye_tilt,
        lid_up=Sided(
            # A shut lid meets the lower one a little below the axis.
            lid_up.middle * open_ - lid_low.middle * (0.8 * motion.closed),
            lid_up.half * open_,
        ),
        lid_low=lid_low,
        crease=who.crease,
        gaze_x=motion.gaze_x,
        gaze_y=motion.gaze_y,
        nose_y=who.nose_y - 0.6 * lifted,
        nose_height=who.nose_height,
        nose_width=who.nose_width * (1.0 + 0.14 * mean[9] + 0.06 * mean[12]),
        wrinkle_nose=mean[9],
        mouth_y=who.mouth_y - 0.04 * mean[9] - 0.03 * mean[10] - 0.02 * mean[12] + 0.03 * jaw,
        corner_x=add(
            who.mouth_half * (1.0 - 0.16 * mean[23] - 0.22 * jaw),
            (0.13, au[12]),
            (0.13, au[20]),
            (-0.03, au[15]),
        ),
        corner_y=add(
            who.mouth_corner,
            (-0.19, au[12]),
            (0.14, au[15]),
            (0.06, au[20]),
            (-0.02, au[10]),
            (0.11, au[26]),
        ),
        lip_upper=who.lip_upper * thin * (1.0 + 0.15 * mean[10]),
        lip_lower=who.lip_lower * thin,
        gap_up=0.02 * mean[25] + 0.075 * mean[10] + 0.04 * mean[9] + 0.085 * jaw,
        gap_low=0.075 * mean[25] + 0.30 * jaw,
        square=(mean[10] + mean[20] + 0.6 * jaw).clamp(max=1.0),
        fold=add(0.012 + 0.02 * who.age, (0.05, au[12]), (0.045, au[10]), (0.05, au[9])),
        forehead=(mean[1] + mean[2]) * (0.25 + 0.35 * who.age) + 0.1 * who.age,
        frown=mean[4] * (0.5 + 0.5 * who.age),
        crow=add(0.15 * who.age, (0.8, au[6])),
    )
