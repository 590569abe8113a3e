"""What a model's predictions are worth, with 95 % intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torchmetrics.functional.classification import (
    multiclass_accuracy,
    multiclass_calibration_error,
    multiclass_confusion_matrix,
    multiclass_f1_score,
    multiclass_precision,
)

from ferkit.errors import RunError
from ferkit.evaluation.bootstrap import (
    FEWEST_UNITS,
    NO_WIDTH,
    Floats,
    Tally,
    Units,
    draw_counts,
    headline_metrics,
    percentile_interval,
    quotient,
    resampling_units,
)
from ferkit.evaluation.wording import HEADLINES

_ROUNDING = 1e-5  # of torchmetrics' single precision


def evaluate(
    probs: Tensor | NDArray[Any],
    labels: Tensor | NDArray[Any],
    *,
    classes: Sequence[str],
    bootstrap: int,
    bins: int,
    seed: int,
    groups: Sequence[str] | None = None,
) -> dict[str, Any]:
    """Metrics of predicted distributions against labels.

    Point values are torchmetrics'; intervals are 95 % percentile bootstrap intervals over
    samples, or over subjects where a subject has several samples. Those of accuracies are
    widened to Wilson's (see `_proportion`). The other three are None, and
    `no_interval` says why, where there are too few units or resampling changes nothing.

    Args:
        probs: (N, K) float, rows sum to 1.
        labels: (N,) integers in 0 .. K-1.
        classes: K names in label order.
        bootstrap: resamples; 0 gives no intervals.
        bins: of the expected calibration error, equally wide over [0, 1].
        seed: of the resampling.
        groups: subject of each sample, "" if unknown.
    Returns: a JSON mapping, described in docs/report.md. What has no samples to be computed
            from is None.
    Raises:
        RunError: there are no samples, or a probability is not finite.
        ValueError: shapes, labels or names do not fit each other.
    """
    p, y = _checked(probs, labels, classes)
    n, k = p.shape
    confidence, predicted = p.max(dim=1)
    if k == 1:
        # torchmetrics wants two classes; one that nobody has or predicts changes nothing.
        p = torch.cat([p, torch.zeros_like(p)], dim=1)
    slots = max(2, k)
    confusion = multiclass_confusion_matrix(predicted, y, slots)[:k, :k]
    given = confusion.sum(dim=1)
    recall = multiclass_accuracy(predicted, y, slots, average="none")[:k]
    values = {
        "accuracy": float(multiclass_accuracy(predicted, y, slots, average="micro")),
        "mean_class_accuracy": float(recall[given > 0].mean()),
        "macro_f1": float(multiclass_f1_score(predicted, y, slots, average="macro")),
        "calibration_error": float(multiclass_calibration_error(p, y, slots, n_bins=bins)),
    }

    units = resampling_units(n, groups)
    tally = Tally(
        y.numpy(),
        predicted.numpy(),
        confidence_bins(confidence, bins).numpy(),
        confidence.double().numpy(),
        classes=k,
        slots=bins + 1,
    )
    draws = _bootstrap(tally, units, bootstrap, seed)
    result: dict[str, Any] = {"n": n}
    for name in HEADLINES:
        result[name] = (
            _proportion(values[name], n, units.number, draws.get(name))
            if name == "accuracy" and bootstrap
            else _headline(name, values[name], units, draws.get(name), asked=bootstrap > 0)
        )
    pairs = np.unique(y.numpy() * units.number + units.of)
    holders = np.bincount(pairs // units.number, minlength=k)  # units with samples of each class
    by_class = draws.get("by_class") if units.subjects else None
    precision = multiclass_precision(predicted, y, slots, average="none")
    f1 = multiclass_f1_score(predicted, y, slots, average="none")
    answers = confusion.sum(dim=0)
    result["per_class"] = {
        name: {
            "n": int(given[row]),
            **_class_accuracy(
                float(recall[row]), row, int(given[row]), int(holders[row]), by_class
            ),
            "precision": float(precision[row]) if answers[row] else None,
            "f1": float(f1[row]) if given[row] + answers[row] else None,
        }
        for row, name in enumerate(classes)
    }
    result["confusion"] = confusion.tolist()
    result["classes"] = list(classes)
    result["absent"] = [name for row, name in enumerate(classes) if given[row] == 0]
    result["bins"] = bins
    result["resampled"] = "subjects" if units.subjects else "samples"
    result["units"] = units.number
    result["bootstrap"] = bootstrap if draws else 0
    return result


def confidence_bins(confidence: Tensor, bins: int) -> Tensor:
    """The bin each confidence falls into, as torchmetrics draws them.

    Args:
        confidence: (N,) in [0, 1].
        bins: equally wide, [b_i, b_i+1); a confidence of exactly 1 gets a bin of its own.
    Returns: (N,) int64 in 0 .. bins.
    """
    edges = torch.linspace(0, 1, bins + 1, dtype=torch.float32)
    return torch.bucketize(confidence.float().contiguous(), edges, right=True) - 1


def wilson_interval(right: float, n: int) -> tuple[float, float]:
    """95 % interval of a proportion, good for few samples and near 0 and 1.

    Args:
        right: successes, 0 .. n; a fraction where trials are subjects that are partly right.
        n: trials, at least 1.
    Source: Wilson (1927), Journal of the American Statistical Association 22.
    """
    z2 = 1.959963984540054**2
    centre = (right + z2 / 2) / (n + z2)
    half = math.sqrt(z2 * (right * (n - right) / n + z2 / 4)) / (n + z2)
    return max(0.0, centre - half), min(1.0, centre + half)


def _checked(
    probs: Tensor | NDArray[Any], labels: Tensor | NDArray[Any], classes: Sequence[str]
) -> tuple[Tensor, Tensor]:
    p = torch.as_tensor(probs).detach().to("cpu", torch.float32)
    y = torch.as_tensor(labels).detach().to("cpu", torch.int64)
    if p.ndim != 2 or y.shape != p.shape[:1] or p.shape[1] != len(classes):
        raise ValueError(
            f"probabilities {tuple(p.shape)}, labels {tuple(y.shape)} and {len(classes)} "
            "class names do not fit: (N, K), (N,) and K are needed"
        )
    if len(p) == 0:
        raise RunError(
            "there are no labelled samples to evaluate.",
            hint="Give the split labels, or make it larger.",
        )
    broken = int((~p.isfinite()).any(dim=1).sum())
    if broken:
        raise RunError(f"the predictions of {broken} of {len(p)} samples are not finite.")
    if int(y.min()) < 0 or int(y.max()) >= len(classes):
        raise ValueError(f"labels must lie in 0 .. {len(classes) - 1}")
    # Rounding of a softmax may exceed 1 by an ulp, which would be taken for logits.
    return p.clamp(0, 1), y


def _bootstrap(tally: Tally, units: Units, resamples: int, seed: int) -> dict[str, Floats]:
    """(B,) values by headline, and (B, K) accuracies by class; {} if there is no interval."""
    if resamples == 0 or units.number < 2:
        return {}
    chunks: list[dict[str, Floats]] = []
    units = units._replace(of=units.of[tally.order])
    for counts in draw_counts(units, resamples, seed):
        tallies = tally(counts)
        by_class = np.where(tallies.given > 0, quotient(tallies.right, tallies.given), np.nan)
        chunks.append({**headline_metrics(tallies), "by_class": by_class})
    return {name: np.concatenate([chunk[name] for chunk in chunks]) for name in chunks[0]}


def _proportion(value: float, samples: int, units: int, draws: Floats | None) -> dict[str, Any]:
    """An accuracy with Wilson's interval, widened to the ends of its bootstrap.

    Where all is right or wrong, or all subjects are alike, a bootstrap has nothing to vary;
    Wilson's interval keeps its width there. Its trials are the samples; they are the units where
    these are fewer than `FEWEST_UNITS` or the bootstrap has no width, because it then does not
    show how alike the samples of a subject are, and at worst they are right or wrong together.

    Args:
        value: in [0, 1]. samples, units: at least 1. draws: (B,), None or empty: Wilson's alone.
    """
    ends = percentile_interval(draws) if draws is not None and len(draws) else (value, value)
    unseen = units < FEWEST_UNITS or ends[1] - ends[0] < NO_WIDTH
    trials = units if unseen else samples
    low, high = wilson_interval(value * trials, trials)
    low, high = min(low, ends[0]), max(high, ends[1])
    return {"value": value, "low": min(low, value), "high": max(high, value)}


def _headline(
    name: str, value: float, units: Units, draws: Floats | None, *, asked: bool
) -> dict[str, Any]:
    """A headline metric with its percentile interval, or with the reason why it has none."""
    if not asked or draws is None or units.number < FEWEST_UNITS:
        kind = "subjects" if units.subjects else "samples"
        why = f"fewer than {FEWEST_UNITS} {kind} to draw from" if asked else "none was asked for"
        return {"value": value, "low": None, "high": None, "no_interval": why}
    low, high = percentile_interval(draws)
    if high - low < NO_WIDTH:
        why = "resampling does not change it"
        return {"value": value, "low": None, "high": None, "no_interval": why}
    # A resample's calibration error is larger by nature, so its interval may truly lie above
    # the value; less than rounding is no such case.
    if name != "calibration_error" or low - value < _ROUNDING:
        low = min(low, value)
    return {"value": value, "low": low, "high": max(high, value)}


def _class_accuracy(
    accuracy: float, row: int, samples: int, units: int, by_class: Floats | None
) -> dict[str, float | None]:
    """Accuracy of one class with the interval of a proportion.

    Args:
        row: of the class. samples: of it. units: that have such samples. by_class: (B, K)
            accuracies over resampled subjects, NaN where no sample of a class was drawn.
    """
    if units == 0:
        return {"accuracy": None, "low": None, "high": None}
    draws = by_class[:, row] if by_class is not None else None
    drawn = None if draws is None else draws[np.isfinite(draws)]
    found = _proportion(accuracy, samples, units, drawn)
    return {"accuracy": accuracy, "low": found["low"], "high": found["high"]}
