"""Figures of the weights of regions and of frames (paper B: B28)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ferkit.evaluation.attention_examples import AttentionExample
from ferkit.evaluation.drawing import (
    BLUE,
    GREY,
    INK,
    ORANGE,
    bar_height,
    class_colours,
    house_style,
    labels,
    literal,
    new_figure,
)

_MOST_CLIPS = 4
_MOST_THUMBS = 8
_DOTS_UP_TO = 40


def region_figure(results: Mapping[str, Any]) -> Figure | None:
    """Mean weight of each region, a bar for each class and one for all samples.

    Args:
        results: what `region_results` returned.
    """
    regions, everything = results["names"], results["all"]
    if not everything or len(regions) < 2:
        return None
    entries = {**results["per_class"], "": everything}
    names = [*labels(list(results["per_class"])), "all"]
    colours, short = class_colours(len(regions)), labels(regions, 14)
    with house_style():
        figure, (axes,) = new_figure(bar_height(len(entries)))
        for row, entry in enumerate(entries.values()):
            left = 0.0
            for place, region in enumerate(regions):
                width = 100 * entry["weights"][region]
                name = short[place] if row == 0 else None
                axes.barh(row, width, left=left, color=colours[place], height=0.72, label=name)
                if width >= 8:
                    ink = "white" if _is_dark(colours[place]) else INK
                    axes.text(left + width / 2, row, f"{width:.0f}", ha="center", va="center",
                              fontsize=9, color=ink)  # fmt: skip
                left += width
        for step in range(1, len(regions)):
            axes.axvline(100 * step / len(regions), color=INK, linestyle=":", linewidth=1)
        axes.set_yticks(
            range(len(entries)),
            [f"{name} ({entry['n']})" for name, entry in zip(names, entries.values(), strict=True)],
        )
        axes.set_ylim(len(entries) - 0.4, -0.6)
        axes.set_xlim(0, 100)
        axes.grid(visible=False)
        axes.set_xlabel("mean weight, % (dotted: equal weights)")
        axes.set_ylabel("class (samples)")
        figure.legend(loc="outside upper center", ncols=min(4, len(regions)))
    return figure


def _is_dark(colour: Any) -> bool:
    red, green, blue = to_rgb(colour)
    return 0.299 * red + 0.587 * green + 0.114 * blue < 0.55


def frames_figure(examples: Sequence[AttentionExample]) -> Figure | None:
    """Clips as strips of frames, and below each frame its weight and, where known, the intensity.

    Clips whose intensity is known to change come first.
    """
    clips = [one for one in examples if one.frames is not None and len(one.frames) > 1]
    if not clips:
        return None
    clips.sort(key=lambda one: one.intensity is None or not np.ptp(one.intensity))
    clips = clips[:_MOST_CLIPS]
    with house_style():
        figure, rows = new_figure(0.4 + 1.85 * len(clips), ratios=[0.62, 1] * len(clips))
        for number, example in enumerate(clips):
            strip, curve = rows[2 * number], rows[2 * number + 1]
            _strip(strip, example)
            has_intensity = _curve(curve, example)
            if number == len(clips) - 1:
                curve.set_xlabel("frame", fontsize=9)
        handles, names = curve.get_legend_handles_labels()
        if has_intensity or any(one.intensity is not None for one in clips):
            handles.append(curve.plot([], [], color=ORANGE)[0])
            names.append("known intensity (right)")
        figure.legend(handles, names, loc="outside upper center", ncols=3, fontsize=9)
    return figure


def _strip(axes: Axes, example: AttentionExample) -> None:
    """Frames at even steps, each above its place on the axis of frames."""
    count = len(example.crops)
    shown = min(_MOST_THUMBS, count)
    at = (2 * np.arange(shown) + 1) * count // (2 * shown)
    axes.set_title(literal(example.caption), fontsize=9, weight="normal", pad=2)
    axes.axis("off")
    for place, frame in enumerate(at):
        inset = axes.inset_axes(((place + 0.02) / shown, 0, 0.96 / shown, 1))
        inset.imshow(example.crops[frame, 0].transpose(1, 2, 0), interpolation="nearest")
        inset.axis("off")


def _curve(axes: Axes, example: AttentionExample) -> bool:
    """Weights in percent, and the intensity on an axis at the right; whether that is there."""
    assert example.frames is not None
    count = len(example.frames)
    frame = np.arange(count) + 1
    marker = "o" if count <= _DOTS_UP_TO else None
    axes.plot(frame, 100 * example.frames, color=BLUE, marker=marker, markersize=4,
              label="weight, %")  # fmt: skip
    axes.axhline(100 / count, color=GREY, linestyle="--", linewidth=1, label="equal weights")
    axes.set_xlim(0.5, count + 0.5)
    axes.set_ylim(0, 1.15 * max(200 / count, 100 * float(example.frames.max())))
    axes.xaxis.set_major_locator(MaxNLocator(min(count, 8), integer=True))
    axes.locator_params(axis="y", nbins=4)
    axes.tick_params(labelsize=8)
    if example.intensity is None:
        return False
    right = axes.twinx()
    right.plot(frame, example.intensity, color=ORANGE, linewidth=1.5)
    right.set_ylim(0, 1.05)
    right.grid(visible=False)
    right.tick_params(labelsize=8, colors=ORANGE)
    return True
