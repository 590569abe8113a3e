"""Draws the figures of a run folder into its `figures/`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ferkit.evaluation.attention_bars import frames_figure, region_figure
from ferkit.evaluation.attention_examples import AttentionShown
from ferkit.evaluation.attention_maps import maps_figure, stages_figure
from ferkit.evaluation.drawing import save
from ferkit.evaluation.figures import confusion_figure, per_class_figure, reliability_figure
from ferkit.evaluation.gallery import Crops
from ferkit.evaluation.pool_figure import pool_figure
from ferkit.evaluation.prediction_galleries import prediction_galleries
from ferkit.evaluation.rounds import rounds_of
from ferkit.evaluation.rounds_figure import rounds_figure
from ferkit.evaluation.run_folder import Predictions, RunFolder, read_run, split_sizes
from ferkit.evaluation.stability_figure import stability_figure
from ferkit.evaluation.tables import is_metrics
from ferkit.evaluation.training_figures import (
    learning_figure,
    split_figure,
    target_figure,
    weight_figure,
)
from ferkit.evaluation.weight_course import (
    label_course_figure,
    weight_course_figure,
    weight_histograms,
)
from ferkit.evaluation.weight_galleries import training_galleries
from ferkit.evaluation.wording import is_number

__all__ = ["Crops", "write_figures", "wrong_labels"]


def write_figures(
    folder: Path,
    *,
    test_crops: Crops | None = None,
    train_crops: Crops | None = None,
    attention: AttentionShown | None = None,
) -> list[Path]:
    """Draw every figure that the files of a run folder allow; a later call replaces them.

    Args:
        folder: the run folder.
        test_crops: faces of the test split by id, for the galleries of predictions.
        train_crops: faces of the labelled training split by id, for the galleries by weight.
        attention: test clips with the weights of their predictions.
    Returns: the files, `figures/<name>.png`.
    Raises:
        FerkitError: `folder` is not a folder.
        RunError: a file cannot be written.
    """
    run = read_run(folder)
    drawn: dict[str, Figure | None] = {
        **_of_results(run),
        "rounds": rounds_figure(rounds_of(run.results)),
        "learning_curves": learning_figure(run.metrics) if run.metrics else None,
        "splits": _splits(run),
        **_of_labels(run),
        **_of_epochs(run),
        **_of_attention(run, attention),
        **(prediction_galleries(run.predictions, test_crops) if test_crops else {}),
        **(training_galleries(run.train_samples, train_crops) if train_crops else {}),
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
        "reliability": _reliability(run.predictions, metrics),
    }


def _of_attention(run: RunFolder, shown: AttentionShown | None) -> dict[str, Figure | None]:
    regions = (run.results.get("attention") or {}).get("regions")
    figures: dict[str, Figure | None] = {
        "attention_regions": region_figure(regions) if regions else None,
        "stability": stability_figure(run.results.get("stability")),
    }
    if shown is not None:
        figures["attention_maps"] = maps_figure(shown.examples, shown.regions)
        figures["attention_stages"] = stages_figure(shown.means, shown.regions)
        figures["attention_frames"] = frames_figure(shown.examples)
    return figures


def _of_epochs(run: RunFolder) -> dict[str, Figure | None]:
    samples = run.train_samples or run.predictions
    classes = run.run.get("classes") or (samples.classes if samples else ())
    histograms = weight_histograms(run.weight_histograms, run.metrics)
    return {
        "pool": pool_figure(run.metrics, classes),
        "label_course": label_course_figure(run.metrics),
        "weight_course": weight_course_figure(histograms, run.metrics) if histograms else None,
    }


def _reliability(predictions: Predictions | None, metrics: Mapping[str, Any]) -> Figure | None:
    if predictions is None:
        return None
    labels = predictions.columns["label"]
    rows = [row for row in predictions.rows_of("test") if labels[row] in predictions.classes]
    if not rows:
        return None
    probs = predictions.probs[rows]
    label_index = [predictions.classes.index(labels[row]) for row in rows]
    error = metrics["calibration_error"]["value"]
    return reliability_figure(
        probs.max(axis=1),
        probs.argmax(axis=1) == label_index,
        int(metrics.get("bins", 15)),
        error=error if is_number(error) else None,
    )


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
