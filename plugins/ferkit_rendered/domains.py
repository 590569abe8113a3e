"""How hard the faces of a domain are to read."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Literal

Domain = Literal["lab", "easy", "wild", "hard"]


@dataclass(frozen=True)
class Settings:
    """What varies from sample to sample, and how far.

    Args:
        least_intensity: peak intensities are drawn between this and 1.
        au_jitter: deviation of a random activation added to every action unit.
        asymmetry: deviation of the relative difference between the sides of the face.
        blends: fraction of faces that show two emotions.
        occluders: fraction of faces partly hidden by a hand or a thing.
        glasses: fraction of subjects with glasses.
        darkness: exposure falls at most by this fraction.
        side_light: largest sideways component of the light's direction.
        blur: largest deviation of the blur, as a fraction of the raw frame's side.
        sensor_noise: largest deviation of a pixel of the raw frame, full scale = 1.
        roll, yaw, pitch: largest angles of the head, degrees.
        clutter: contrast of what stands in the background, 0 to 1.
    """

    least_intensity: float
    au_jitter: float
    asymmetry: float
    blends: float
    occluders: float
    glasses: float
    darkness: float
    side_light: float
    blur: float
    sensor_noise: float
    roll: float
    yaw: float
    pitch: float
    clutter: float


DOMAINS: dict[str, Settings] = {
    "lab": Settings(0.85, 0.02, 0.06, 0.0, 0.0, 0.0, 0.1, 0.15, 0.002, 0.01, 3, 4, 3, 0.0),
    "easy": Settings(0.4, 0.08, 0.12, 0.1, 0.1, 0.05, 0.5, 0.4, 0.006, 0.02, 10, 8, 6, 0.5),
    "wild": Settings(0.3, 0.09, 0.18, 0.2, 0.25, 0.15, 0.75, 0.8, 0.012, 0.04, 20, 15, 10, 1.0),
    "hard": Settings(0.15, 0.17, 0.25, 0.4, 0.4, 0.25, 0.85, 0.9, 0.018, 0.08, 20, 20, 15, 1.0),
}


def settings_of(domain: str, overrides: dict[str, float | None]) -> Settings:
    """The settings of `domain` with those of `overrides` that are not None."""
    given = {name: value for name, value in overrides.items() if value is not None}
    return replace(DOMAINS[domain], **given)


SETTING_NAMES = tuple(field.name for field in fields(Settings))
