"""Figure of the pool of confident predictions over the epochs (paper A: A3 to A5)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ferkit.evaluation.drawing import (
    BLUE,
    GREY,
    INK,
    ORANGE,
    class_colours,
    house_style,
    labels,
    new_figure,
)
from ferkit.evaluation.epoch_axis import (
    Rows,
    column,
    curve,
    mark_phases,
    phases_of,
    show_epochs,
    stretch,
)


def pool_figure(rows: Rows, classes: Sequence[str]) -> Figure | None:
    """Size of the pool and of the picked part per class, and how often both are right.

    Args:
        rows: of `metrics.csv`. Columns: pool, picked (samples), pool_<class>, picked_<class>,
            and, where the truth is known, the shares pool_right, picked_right.
        classes: K names.
    Returns: None where no epoch has a pool.
    """
    shown = stretch(rows, ["pool"])
    if shown is None:
        return None
    phases = phases_of(rows)
    has_picked = stretch(rows, ["picked"]) is not None
    shares = [name for name in ("pool_right", "picked_right") if stretch(rows, [name])]
    ratios = [1.5, *([1.0] if has_picked else []), *([0.9] if shares else [])]
    names = labels(classes, 14)
    with house_style():
        legend_rows = -(-len(classes) // 3)
        figure, axes = new_figure(0.8 + 1.35 * sum(ratios) + 0.2 * legend_rows, ratios=ratios)
        stacked = _stack(axes[0], rows, "pool", classes, names)
        axes[0].set_ylabel("samples in the pool")
        if has_picked:
            stacked |= _stack(axes[1], rows, "picked", classes, names)
            axes[1].set_ylabel("picked")
        if shares:
            curve(axes[-1], rows, "pool_right", phases, BLUE, "pool", "o", scale=100)
            curve(axes[-1], rows, "picked_right", phases, ORANGE, "picked", "s", scale=100)
            axes[-1].set(ylabel="right, %", ylim=(-3, 103))
            axes[-1].legend(loc="best", ncols=2)
        for one in axes:
            show_epochs(one, *shown)
        for one in axes[:-1]:
            one.tick_params(labelbottom=False)
        axes[-1].set_xlabel("epoch, counted over all phases")
        mark_phases(axes, rows, phases, shown)
        if stacked:
            handles, texts = axes[0].get_legend_handles_labels()
            if not handles and has_picked:
                handles, texts = axes[1].get_legend_handles_labels()
            figure.legend(
                handles, texts, loc="outside upper center", ncols=3, fontsize=9,
                handlelength=1.2, columnspacing=1.2,
            )  # fmt: skip
        figure.align_ylabels(axes)
    return figure


def _stack(axes: Axes, rows: Rows, name: str, classes: Sequence[str], names: Sequence[str]) -> bool:
    """Classes stacked on each other and a line for their sum; whether any class is known."""
    total = column(rows, name)
    edges = np.arange(len(rows) + 1) + 0.5
    below = np.zeros(len(rows))
    # `pool_right` is the share of right ones; a class of that name has no column of its own.
    by_class = [
        np.full(len(rows), np.nan) if one == "right" else column(rows, f"{name}_{one}")
        for one in classes
    ]
    stacked = any(np.isfinite(values).any() for values in by_class)
    if stacked:
        for values, text, colour in zip(by_class, names, class_colours(len(classes)), strict=True):
            above = below + np.where(np.isfinite(values), values, 0)
            axes.stairs(above, edges, baseline=below, fill=True, color=colour, label=text,
                        linewidth=0)  # fmt: skip
            below = above
    else:
        axes.stairs(np.nan_to_num(total), edges, fill=True, color=GREY, alpha=0.5, linewidth=0)
    # Without a baseline the line does not fall to zero at the ends of gaps.
    axes.stairs(total, edges, baseline=None, color=INK, linewidth=1.3)
    highest = max(1.0, float(np.nanmax(total, initial=0)), float(below.max(initial=0)))
    axes.set_ylim(0, 1.06 * highest)
    axes.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=4))
    axes.grid(visible=False, axis="x")
    return stacked
