"""Emotions as facial action units, and their course over a clip."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from ferkit.contracts.data import CLASSES
from ferkit_rendered.domains import Settings
from ferkit_rendered.keyed import Draws
from ferkit_rendered.raster import ease

ACTIONS = (1, 2, 4, 5, 6, 7, 9, 10, 12, 15, 20, 23, 25, 26)
"""Action units of the face model, by their FACS numbers, in the order of every (..., A)."""

PROTOTYPES: dict[str, tuple[int, ...]] = {
    "anger": (4, 5, 7, 23),
    "disgust": (9, 10, 15),
    "fear": (1, 2, 4, 5, 20, 26),
    "happy": (6, 12),
    "neutral": (),
    "sad": (1, 4, 15),
    "surprise": (1, 2, 5, 26),
}
"""EMFACS prototypes."""

LIPS_PART = ACTIONS.index(25)
JAW = ACTIONS.index(26)


class Emotion(NamedTuple):
    """What each of N samples shows.

    emotion, second: (N,) int64 classes. share: (N,) of the second one, in [0, .5).
    peak: (N,) intensity at the apex, in [0, 1]; 0 for neutral faces.
    """

    emotion: Tensor
    second: Tensor
    share: Tensor
    peak: Tensor


class Actions(NamedTuple):
    """Activation of every action unit: 0 none, 1 full; the sides differ.

    left, right: (N, A), of the side that is left and right in the image.
    """

    left: Tensor
    right: Tensor


class Motion(NamedTuple):
    """What moves in a clip besides the expression, (N,) each.

    closed: eyelids, 0 open to 1 shut. gaze_x, gaze_y: of the irises, interocular units.
    """

    closed: Tensor
    gaze_x: Tensor
    gaze_y: Tensor


def prototype_table(device: torch.device) -> Tensor:
    """(K, A) float32: 1 where a unit belongs to a class's prototype."""
    rows = [[float(unit in PROTOTYPES[name]) for unit in ACTIONS] for name in CLASSES]
    return torch.tensor(rows, device=device)


def emotion_of(draws: Draws, emotion: Tensor, second: Tensor, settings: Settings) -> Emotion:
    """Peak intensity and share of the second emotion of each sample.

    Every face has a trace of its second emotion (a share below .08, scaled by the domain's
    jitter); a blend has between .25 and .45.
    """
    peak = draws.uniform("peak", settings.least_intensity, 1.0)
    peak = torch.where(emotion == CLASSES.index("neutral"), torch.zeros_like(peak), peak)
    trace = draws.uniform("trace", 0.0, min(0.08, settings.au_jitter * 0.8))
    blend = draws.uniform("blend share", 0.25, 0.45)
    share = torch.where(draws.chance("blend", settings.blends), blend, trace)
    return Emotion(emotion, second, share, peak)


def envelope(draws: Draws, time: Tensor, length: int) -> Tensor:
    """Course of the intensity over a clip: nothing, onset, apex, offset, nothing.

    Args:
        draws: of the samples.
        time: frame numbers, float32, as the keys.
        length: frames of the clip; 1 is a still, taken at the apex.
    Returns: in [0, 1], 1 at the apex, which the middle of the clip always lies in.
    """
    if length == 1:
        return torch.ones_like(time)
    place = (time + 0.5) * (1.0 / length)
    onset = draws.uniform("onset", 0.06, 0.22)
    apex = onset + draws.uniform("rise", 0.08, 0.24)
    fall = draws.uniform("fall", 0.55, 0.7)
    offset = fall + draws.uniform("decay", 0.1, 0.22)
    rising = ease((place - onset) / (apex - onset))
    return rising * (1.0 - ease((place - fall) / (offset - fall)))


def actions_at(
    draws: Draws,
    shown: Emotion,
    settings: Settings,
    *,
    level: Tensor,
    time: Tensor,
) -> Actions:
    """Activations in one frame.

    Args:
        draws: of the samples.
        shown: what they show.
        settings: of the domain.
        level: (N,) envelope in [0, 1].
        time: (N,) frame numbers.
    """
    table = prototype_table(level.device)
    strength = torch.stack([draws.uniform(f"amplitude {unit}", 0.6, 1.0) for unit in ACTIONS], 1)
    strength2 = torch.stack([draws.uniform(f"amplitude2 {unit}", 0.6, 1.0) for unit in ACTIONS], 1)
    first = table[shown.emotion] * strength
    # Smiles and squared lips show teeth or do not; that tells nothing of the class.
    parted = draws.uniform("parted", -0.6, 0.9).clamp(min=0.0)
    first[:, LIPS_PART] = parted
    second = table[shown.second] * strength2
    second[:, LIPS_PART] = parted
    share = shown.share[:, None]
    # A neutral face keeps the trace of its second emotion, at less than half its strength.
    quiet = draws.uniform("quiet", 0.0, min(1.0, 2.0 * settings.au_jitter))
    peak = torch.where(shown.peak > 0, shown.peak, quiet)[:, None]
    base = (first * (1.0 - share) + second * share) * peak
    jitter = torch.stack([draws.normal(f"jitter {unit}") for unit in ACTIONS], 1)
    base = base + (jitter * settings.au_jitter)
    active = base.clamp(0.0, 1.0) * level[:, None]
    murmur = draws.smooth("murmur", time, 3.0).clamp(min=0.0) * settings.au_jitter
    active[:, LIPS_PART] = active[:, LIPS_PART] + murmur * 1.4
    active[:, JAW] = (active[:, JAW] + murmur * 0.6).clamp(max=1.0)
    lean = torch.stack([draws.normal(f"lean {unit}") for unit in ACTIONS], 1) * settings.asymmetry
    lean[:, LIPS_PART] = 0.0
    lean[:, JAW] = 0.0
    return Actions(
        (active * (1.0 - lean)).clamp(0.0, 1.15), (active * (1.0 + lean)).clamp(0.0, 1.15)
    )


def motion_at(draws: Draws, settings: Settings, *, time: Tensor, length: int) -> Motion:
    """Blinks (in clips), the resting droop of the lids, and where the eyes look."""
    droop = draws.uniform("droop", 0.0, min(0.6, 1.2 * settings.au_jitter))
    if length == 1:
        closed = droop
    else:
        # At most one blink in every ten frames, three frames long.
        beat = torch.floor(time * 0.1)
        events = draws.child("blink", beat.to(torch.int64))
        middle = beat * 10.0 + events.uniform("moment", 2.0, 8.0)
        shut = (1.0 - torch.abs(time - middle) * 0.6).clamp(0.0, 1.0)
        shut = torch.where(events.chance("happens", 0.5), shut, torch.zeros_like(shut))
        closed = torch.maximum(droop, shut * 0.97)
    reach = 0.03 + min(0.06, 0.24 * settings.au_jitter)
    return Motion(
        closed,
        (draws.uniform("gaze x", -1.0, 1.0) + 0.4 * draws.smooth("gaze dx", time, 7.0)) * reach,
        (draws.uniform("gaze y", -1.0, 1.0) + 0.4 * draws.smooth("gaze dy", time, 7.0))
        * (reach * 0.5),
    )
