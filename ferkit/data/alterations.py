"""Small changes of a clip that do not change what it shows (paper B: B28)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import conv2d, pad

from ferkit.contracts.data import Clips
from ferkit.data import keyed
from ferkit.data.augment import clean_view, weak_view
from ferkit.data.randaugment_colour import brightness, contrast
from ferkit.sections import AugmentationSection

LIGHT = 0.3
"""Brightness and contrast change by a factor of up to 1 -+ this."""
BLUR = 0.02
"""Deviation of the Gaussian, fraction of the crop's side."""
SHIFT = 0.05
"""Furthest move to each side, fraction of the crop's side."""
ROTATION = 8.0
"""Largest turn, degrees."""
DROPPED = 0.3
"""Chance of a frame to be left out."""


class Alteration(NamedTuple):
    """One kind of change. what: for the report. alter: (clips, seed, keys (n,)) -> the changed
    clips, float in [0, 1]; each clip's draw depends on the seed and its key alone, and is the same
    for its frames and regions. of_clips: needs more than one frame."""

    what: str
    alter: Callable[[Clips, int, Tensor], Clips]
    of_clips: bool = False


def _coloured(
    name: str, operation: Callable[[Tensor, Tensor], Tensor]
) -> Callable[[Clips, int, Tensor], Clips]:
    def alter(clips: Clips, seed: int, keys: Tensor) -> Clips:
        frames, valid = clean_view(clips)
        draws = keyed.uniform(seed, "stability", name, keys.to(frames.device), count=1)[:, 0]
        images = frames.clone().flatten(0, 2)  # the operations overwrite
        amount = (LIGHT * (2 * draws - 1)).repeat_interleave(frames.shape[1] * frames.shape[2])
        return Clips(operation(images, amount).reshape(frames.shape), valid)

    return alter


def _moved(view: int, **ranges: float) -> Callable[[Clips, int, Tensor], Clips]:
    none = {"flip": 0.0, "zoom": 0.0, "shift": 0.0, "rotation": 0.0}
    settings = AugmentationSection(**(none | ranges))

    def alter(clips: Clips, seed: int, keys: Tensor) -> Clips:
        # No epoch of a training has this number, so its draws are others.
        return weak_view(clips, settings=settings, seed=seed, epoch=-1, ids=keys, view=view)

    return alter


def blurred(clips: Clips, seed: int, keys: Tensor) -> Clips:
    """A Gaussian of deviation `BLUR` of the side; edges are repeated. Nothing is drawn."""
    frames, valid = clean_view(clips)
    deviation = max(0.5, BLUR * frames.shape[-1])
    reach = max(1, round(3 * deviation))
    steps = torch.arange(-reach, reach + 1, device=frames.device, dtype=torch.float32)
    kernel = torch.exp(-0.5 * (steps / deviation).square())
    kernel = kernel / kernel.sum()
    images = frames.reshape(-1, 1, *frames.shape[-2:])
    wide = pad(images, (reach,) * 4, mode="replicate")
    soft = conv2d(conv2d(wide, kernel.view(1, 1, 1, -1)), kernel.view(1, 1, -1, 1))
    return Clips(soft.reshape(frames.shape).clamp(0, 1), valid)


def frames_dropped(clips: Clips, seed: int, keys: Tensor) -> Clips:
    """Each frame is left out with the chance `DROPPED`; one of each clip always stays."""
    frames, valid = clean_view(clips)
    usable = valid.any(2)  # (N, T)
    draws = keyed.uniform(seed, "stability", "frames dropped", keys, count=valid.shape[1])
    draws = draws.to(valid.device).masked_fill(~usable, -1.0)
    surest = draws == draws.amax(1, keepdim=True)
    kept = (draws >= DROPPED) | surest
    return Clips(frames, valid & kept[..., None])


ALTERATIONS: Mapping[str, Alteration] = {
    "brightness": Alteration("times 0.7 to 1.3", _coloured("brightness", brightness)),
    "contrast": Alteration("times 0.7 to 1.3", _coloured("contrast", contrast)),
    "blur": Alteration("Gaussian, deviation 2 % of the side", blurred),
    "shift": Alteration("up to 5 % of the side, both ways", _moved(0, shift=SHIFT)),
    "rotation": Alteration("up to 8 degrees, both ways", _moved(1, rotation=ROTATION)),
    "flip": Alteration("mirror image", _moved(2, flip=1.0)),
    "frames dropped": Alteration("each with a chance of 0.3", frames_dropped, of_clips=True),
}
"""By name."""
