"""Galleries: rows of faces by class, and faces with bars."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ferkit.evaluation.bar_gallery import (
    BarFace,
    BarGroup,
    bar_gallery_figure,
    short_names,
    shown_classes,
)
from ferkit.evaluation.class_gallery import Caption, FaceRow, class_gallery_figure
from ferkit.evaluation.drawing import BLUE, GREEN, ORANGE, WRONG, png
from ferkit.evaluation.prediction_galleries import prediction_galleries
from ferkit.evaluation.run_folder import Predictions
from ferkit.evaluation.weight_galleries import training_galleries

FACE = np.zeros((3, 8, 8), np.uint8)
THREE = ("happy", "sad", "fear")


def crops(ids: Sequence[str]) -> NDArray[np.uint8]:
    return np.stack([FACE] * len(ids))


def texts_of(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.findobj(mpl.text.Text) if text.get_text()]


def bar_face(probs: list[float], **changed: Any) -> BarFace:
    given = {"given": 0, "truth": 1, "second": 2, "caption": "a caption", **changed}
    return BarFace(face=FACE, probs=np.array(probs), **given)


def samples(columns: dict[str, list[Any]], probs: list[list[float]]) -> Predictions:
    ids = [f"face{row}" for row in range(len(probs))]
    return Predictions({"id": ids, **columns}, THREE, np.array(probs))


def test_rows_have_weights_and_wrong_labels_in_red() -> None:
    row = FaceRow("happy (2)", np.stack([FACE] * 2), [Caption("0.10", "sad"), Caption("1.00")])
    figure = class_gallery_figure([row, row], "3 further classes are not shown.")
    red = [text.get_text() for text in figure.axes[0].texts if text.get_color() == WRONG]
    assert red == ["sad", "sad"]
    assert {"happy (2)", "0.10", "1.00", "3 further classes are not shown."} <= set(
        texts_of(figure)
    )
    assert len(figure.axes[0].images) == 4
    assert png(figure)


def test_bars_are_as_long_as_the_probabilities_and_say_what_they_are() -> None:
    figure = bar_gallery_figure([BarGroup("anger", [bar_face([0.5, 0.3, 0.2])])], THREE)
    bars = figure.axes[0].patches
    widths = np.array([bar.get_window_extent().width for bar in bars])
    assert widths / widths.sum() == pytest.approx([0.5, 0.3, 0.2])
    colours = [mpl.colors.to_hex(bar.get_facecolor()).upper() for bar in bars]
    assert colours == [BLUE, GREEN, ORANGE]
    assert {"anger", "given label", "true class", "second emotion"} <= set(texts_of(figure))
    assert png(figure)


def test_of_many_classes_the_highest_and_those_that_matter_are_shown() -> None:
    probs = [0.0] * 20
    probs[4:12] = [0.05, 0.1, 0.2, 0.3, 0.15, 0.1, 0.06, 0.04]
    face = bar_face(probs, given=0, truth=-1, second=19)
    assert shown_classes(face) == [0, 5, 6, 7, 8, 9, 10, 19]
    assert shown_classes(bar_face([0.5, 0.5])) == [0, 1]
    names = tuple(f"a long name {i}" for i in range(20))
    assert png(bar_gallery_figure([BarGroup("", [face] * 5)], names))


def test_short_names_are_told_apart() -> None:
    assert short_names(("surprised", "sad", "惊讶")) == ["surprise", "sad", "#3 "]
    assert short_names(("expression a", "expression b")) == ["#1 expr", "#2 expr"]


def test_a24_training_faces_by_weight() -> None:
    table = samples(
        {
            "split": ["labelled"] * 3 + ["unlabelled"],
            "given": ["happy", "happy", "sad", None],
            "truth": ["happy", "sad", "sad", "sad"],
            "weight": [1.0, 0.25, 1.0, 1.0],
        },
        [[1, 0, 0]] * 4,
    )
    asked: list[str] = []

    def remember(ids: Sequence[str]) -> NDArray[np.uint8]:
        asked.extend(ids)
        return crops(ids)

    figures = training_galleries(table, remember)
    assert asked[:3] == ["face1", "face0", "face2"]
    by_weight = figures["faces_by_weight"]
    assert by_weight is not None
    assert texts_of(by_weight) == ["happy (2)", "0.25", "sad", "1.00", "sad (1)", "1.00"]
    assert figures["lowest_weights"] is not None
    table.columns["weight"][1] = 1.0
    assert training_galleries(table, crops) == {}
    assert training_galleries(None, crops) == {}


def test_a23_test_faces_by_intensity_or_probability() -> None:
    columns: dict[str, list[Any]] = {
        "split": ["test"] * 4,
        "label": ["happy", "happy", "sad", "sad"],
        "truth": ["happy", "happy", "sad", "sad"],
        "intensity": [0.9, 0.1, 0.0, 0.0],
    }
    probs = [[0.8, 0.1, 0.1], [0.3, 0.4, 0.3], [0.1, 0.9, 0], [0.5, 0.4, 0.1]]
    figure = prediction_galleries(samples(columns, probs), crops)["faces_by_intensity"]
    assert figure is not None
    captions = [text for text in texts_of(figure) if "p 0" in text]
    assert captions == [
        "intensity 0.10, p 0.30", "intensity 0.90, p 0.80",
        "intensity 0.00, p 0.40", "intensity 0.00, p 0.90",  # all equal: by probability
    ]  # fmt: skip
    red = [text.get_text() for text in figure.axes[0].texts if text.get_color() == WRONG]
    assert red == ["intensity 0.10, p 0.30", "intensity 0.00, p 0.40"]
    del columns["intensity"]
    figures = prediction_galleries(samples(columns, probs), crops)
    assert "faces_by_intensity" not in figures
    assert figures["faces_by_probability"] is not None
    assert {"p 0.30", "p 0.80"} <= set(texts_of(figures["faces_by_probability"]))


def test_a25_doubtful_labels_and_blends() -> None:
    columns: dict[str, list[Any]] = {
        "split": ["test"] * 3,
        "label": ["happy", "sad", "fear"],
        "truth": ["sad", "sad", "fear"],
        "second": ["fear", "happy", "happy"],
    }
    probs = [[0.1, 0.8, 0.1], [0.5, 0.4, 0.1], [0.1, 0.1, 0.8]]
    figures = prediction_galleries(samples(columns, probs), crops)
    doubt, blend = figures["doubtful_labels"], figures["blends"]
    assert doubt is not None
    assert blend is not None
    assert {"given happy", "truth sad"} <= set(texts_of(doubt))
    assert "sad + happy" in texts_of(blend)
    assert "near_ties" not in figures
    del columns["second"]
    figures = prediction_galleries(samples(columns, probs), crops)
    assert figures["near_ties"] is not None
    assert "happy or sad" in texts_of(figures["near_ties"])


def test_a_model_that_is_always_right_has_no_galleries_of_errors() -> None:
    columns: dict[str, list[Any]] = {"split": ["test"], "label": ["happy"]}
    figures = prediction_galleries(samples(columns, [[0.9, 0.1, 0]]), crops)
    assert [name for name, figure in figures.items() if figure is not None] == [
        "faces_by_probability"
    ]
    columns["label"] = [None]
    figures = prediction_galleries(samples(columns, [[0.9, 0.1, 0]]), crops)
    assert all(figure is None for figure in figures.values())
    assert prediction_galleries(None, crops) == {}
    columns["split"] = ["validation"]
    assert prediction_galleries(samples(columns, [[1, 0, 0]]), crops) == {}
