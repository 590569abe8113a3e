"""Draws the figures of a run folder into its `figures/`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ferkit.evaluation.drawing import label, save
from ferkit.evaluation.figures import confusion_figure, per_class_figure, reliability_figure
from ferkit.evaluation.gallery import MOST, gallery_figure
from ferkit.evaluation.run_folder import Predictions, RunFolder, read_run, split_sizes
from ferkit.evaluation.tables import is_metrics
from ferkit.evaluation.training_figures import (
    learning_figure,
    split_figure,
    target_figure,
    weight_figure,
)

if TYPE_CHECKING:
    from torch import Tensor

Crops = Callable[[Sequence[str]], "NDArray[np.uint8] | Tensor"]
"""Sample ids -> their faces, (n, 3, H, W) uint8 RGB, in that order."""


def write_figures(
    folder: Path, *, test_crops: Crops | None = None, train_crops: Crops | None = None
) -> list[Path]:
    """Draw every figure that the files of a run folder allow; a later call replaces them.

    Args:
        folder: the run folder.
        test_crops: faces of the test split by id, for the gallery of wrong predictions.
        train_crops: faces of the labelled training split by id, for the gallery of those that
            weigh least.
    Returns: the files, `figures/<name>.png`.
    Raises:
        FerkitError: `folder` is not a folder.
        RunError: a file cannot be written.
    """
    run = read_run(folder)
    drawn: dict[str, Figure | None] = {
        **_of_results(run),
        "learning_curves": learning_figure(run.metrics) if run.metrics else None,
        "splits": _splits(run),
        **_of_labels(run),
        "wrong_predictions": _wrong_predictions(run.predictions, test_crops),
        "lowest_weights": _lowest_weights(run.train_samples, train_crops),
    }
    return [
        save(figure, folder / "figures" / f"{name}.png")
        for name, figure in drawn.items()
        if figure is not None
    ]


def wrong_labels(samples: Predictions, rows: NDArray[np.int64]) -> NDArray[np.bool_] | None:
    """Which of `rows` have a wrong label: (n,) bool; None unless the truth of all is known."""
    given, truth = samples.columns.get("given"), samples.columns.get("truth")
    if given is None or truth is None or any(truth[row] is None for row in rows):
        return None
    return np.array([given[row] != truth[row] for row in rows], dtype=bool)


def _of_results(run: RunFolder) -> dict[str, Figure | None]:
    metrics = run.results.get("test")
    if not is_metrics(metrics):
        return {}
    return {
        "confusion": confusion_figure(metrics["confusion"], metrics["classes"]),
        "per_class": per_class_figure(metrics),
        "reliability": _reliability(run.predictions, int(metrics.get("bins", 15))),
    }


def _reliability(predictions: Predictions | None, bins: int) -> Figure | None:
    if predictions is None:
        return None
    labels = predictions.columns["label"]
    rows = [row for row in predictions.rows_of("test") if labels[row] in predictions.classes]
    if not rows:
        return None
    probs = predictions.probs[rows]
    label_index = [predictions.classes.index(labels[row]) for row in rows]
    return reliability_figure(probs.max(axis=1), probs.argmax(axis=1) == label_index, bins)


def _splits(run: RunFolder) -> Figure | None:
    classes = run.run.get("classes") or []
    by_class = {
        split: {name: n for name, n in counts.items() if name}
        for split, counts in split_sizes(run.run, classes).items()
        if split != "unlabelled"  # so large that the others would be lost beside it
    }
    counted = any(n for counts in by_class.values() for n in counts.values())
    return split_figure(by_class, classes) if counted else None


def _of_labels(run: RunFolder) -> dict[str, Figure | None]:
    samples = run.train_samples
    if samples is None or not len(samples):
        return {}
    figures: dict[str, Figure | None] = {}
    labelled = samples.rows_of("labelled")
    if len(labelled) and "weight" in samples.columns:
        weights = samples.numbers("weight")[labelled]
        wrong = wrong_labels(samples, labelled)
        figures["weights"] = weight_figure(weights, wrong) if np.isfinite(weights).all() else None
    names = [name for name in samples.columns if name.startswith("target_")]
    if names:
        surest = np.stack([samples.numbers(name) for name in names]).max(axis=0)
        by_split = {split: surest[samples.rows_of(split)] for split in ("labelled", "unlabelled")}
        known = {split: values[np.isfinite(values)] for split, values in by_split.items()}
        figures["target_confidence"] = target_figure(
            {split: values for split, values in known.items() if len(values)}
        )
    return figures


def _wrong_predictions(predictions: Predictions | None, crops: Crops | None) -> Figure | None:
    """The most confident errors first: there the label itself is most often doubtful."""
    if predictions is None or crops is None:
        return None
    labels = predictions.columns["label"]
    answers = [predictions.classes[place] for place in predictions.probs.argmax(axis=1)]
    surest = predictions.probs.max(axis=1)
    wrong = [
        row
        for row in predictions.rows_of("test")
        if labels[row] is not None and labels[row] != answers[row]
    ]
    shown = sorted(wrong, key=lambda row: -surest[row])[:MOST]
    names = {name: label(name, place + 1, 12) for place, name in enumerate(predictions.classes)}
    captions = [
        f"given {names.get(labels[row], '?')}\n{names[answers[row]]} {100 * surest[row]:.0f} %"
        for row in shown
    ]
    return _gallery(predictions, shown, captions, crops)


def _lowest_weights(samples: Predictions | None, crops: Crops | None) -> Figure | None:
    if samples is None or crops is None or "weight" not in samples.columns:
        return None
    weights = samples.numbers("weight")
    rows = samples.rows_of("labelled")
    if len(rows) == 0 or np.ptp(weights[rows]) == 0:
        return None
    shown = sorted(rows, key=lambda row: weights[row])[:MOST]
    names = {name: label(name, place + 1, 12) for place, name in enumerate(samples.classes)}
    truth = samples.columns.get("truth")
    captions = []
    for row in shown:
        known = names.get(truth[row]) if truth else None
        given = names.get(samples.columns["given"][row], "?")
        second = f"{given}, weight {weights[row]:.2f}"
        captions.append(f"{second}\n" + (f"truth {known}" if known else ""))
    return _gallery(samples, shown, captions, crops)


def _gallery(
    samples: Predictions, rows: Sequence[Any], captions: Sequence[str], crops: Crops
) -> Figure | None:
    if not rows:
        return None
    faces = crops([samples.columns["id"][row] for row in rows])
    return gallery_figure(np.asarray(faces), captions)
