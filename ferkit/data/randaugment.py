"""The strong view: RandAugment over clips, computed in batches on their device (B17)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

import torch
from torch import Tensor

from ferkit.contracts.data import Clips
from ferkit.data import randaugment_colour as colours
from ferkit.data import randaugment_geometry as geometry
from ferkit.data.augment import clean_view, weak_view
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
    if frames.numel() == 0:
        return clean_view(clips)
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
        amount: (M,) on the CPU, change in the operation's units, with its sign.
        border: what comes from outside where pixels move.
    Returns: (M, 3, H, W) in [0, 1].
    """
    if name in COLOURS:
        return COLOURS[name](images, amount.to(images.device))
    if name in MOVES:
        return MOVES[name](images, amount, border)
    return images


def apply_draws(images: Tensor, draws: Draws, settings: StrongSection) -> Tensor:
    """Apply to each image its own operations.

    Images go block by block through all places; in a block, those with the same operation at the
    same place are computed together. On a CPU a block fits into the cache, which saves more time
    than larger groups would.

    Args:
        images: (M, 3, H, W) uint8, or float in [0, 1]; at least one.
        draws: M of them, on the CPU.
    Returns: (M, 3, H, W) float32, new memory.
    """
    made = torch.empty(images.shape, dtype=torch.float32, device=images.device)
    size = _block(images)
    blocks = _groups(draws, size, len(settings.operations), images.device)
    centres = draws.centre.to(made.device)
    for groups, start in zip(blocks, range(0, len(images), size), strict=True):
        part = made[start : start + size]
        _fractions(images[start : start + size], out=part)
        for group in groups:
            _apply_to(part, group, settings)
        if settings.cutout:
            geometry.cut_out(part, centres[start : start + size], settings.cutout)
    return made


class _Group(NamedTuple):
    """Images of a block with the same operation at the same place.

    operation: index. first: of the images in the block. rows: (G,) int64 of all of them, on the
    device. amount: (G,) on the CPU, in ascending order.
    """

    operation: int
    first: int
    rows: Tensor
    amount: Tensor


def _groups(draws: Draws, size: int, operations: int, device: torch.device) -> list[list[_Group]]:
    """The groups of each block, from place to place; images without an operation are in none.

    Args:
        draws: of M images.
        size: images of a block. operations: how many there are.
    """
    count, places = len(draws.centre), len(draws.operation)
    blocks = -(-count // size)
    kinds = operations + 1  # what has no operation is a kind of its own, the first
    block = torch.arange(count) // size
    key = (block * places + torch.arange(places)[:, None]) * kinds + draws.operation + 1  # (P, M)
    by_amount = torch.argsort(draws.amount.flatten(), stable=True)
    order = by_amount[torch.argsort(key.flatten()[by_amount], stable=True)]
    sizes = torch.bincount(key.flatten(), minlength=blocks * places * kinds).tolist()
    inside = order % count % size
    firsts, rows, amounts = inside.tolist(), inside.to(device), draws.amount.flatten()[order]
    made: list[list[_Group]] = [[] for _ in range(blocks)]
    end = 0
    for index, length in enumerate(sizes):
        begin, end = end, end + length
        if length and index % kinds:
            made[index // (places * kinds)].append(
                _Group(index % kinds - 1, firsts[begin], rows[begin:end], amounts[begin:end])
            )
    return made


def _apply_to(block: Tensor, group: _Group, settings: StrongSection) -> None:
    """Apply an operation to a group of images of a block, in place."""
    name = settings.operations[group.operation]
    if len(group.rows) == 1:
        image = block[group.first : group.first + 1]
        answer = apply_operation(name, image, group.amount, settings.border)
        if answer is not image:
            image.copy_(answer)
    else:
        images = block.index_select(0, group.rows)
        answer = apply_operation(name, images, group.amount, settings.border)
        block.index_copy_(0, group.rows, answer)


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


def _block(images: Tensor) -> int:
    """How many images to compute at a time."""
    size = images[0].numel() * 4
    return max(1, (_CACHED if images.device.type == "cpu" else _ON_DEVICE) // size)


def _fractions(images: Tensor, *, out: Tensor) -> None:
    out.copy_(images)
    if not images.is_floating_point():
        out.div_(255)
