"""Images of any size through a network that wants multiples of 16 and has a bounded reach."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product

import torch
from torch import Tensor

Change = Callable[[Tensor], Tensor]


def pad_to_multiple(images: Tensor, multiple: int) -> tuple[Tensor, slice, slice]:
    """Reflect images at their edges until both sides are multiples of `multiple`.

    What is added goes half before and half behind, the odd pixel behind. Images smaller than what
    is added are reflected to and fro.

    Args:
        images: (B, C, H, W), H and W at least 1.
        multiple: pixels, at least 1.
    Returns: (B, C, H', W') and the rows and columns in which the images lie.
    """
    height, width = images.shape[-2:]
    rows, columns = -height % multiple // 2, -width % multiple // 2
    padded = images
    if height % multiple:
        padded = padded.index_select(2, _reflected(height, multiple, rows).to(images.device))
    if width % multiple:
        padded = padded.index_select(3, _reflected(width, multiple, columns).to(images.device))
    return padded, slice(rows, rows + height), slice(columns, columns + width)


def _reflected(size: int, multiple: int, before: int) -> Tensor:
    """Which of the `size` pixels stands at each place of the padded axis: (L,) int64."""
    place = torch.arange(size + -size % multiple) - before
    period = max(2 * (size - 1), 1)
    folded = place.remainder(period)
    return torch.where(folded < size, folded, period - folded)


def cover(
    length: int, *, longest: int, margin: int, multiple: int
) -> Iterator[tuple[slice, slice]]:
    """Equal overlapping pieces of an axis, so few that none is longer than `longest`.

    Args:
        length: of the axis, pixels; a multiple of `multiple`.
        longest: a multiple of `multiple`, more than twice `margin`.
        margin: what a piece must see beyond what it answers, pixels; a multiple of `multiple`.
    Yields: what a piece sees, and what of it is its answer; the answers cover the axis once.
    """
    overlap = 2 * margin
    count = max(1, -(-(length - overlap) // (longest - overlap))) if length > longest else 1
    exact = -(-(length + (count - 1) * overlap) // count)
    size = exact + -exact % multiple
    for number in range(count):
        start = min(number * (size - overlap), length - size)
        first = start + margin if number else 0
        following = min((number + 1) * (size - overlap), length - size)
        end = following + margin if number + 1 < count else length
        yield slice(start, start + size), slice(first, end)


def in_pieces(
    images: Tensor, change: Change, *, longest: int, margin: int, multiple: int, together: int
) -> Tensor:
    """Apply `change` to pieces of the images and put the answers together.

    The result is that of the whole images, if what `change` answers at a pixel depends on no other
    further than `margin` away and pieces start at multiples of `multiple`.

    Args:
        images: (B, C, H, W), H and W multiples of `multiple`.
        change: (b, C, h, w) -> (b, C', h, w).
        longest: side of a piece, pixels. margin: what a piece sees beyond its answer.
        together: pixels that `change` gets at once; a piece goes through however large it is.
    Returns: (B, C', H, W).
    """
    height, width = images.shape[-2:]
    rows = list(cover(height, longest=longest, margin=margin, multiple=multiple))
    columns = list(cover(width, longest=longest, margin=margin, multiple=multiple))
    result: Tensor | None = None
    for (seen_y, own_y), (seen_x, own_x) in product(rows, columns):
        piece = images[..., seen_y, seen_x]
        some = max(1, together // (piece.shape[-2] * piece.shape[-1]))
        for first in range(0, len(images), some):
            answer = change(piece[first : first + some])
            if result is None:
                result = answer.new_empty(len(images), answer.shape[1], height, width)
            result[first : first + some, :, own_y, own_x] = answer[
                ..., _within(own_y, seen_y), _within(own_x, seen_x)
            ]
    assert result is not None, "no images"
    return result


def _within(own: slice, seen: slice) -> slice:
    return slice(own.start - seen.start, own.stop - seen.start)
