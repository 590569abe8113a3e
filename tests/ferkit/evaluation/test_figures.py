"""Figures: they draw what they are given, whatever the names, and warn of nothing."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure

from ferkit.evaluation.drawing import is_drawable, label, labels, png, save
from ferkit.evaluation.figures import (
    confusion_figure,
    per_class_figure,
    reliability_figure,
    variants_figure,
)
from ferkit.evaluation.gallery import gallery_figure
from ferkit.evaluation.matrix import summarise_matrix
from ferkit.evaluation.metrics import evaluate
from ferkit.evaluation.training_figures import (
    learning_figure,
    split_figure,
    target_figure,
    weight_figure,
)

LONG = tuple(f"a very long näme of a class, number {i}" for i in range(17))
TWENTY = (*LONG, "惊讶", "$x^2$ & \n <b>", "😀")


def metrics_of(classes: tuple[str, ...], n: int = 60) -> dict[str, Any]:
    generator = np.random.default_rng(0)
    probs = generator.dirichlet(np.ones(len(classes)), n)
    truth = generator.integers(len(classes), size=n)
    return evaluate(probs, truth, classes=classes, bootstrap=20, bins=5, seed=0)


def is_png(figure: Figure) -> bool:
    return png(figure).startswith(b"\x89PNG")


def texts_of(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.findobj(mpl.text.Text) if text.get_text()]


def assert_axes_are_labelled(figure: Figure) -> None:
    axes = figure.axes[0]
    assert axes.get_ylabel()
    assert figure.axes[-1].get_xlabel() or axes.get_xlabel()


@pytest.mark.parametrize("classes", [("happy",), ("happy", "sad"), TWENTY])
def test_results_are_drawn_for_any_number_of_classes(classes: tuple[str, ...]) -> None:
    metrics = metrics_of(classes)
    for figure in (confusion_figure(metrics["confusion"], classes), per_class_figure(metrics)):
        assert is_png(figure)
        assert_axes_are_labelled(figure)


def test_confusion_shows_share_and_count() -> None:
    drawn = texts_of(confusion_figure([[3, 1], [0, 0]], ("happy", "sad")))
    assert "75 %\n3" in drawn
    assert "25 %\n1" in drawn


def test_reliability_joins_bins_that_hold_samples() -> None:
    confidence = np.array([0.55, 0.55, 0.95, 1.0])
    correct = np.array([True, False, True, True])
    figure = reliability_figure(confidence, correct, 10)
    model = figure.axes[0].lines[1]
    assert np.asarray(model.get_xdata()) == pytest.approx([55, 97.5])
    assert np.asarray(model.get_ydata()) == pytest.approx([50, 100])
    bars = [bar for bar in figure.axes[1].patches if isinstance(bar, mpl.patches.Rectangle)]
    assert [bar.get_height() for bar in bars if bar.get_height()] == [2, 2]
    assert "the model" in texts_of(figure)
    assert "the model (ECE 4.3 %)" in texts_of(
        reliability_figure(confidence, correct, 10, error=0.0429)
    )
    assert is_png(figure)


def test_learning_curves_part_phases_and_leave_gaps() -> None:
    rows = [
        {"phase": "first", "round": 0.0, "train_loss": 2.0, "validation_loss": math.nan},
        {"phase": "first", "round": 0.0, "train_loss": 1.0, "validation_loss": 1.5},
        {"phase": "second", "round": 0.0, "train_loss": 0.9, "validation_loss": 1.4},
    ]
    figure = learning_figure(rows)
    drawn = [np.asarray(line.get_xdata()).tolist() for line in figure.axes[0].lines]
    assert drawn == [[1, 2], [3], [2], [3], [2.5, 2.5]]  # two phases of each curve, the border
    assert {"first", "second"} <= set(texts_of(figure))
    assert is_png(figure)


def test_learning_curves_without_any_number_are_still_drawn() -> None:
    assert is_png(learning_figure([{"phase": "first", "train_loss": math.nan}]))


def test_label_figures() -> None:
    weights = np.array([0.1, 0.9, 1.0, 1.0])
    apart = weight_figure(weights, np.array([True, False, False, False]))
    assert {"right labels (3)", "wrong labels (1)"} <= set(texts_of(apart))
    for figure in (apart, weight_figure(np.ones(3), None), weight_figure(weights * 3, None)):
        assert is_png(figure)
        assert_axes_are_labelled(figure)
    assert is_png(target_figure({"labelled": np.array([0.3, 1.0])}))
    assert is_png(split_figure({"test": {"happy": 3}}, ("happy", "sad")))


def test_variants_show_each_seed_and_the_mean() -> None:
    runs = {
        name: {seed: {"test": {"accuracy": {"value": value + seed / 10}}} for seed in seeds}
        for name, value, seeds in (("one", 0.5, (0, 1)), ("two", 0.6, (0,)))
    }
    figure = variants_figure(summarise_matrix(runs, baseline="one", metric="accuracy"))
    dots = [np.asarray(found.get_offsets())[:, 0].tolist() for found in figure.axes[0].collections]
    assert dots == [pytest.approx([50, 60]), pytest.approx([60])]
    assert is_png(figure)


def test_gallery_takes_any_number_of_faces() -> None:
    face = np.zeros((1, 3, 8, 8), np.uint8)
    for n in (1, 5):
        assert is_png(gallery_figure(face.repeat(n, axis=0), ["given $happy$\nsad 90 %"] * n))
    with pytest.raises(ValueError, match="2 captions were given for 1 faces"):
        gallery_figure(face, ["a", "b"])
    with pytest.raises(ValueError, match="uint8"):
        gallery_figure(face.astype(np.float32), ["a"])


def test_names_are_drawn_literally_shortened_and_told_apart() -> None:
    assert label("$x$", 1) == r"\$x\$"
    assert label("two\nlines", 1) == "two lines"
    assert label("a name that is too long", 1, 10) == "a name th…"
    assert label("惊讶", 3) == "#3"
    assert label("", 3) == "#3"
    assert is_drawable("Überraschung")
    same = labels(["a very long name, first", "a very long name, second", "short"], 10)
    assert len(set(same)) == 3
    assert same[2] == "short"


def test_figures_leave_global_settings_alone_and_are_the_same_bytes_twice(tmp_path: Path) -> None:
    before = dict(mpl.rcParams)
    one, two = (weight_figure(np.array([0.2, 1.0]), None) for _ in range(2))
    assert png(one) == png(two)
    assert save(one, tmp_path / "new" / "figure.png").stat().st_size > 1000
    assert dict(mpl.rcParams) == before
