"""Figures over the epochs: pool, weights, labels."""

from __future__ import annotations

import math
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure

from ferkit.evaluation.drawing import png
from ferkit.evaluation.pool_figure import pool_figure
from ferkit.evaluation.weight_course import (
    label_course_figure,
    weight_course_figure,
    weight_histograms,
)

EIGHT = tuple(f"a very long name of emotion {i}" for i in range(8))


def epochs(classes: tuple[str, ...], number: int, **changed: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = [
        {"phase": "supervised", "round": math.nan, "epoch": 1.0, "train_loss": 2.0}
    ]
    for epoch in range(1, number + 1):
        row: dict[str, Any] = {"phase": "self_training", "round": 1.0, "epoch": float(epoch)}
        row |= {f"pool_{name}": 2.0 * epoch for name in classes}
        row |= {f"picked_{name}": 1.0 for name in classes}
        row |= {"pool": 2.0 * epoch * len(classes), "picked": float(len(classes))}
        row |= {"pool_right": 0.9, "picked_right": 0.8, "labelled_at_floor": 5.0}
        row |= {"mean_weight_labelled": 0.9, "weight_zero_labelled": 0.1}
        row |= {"labelled_validation_trend": -0.1, "labelled_weights_moved": float(epoch == 2)}
        rows.append(row | changed)
    return rows


def histogram(epoch: float, counts: dict[float, float], **changed: Any) -> list[dict[str, Any]]:
    place = {"phase": "self_training", "round": 1.0, "epoch": epoch, "split": "labelled"}
    return [
        {**place, "lower": lower, "upper": lower + 0.5, "count": count, **changed}
        for lower, count in counts.items()
    ]


def texts_of(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.findobj(mpl.text.Text) if text.get_text()]


def test_pool_stacks_classes_to_its_size_and_shows_only_epochs_with_a_pool() -> None:
    figure = pool_figure(epochs(("happy", "sad"), 3), ("happy", "sad"))
    assert figure is not None
    pool, picked, right = figure.axes
    steps = [one for one in pool.patches if isinstance(one, mpl.patches.StepPatch)]
    upper = [np.asarray(one.get_data()[0])[1:].tolist() for one in steps]
    assert upper == [[2, 4, 6], [4, 8, 12], [4, 8, 12]]  # happy, sad on it, their sum as a line
    assert [one.get_xlim() for one in (pool, picked, right)] == [(1.5, 4.5)] * 3
    assert np.asarray(right.lines[0].get_ydata()).tolist() == [90, 90, 90]
    assert {"happy", "sad", "pool", "picked"} <= set(texts_of(figure))
    assert png(figure)


def test_a_class_called_right_is_not_taken_for_the_share_of_right_ones() -> None:
    rows = epochs(("left", "right"), 2)
    rows[-1] |= {"pool_right": 0.5, "picked_right": 0.5}
    figure = pool_figure(rows, ("left", "right"))
    assert figure is not None
    steps = [one for one in figure.axes[0].patches if isinstance(one, mpl.patches.StepPatch)]
    assert np.asarray(steps[1].get_data()[0])[1:].tolist() == [2, 4]  # nothing on top of "left"


@pytest.mark.parametrize("classes", [(), ("happy", "sad"), EIGHT, tuple("abcdefghijkl")])
@pytest.mark.parametrize("number", [1, 4])
@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"pool": 0.0, "picked": 0.0, "pool_right": math.nan, "picked_right": math.nan},
        {"picked": math.nan, "picked_right": math.nan},
    ],
)
def test_pools_of_any_kind_are_drawn(
    classes: tuple[str, ...], number: int, changed: dict[str, Any]
) -> None:
    figure = pool_figure(epochs(classes, number, **changed), classes)
    assert figure is not None
    assert png(figure)


def test_a_pool_that_is_blank_in_between_is_drawn() -> None:
    rows = epochs(("happy", "sad"), 4)
    rows[2] = {"phase": "self_training", "round": 1.0, "epoch": 2.0, "pool": math.nan}
    figure = pool_figure(rows, ("happy", "sad"))
    assert figure is not None
    assert png(figure)


def test_without_numbers_there_are_no_figures() -> None:
    rows = epochs((), 0)
    assert pool_figure(rows, ("happy",)) is None
    assert label_course_figure(rows) is None
    assert weight_histograms([], rows) is None
    assert pool_figure([], ()) is None


def test_a_run_that_weighs_nothing_has_no_figures_of_weights() -> None:
    rows = [{"mean_weight_labelled": 1.0, "weight_zero_labelled": 0.0}] * 3
    assert label_course_figure(rows) is None
    assert label_course_figure([*rows, {"mean_weight_labelled": 0.9}]) is not None
    after_rows = label_course_figure([*rows, *epochs((), 2)])
    assert after_rows is not None
    assert after_rows.axes[0].get_xlim() == (4.5, 6.5)  # three epochs, and one of `epochs`
    table = histogram(1.0, {0.0: 0.0, 0.5: 4.0, 1.0: 0.0})
    assert weight_histograms(table, rows) is None
    assert weight_histograms(table, epochs((), 1)) is not None


def test_histograms_are_shares_placed_by_their_epoch() -> None:
    table = [
        *histogram(3.0, {0.0: 1.0, 0.5: 2.0, 1.0: 1.0}),
        *histogram(1.0, {0.0: 0.0, 0.5: 4.0, 1.0: 0.0}),
        *histogram(2.0, {0.0: 0.0, 0.5: 0.0}),  # no sample at all
        *histogram(1.0, {0.0: 9.0}, split="unlabelled"),
        *histogram(1.0, {0.0: math.nan}),
    ]
    found = weight_histograms(table, epochs((), 3))
    assert found is not None
    assert found.rows.tolist() == [1, 3]
    assert found.edges.tolist() == [0, 0.5, 1]
    assert found.shares.tolist() == [[0, 1, 0], [0.25, 0.5, 0.25]]
    assert weight_histograms(table[:3], []) is not None  # metrics.csv is not there
    blank = [{"phase": "one", "round": math.nan, "epoch": 1.0}, *epochs((), 1)]
    placed = weight_histograms(histogram(1.0, {0.0: 1.0}, phase="one", round=0.0), blank)
    assert placed is not None
    assert placed.rows.tolist() == [0]


@pytest.mark.parametrize("above", [0.0, 2.0])
@pytest.mark.parametrize("number", [1, 3])
def test_weight_course_marks_the_epochs_in_which_weights_moved(above: float, number: int) -> None:
    rows = epochs((), number)
    table = [
        row
        for epoch in range(1, number + 1)
        for row in histogram(float(epoch), {0.0: 1.0, 0.5: 2.0, 1.0: above})
    ]
    found = weight_histograms(table, rows)
    assert found is not None
    figure = weight_course_figure(found, rows)
    moved = [line for line in figure.axes[0].lines if line.get_marker() == "v"]
    assert np.asarray(moved[0].get_xdata()).tolist() == ([3] if number == 3 else [])
    assert ("> 1" in texts_of(figure)) == (above > 0)
    assert ("weights moved in no epoch" in texts_of(figure)) == (number == 1)
    assert png(figure)
    assert png(weight_course_figure(found, []))


@pytest.mark.parametrize("number", [1, 30])
def test_label_course(number: int) -> None:
    figure = label_course_figure(epochs((), number))
    assert figure is not None
    assert len(figure.axes) == 3
    assert png(figure)
    alone = label_course_figure([{"labelled_at_floor": 0.0}])
    assert alone is not None
    assert len(alone.axes) == 1
    assert png(alone)
