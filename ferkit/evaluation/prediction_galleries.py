"""Chooses and draws the galleries of a run's predictions (paper A: A23 and A25)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ferkit.evaluation.bar_gallery import (
    COLUMNS,
    MOST,
    BarFace,
    BarGroup,
    bar_gallery_figure,
    short_names,
)
from ferkit.evaluation.drawing import labels
from ferkit.evaluation.face_choice import (
    Integers,
    doubtful,
    indices,
    near_ties,
    second_on_top,
    spread_per_class,
)
from ferkit.evaluation.gallery import MOST as MOST_PLAIN
from ferkit.evaluation.gallery import Crops, further_classes, gallery_figure, row_headings
from ferkit.evaluation.run_folder import Predictions

_MOST_OF_A_CLASS = 6


def prediction_galleries(predictions: Predictions | None, crops: Crops) -> dict[str, Figure | None]:
    """Test faces with their predictions.

    Args:
        predictions: of `predictions.parquet`. crops: faces of its test split.
    """
    if predictions is None or not len(rows := predictions.rows_of("test")):
        return {}
    if not np.isfinite(predictions.probs[rows]).all():
        return {}
    test = _Test(predictions, rows, crops)
    name, spread = _spread(test)
    return {
        "wrong_predictions": _wrong_predictions(test),
        name: spread,
        "doubtful_labels": _doubtful_labels(test),
        **_blends(test),
    }


class _Test:
    """The test rows of the predictions: probs (n, K), and (n,) indices, -1 where unknown."""

    def __init__(self, predictions: Predictions, rows: Integers, crops: Crops) -> None:
        self.classes = predictions.classes
        self.names = labels(predictions.classes, 12)
        self.probs = predictions.probs[rows]
        self.top = self.probs.argmax(axis=1)
        self.given = self._indices(predictions, rows, "label")
        self.truth = self._indices(predictions, rows, "truth")
        self.second = self._indices(predictions, rows, "second")
        self.known = np.where(self.truth >= 0, self.truth, self.given)
        self.intensity = np.full(len(rows), np.nan)
        if "intensity" in predictions.columns:
            self.intensity = predictions.numbers("intensity")[rows]
        self._ids = [predictions.columns["id"][row] for row in rows]
        self._crops = crops

    def faces(self, places: Integers) -> NDArray[np.uint8]:
        return np.asarray(self._crops([self._ids[place] for place in places]))

    def name(self, place: int) -> str:
        return self.names[place] if place >= 0 else "?"

    @staticmethod
    def _indices(predictions: Predictions, rows: Integers, column: str) -> Integers:
        values = predictions.columns.get(column)
        if values is None:
            return np.full(len(rows), -1, np.int64)
        return indices([values[row] for row in rows], predictions.classes)


def _wrong_predictions(test: _Test) -> Figure | None:
    """The most confident errors first: there the label itself is most often doubtful."""
    surest = test.probs.max(axis=1)
    wrong = np.flatnonzero((test.given >= 0) & (test.given != test.top))
    shown = wrong[np.argsort(-surest[wrong], kind="stable")][:MOST_PLAIN]
    if not len(shown):
        return None
    captions = [
        f"given {test.name(test.given[place])}\n"
        f"{test.name(test.top[place])} {100 * surest[place]:.0f} %"
        for place in shown
    ]
    return gallery_figure(test.faces(shown), captions)


def _spread(test: _Test) -> tuple[str, Figure | None]:
    """From subtle to strong within each class; by the true class's probability if unknown."""
    k = len(test.classes)
    by_intensity = bool((np.isfinite(test.intensity) & (test.known >= 0)).any())
    own = test.probs[np.arange(len(test.probs)), np.maximum(test.known, 0)]
    values = test.intensity if by_intensity else own
    present = len(set(test.known[(test.known >= 0) & np.isfinite(values)].tolist()))
    if not present:
        return "faces_by_probability", None
    number = max(COLUMNS, min(_MOST_OF_A_CLASS, MOST // present) // COLUMNS * COLUMNS)
    chosen = spread_per_class(values, test.known, k, number)
    flat = [one for one, places in chosen.items() if np.ptp(values[places]) == 0]
    # Neutral faces have no intensity to be ordered by.
    by_probability = spread_per_class(own, np.where(np.isin(test.known, flat), test.known, -1), k,
                                      number)  # fmt: skip
    chosen |= by_probability
    shown = list(chosen)[: MOST // number]
    places = np.concatenate([chosen[one] for one in shown])

    def caption(place: int) -> str:
        value = f"p {own[place]:.2f}"
        return f"intensity {values[place]:.2f}, {value}" if by_intensity else value

    found = _bar_faces(test, places, [caption(place) for place in places])
    headings = row_headings(test.classes, short_names(test.classes))
    groups, first = [], 0
    for one in shown:
        faces = found[first : first + len(chosen[one])]
        groups.append(BarGroup(headings[one], faces))
        first += len(faces)
    name = "faces_by_intensity" if by_intensity else "faces_by_probability"
    return name, bar_gallery_figure(groups, test.classes, further_classes(len(chosen) - len(shown)))


def _doubtful_labels(test: _Test) -> Figure | None:
    places = doubtful(test.probs, test.given, test.truth)[:MOST]
    captions = [
        f"given {test.name(test.given[place])}\n"
        + (
            f"truth {test.name(test.truth[place])}"
            if test.truth[place] >= 0
            else f"{test.name(test.top[place])} {100 * test.probs[place].max():.0f} %"
        )
        for place in places
    ]
    return _one_group(test, places, captions, mark=True)


def _blends(test: _Test) -> dict[str, Figure | None]:
    by_truth = bool((test.second >= 0).any())
    places = (
        second_on_top(test.probs, test.known, test.second)
        if by_truth
        else near_ties(test.probs, test.given)
    )[:MOST]
    captions = []
    for place in places:
        one, other = np.argsort(-test.probs[place], kind="stable")[:2]
        captions.append(
            f"{test.name(test.known[place])} + {test.name(test.second[place])}"
            if by_truth
            else f"{test.name(one)} or {test.name(other)}"
        )
    return {"blends" if by_truth else "near_ties": _one_group(test, places, captions, mark=False)}


def _one_group(
    test: _Test, places: Integers, captions: Sequence[str], *, mark: bool
) -> Figure | None:
    if not len(places):
        return None
    faces = _bar_faces(test, places, captions, mark=mark)
    return bar_gallery_figure([BarGroup("", faces)], test.classes)


def _bar_faces(
    test: _Test, places: Integers, captions: Sequence[str], *, mark: bool = True
) -> list[BarFace]:
    return [
        BarFace(
            face=face,
            probs=test.probs[place],
            given=int(test.given[place]),
            truth=int(test.truth[place]),
            second=int(test.second[place]),
            caption=caption,
            is_wrong=mark and bool(test.top[place] != test.known[place]),
        )
        for face, place, caption in zip(test.faces(places), places, captions, strict=True)
    ]
