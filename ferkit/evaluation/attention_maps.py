"""Figures of the attention over places: heat maps on faces, per hop, region and stage (B28)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ferkit.evaluation.attention_examples import (
    AttentionExample,
    AttentionMeans,
    density,
)
from ferkit.evaluation.drawing import WIDTH, free_figure, house_style, label, literal

_MOST_HOPS = 4
_MOST_COLUMNS = 9
_SIDE = 96  # px of a panel's picture
_OCTAVES = 2.0  # colours end at a quarter and at four times the even density
_MOST_OPAQUE = 0.85
_BEND = 0.7  # below 1: small differences from the even density show, too
_MORE, _LESS = np.array([0.93, 0.13, 0.05]), np.array([0.05, 0.35, 0.95])
_LINE, _HEAD, _GAP = 0.13, 0.2, 0.04  # inches: a text, the headings, between panels
_SCALE = 0.34  # inches: of the colour scale below

Floats = NDArray[np.floating[Any]]


def maps_figure(examples: Sequence[AttentionExample], regions: Sequence[str]) -> Figure | None:
    """A row per example: each region's crop, and on it the map of each hop, mean over the stages.

    Of a clip the frame that weighs most is shown.

    Args:
        regions: R names.
    """
    drawn = [example for example in examples if example.maps]
    if not drawn:
        return None
    rows = []
    for example in drawn:
        frame = example.heaviest
        row = []
        for region in range(len(regions)):
            crop = example.crops[frame, region]
            maps = density([own[frame, region] for own in example.maps], _SIDE)
            row.append((crop, maps))
        rows.append(row)
    hops = min(_MOST_HOPS, rows[0][0][1].shape[0])
    with_crop = len(regions) * (hops + 1) <= _MOST_COLUMNS
    heads = ([""] if with_crop else []) + _hop_names(hops)
    panels = [
        [
            picture
            for crop, maps in row
            for picture in ([_fitted(crop)] if with_crop else [])
            + [heat_on_face(crop, maps[hop]) for hop in range(hops)]
        ]
        for row in rows
    ]
    return _grid(panels, regions, heads, [example.caption for example in drawn])


def stages_figure(means: AttentionMeans, regions: Sequence[str]) -> Figure | None:
    """A row per stage: mean maps over the test clips on the mean crop, per region and hop."""
    if not means.maps:
        return None
    hops = min(_MOST_HOPS, max(own.shape[1] for own in means.maps))
    panels = []
    for own in means.maps:
        row = []
        for region in range(len(regions)):
            wide = density([own[region]], _SIDE)
            row += [
                heat_on_face(means.crop[region], wide[hop]) if hop < len(wide) else None
                for hop in range(hops)
            ]
        panels.append(row)
    names = [f"map {place + 1}, {own.shape[2]} x {own.shape[3]} places"
             for place, own in enumerate(means.maps)]  # fmt: skip
    return _grid(panels, regions, _hop_names(hops), names)


def heat_on_face(crop: NDArray[np.uint8], density: Floats) -> NDArray[np.float64]:
    """A map over a crop: red where attention is above the even one, blue where it is below.

    The scale is the same for all maps, so that an even map leaves the face as it is.

    Args:
        crop: (3, S, S) uint8. density: (side, side), 1 where attention is spread evenly.
    Returns: (side, side, 3) in [0, 1], grey where the density is 1.
    """
    octaves = np.log2(np.maximum(density, 1e-9)) / _OCTAVES
    away = np.clip(octaves, -1, 1)[..., None]
    colours = np.where(away > 0, _MORE, _LESS)
    opacity = _MOST_OPAQUE * np.abs(away) ** _BEND
    return np.asarray((1 - opacity) * _grey(crop, density.shape) + opacity * colours, np.float64)


def _grey(crop: NDArray[np.uint8], shape: tuple[int, ...]) -> Floats:
    """(H, W, 1) in [0, 1], nearest pixels."""
    rows, columns = (
        (np.arange(n) * size) // n for n, size in zip(shape, crop.shape[1:], strict=True)
    )
    return np.asarray(crop[:, rows][:, :, columns].mean(axis=0)[..., None] / 255)


def _fitted(crop: NDArray[np.uint8], side: int = _SIDE) -> NDArray[np.float64]:
    """(3, S, S) uint8 -> (side, side, 3) in [0, 1], the nearest pixels."""
    at = (np.arange(side) * crop.shape[1]) // side
    return np.asarray(crop[:, at][:, :, at].transpose(1, 2, 0) / 255)


def _hop_names(hops: int) -> list[str]:
    return [f"hop {hop + 1}" if hops > 1 else "attention" for hop in range(hops)]


def _grid(
    panels: Sequence[Sequence[NDArray[np.float64] | None]],
    regions: Sequence[str],
    heads: Sequence[str],
    names: Sequence[str],
) -> Figure:
    """Panels in rows under their names; `heads` come again for each region."""
    columns = len(panels[0])
    side = min(1.1, (WIDTH - _GAP * (columns + 1)) / columns)
    height = _HEAD + _LINE + len(panels) * (side + _LINE + 2 * _GAP) + _SCALE
    with house_style():
        figure, axes = free_figure(height)
        axes.set(xlim=(0, WIDTH), ylim=(height, 0))
        for place, region in enumerate(regions):
            left = _GAP + place * len(heads) * (side + _GAP)
            if len(regions) > 1:
                axes.text(left, 0.02, label(region, place + 1), fontsize=9, weight="bold",
                          va="top")  # fmt: skip
            for column, head in enumerate(heads):
                at = left + column * (side + _GAP)
                axes.text(at + side / 2, _HEAD, head, fontsize=7, ha="center", va="top")
        for row, (pictures, name) in enumerate(zip(panels, names, strict=True)):
            top = _HEAD + _LINE + row * (side + _LINE + 2 * _GAP)
            axes.text(_GAP, top + _LINE, literal(name), fontsize=8, va="bottom")
            for column, picture in enumerate(pictures):
                if picture is not None:
                    _show(axes, picture, _GAP + column * (side + _GAP), top + _LINE + 0.02, side)
        _scale(axes, height - _SCALE + 0.06)
    return figure


def _scale(axes: Axes, top: float) -> None:
    """The colours, as they look on a middle grey, and what they stand for."""
    steps = np.linspace(-_OCTAVES, _OCTAVES, 161)
    strip = heat_on_face(np.full((3, 1, 161), 128, np.uint8), 2.0 ** steps[None])
    width = 0.5 * WIDTH
    left = (WIDTH - width) / 2
    axes.imshow(strip, extent=(left, left + width, top + 0.08, top), aspect="auto")
    for share, text in ((0.0, "1/4"), (0.5, "even"), (1.0, "4 times")):
        axes.text(left + share * width, top + 0.1, text, fontsize=7, ha="center", va="top")


def _show(axes: Axes, picture: NDArray[np.float64], left: float, top: float, side: float) -> None:
    axes.imshow(
        picture, extent=(left, left + side, top + side, top), interpolation="nearest", aspect="auto"
    )
