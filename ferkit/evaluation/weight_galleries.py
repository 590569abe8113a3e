"""Chooses and draws the galleries of training faces by weight (paper A: A24)."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ferkit.evaluation.class_gallery import (
    COLUMNS,
    MOST_ROWS,
    Caption,
    FaceRow,
    class_gallery_figure,
)
from ferkit.evaluation.drawing import label, labels
from ferkit.evaluation.face_choice import Integers, indices, spread_per_class
from ferkit.evaluation.gallery import MOST, Crops, further_classes, gallery_figure, row_headings
from ferkit.evaluation.run_folder import Predictions


def training_galleries(samples: Predictions | None, crops: Crops) -> dict[str, Figure | None]:
    """Training faces by weight; nothing where the weights are equal or not known.

    Args:
        samples: of `train_samples.parquet`. crops: faces of its labelled samples.
    """
    if samples is None or "weight" not in samples.columns:
        return {}
    rows = samples.rows_of("labelled")
    weights = samples.numbers("weight")
    if not len(rows) or not np.isfinite(weights[rows]).all() or np.ptp(weights[rows]) == 0:
        return {}
    return {
        "faces_by_weight": _faces_by_weight(samples, rows, weights[rows], crops),
        "lowest_weights": _lowest_weights(samples, rows, weights[rows], crops),
    }


def _faces_by_weight(
    samples: Predictions, rows: Integers, weights: NDArray[np.float64], crops: Crops
) -> Figure | None:
    given = indices([samples.columns["given"][row] for row in rows], samples.classes)
    truth = np.full(len(rows), -1, np.int64)
    if "truth" in samples.columns:
        truth = indices([samples.columns["truth"][row] for row in rows], samples.classes)
    k = len(samples.classes)
    chosen = spread_per_class(weights, given, k, COLUMNS)
    shown = list(chosen)[:MOST_ROWS]
    if not shown:
        return None
    places = np.concatenate([chosen[one] for one in shown])
    faces = np.asarray(crops([samples.columns["id"][rows[place]] for place in places]))
    short = labels(samples.classes, 11)
    headings = row_headings(samples.classes, short)
    drawn: list[FaceRow] = []
    for one in shown:
        own = chosen[one]
        captions = [
            Caption(
                f"{weights[place]:.2f}",
                short[truth[place]] if truth[place] >= 0 and truth[place] != one else "",
            )
            for place in own
        ]
        first = sum(len(row.faces) for row in drawn)
        number = int((given == one).sum())
        heading = f"{headings[one]} ({number})"
        drawn.append(FaceRow(heading, faces[first : first + len(own)], captions))
    return class_gallery_figure(drawn, further_classes(len(chosen) - len(shown)))


def _lowest_weights(
    samples: Predictions, rows: Integers, weights: NDArray[np.float64], crops: Crops
) -> Figure:
    shown = [rows[place] for place in np.argsort(weights, kind="stable")[:MOST]]
    names = {name: label(name, place + 1, 12) for place, name in enumerate(samples.classes)}
    truth = samples.columns.get("truth")
    weight = samples.columns["weight"]
    captions = []
    for row in shown:
        known = names.get(truth[row]) if truth else None
        given = names.get(samples.columns["given"][row], "?")
        second = f"truth {known}" if known else ""
        captions.append(f"{given}, weight {weight[row]:.2f}\n{second}")
    faces = crops([samples.columns["id"][row] for row in shown])
    return gallery_figure(np.asarray(faces), captions)
