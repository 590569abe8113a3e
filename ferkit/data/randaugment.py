"""The strong view: RandAugment over clips, computed in batches on their device (B17)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import torch
from torch import Tensor

from ferkit.contracts.data import Clips
from ferkit.data import randaugment_colour as colours
from ferkit.data import randaugment_geometry as geometry
from ferkit.data.augment import weak_view
from ferkit.data.keyed import text_key
from ferkit.data.randaugment_draws import Draws, draws_of
from ferkit.view_sections import AugmentationSection, Operation, StrongSection

COLOURS: Mapping[Operation, Callable[[Tensor, Tensor], Tensor]] = MappingProxyType(
    {
        "brightness": colours.brightness,
        "contrast": colours.contrast,
        "colour": colours.colour,
        "sharpness": colours.sharpness,
        "posterise": colours.posterise,
        "solarise": colours.solarise,
        "auto_contrast": colours.auto_contrast,
        "equalise": colours.equalise,
    }
)
MOVES: Mapping[Operation, Callable[[Tensor, Tensor, geometry.Border], Tensor]] = MappingProxyType(
    {
        "flip": geometry.flip,
        "translate_x": geometry.translate_x,
        "translate_y": geometry.translate_y,
        "rotate": geometry.rotate,
        "shear_x": geometry.shear_x,
        "shear_y": geometry.shear_y,
    }
)

_CACHED = 1 << 20  # bytes of float images computed together on a CPU, so that they stay in cache
_ON_DEVICE = 1 << 28  # elsewhere: few launches, and the memory stays bounded


@torch.no_grad()
def strong_view(
    clips: Clips,
    *,
    settings: StrongSection,
    seed: int,
    epoch: int,
    ids: Tensor,
    view: int = 0,
    weak: AugmentationSection | None = None,
) -> Clips:
    """Apply a few random operations to each clip, one after another.

    All valid frames and regions of a clip get the same operations in the same order, with the same
    magnitudes and signs; with `per_frame`, all regions of a frame. The draw depends on (seed,
    epoch, id, view) alone. What is not valid stays as it is.

    Args:
        clips: (N, T, R, 3, H, W) uint8, or float in [0, 1].
        settings: operations and ranges.
        ids: (N,) int64; on the CPU nothing waits for the device. The same holds for `clips.valid`.
        view: number of the view, where a step wants several.
        weak: of the weak view that `weak_first` asks for; None: none is made.
    Returns: float32 in [0, 1], same shape, without gradient.
    Source: Kumar et al., "Noisy Student Training using Body Language Dataset Improves Facial
        Expression Recognition", section 4.2 (B17); Cubuk et al. (arXiv:1909.13719).
    """
    if settings.weak_first and weak is not None:
        # A draw of its own: the weak view that the same step may hold moves otherwise.
        own = text_key(f"{seed} weak below strong")
        clips = weak_view(clips, settings=weak, seed=own, epoch=epoch, ids=ids, view=view)
    frames, valid = clips
    n, t, r, _, height, width = frames.shape
    draws = draws_of(
        settings,
        seed=seed,
        epoch=epoch,
        ids=ids.cpu(),
        view=view,
        frames=t if settings.per_frame else None,
    )
    per_image = _per_image(draws, valid.cpu())
    made = apply_draws(frames.reshape(n * t * r, 3, height, width), per_image, settings)
    return Clips(made.view(frames.shape), valid)


def apply_operation(
    name: Operation, images: Tensor, amount: Tensor, border: geometry.Border = "grey"
) -> Tensor:
    """Apply one operation to each image.

    Args:
        images: (M, 3, H, W) float32 in [0, 1], contiguous; may be overwritten.
        amount: (M,) change in the operation's units, with its sign.
        border: what comes from outside where pixels move.
    Returns: (M, 3, H, W) in [0, 1].
    """
    if name in COLOURS:
        return COLOURS[name](images, amount)
    if name in MOVES:
        return MOVES[name](images, amount, border)
    return images


def apply_draws(images: Tensor, draws: Draws, settings: StrongSection) -> Tensor:
    """Apply to each image its own operations: those equal at one place together.

    Args:
        images: (M, 3, H, W) uint8, or float in [0, 1].
        draws: M of them, on the CPU.
    Returns: (M, 3, H, W) float32, new memory.
    """
    made = torch.empty(images.shape, dtype=torch.float32, device=images.device)
    if images.numel() == 0:
        return made
    order = torch.argsort(draws.operation, dim=1, stable=True)  # (P, M)
    amounts = draws.amount.gather(1, order).to(images.device)
    together = _together(images)
    for place, (operation, rows, amount) in enumerate(
        zip(draws.operation, order.to(images.device), amounts, strict=True)
    ):
        # -1, where nothing is done, comes first.
        sizes = torch.bincount(operation + 1, minlength=len(settings.operations) + 1).tolist()
        groups = zip(torch.split(rows, sizes), torch.split(amount, sizes), strict=True)
        for name, (some, by) in zip(("identity", *settings.operations), groups, strict=True):
            if name == "identity" and place > 0:
                continue
            for part, part_by in zip(
                torch.split(some, together), torch.split(by, together), strict=True
            ):
                if not len(part):
                    continue
                values = _fractions(images.index_select(0, part))
                made.index_copy_(0, part, apply_operation(name, values, part_by, settings.border))
        images = made
    if settings.cutout:
        centres = draws.centre.to(made.device)
        for part, centre in zip(
            torch.split(made, together), torch.split(centres, together), strict=True
        ):
            geometry.cut_out(part, centre, settings.cutout)
    return made


def _per_image(draws: Draws, valid: Tensor) -> Draws:
    """Spread the draws of clips or frames over their valid images; the others get none.

    Args:
        draws: N or N T of them. valid: (N, T, R).
    Returns: N T R of them.
    """
    n, t, r = valid.shape
    own = torch.arange(len(draws.centre)).view(n, -1, 1).expand(n, t, r).flatten()
    used = valid.flatten()
    return Draws(
        torch.where(used, draws.operation[:, own], -1),
        draws.amount[:, own],
        # A square infinitely far away covers nothing.
        draws.centre[own].masked_fill(~used[:, None], float("inf")),
    )


def _together(images: Tensor) -> int:
    """How many images to compute at a time."""
    size = images[0].numel() * 4
    return max(1, (_CACHED if images.device.type == "cpu" else _ON_DEVICE) // size)


def _fractions(images: Tensor) -> Tensor:
    if images.is_floating_point():
        return images.to(torch.float32)
    return images.to(torch.float32).div_(255)
