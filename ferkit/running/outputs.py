"""The tables a run leaves: metrics.csv, weight_histograms.csv, predictions.parquet and
train_samples.parquet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from torch import Tensor

from ferkit.contracts.data import Sample
from ferkit.errors import FerkitError
from ferkit.files import replacing, told_plainly, write_whole
from ferkit.running.expressions import intensities, second_emotions
from ferkit.training.job import Histogram
from ferkit.training.logged import BINS

EPOCH_COLUMNS = (
    "phase",
    "round",
    "epoch",
    "step",
    "train_loss",
    "validation_loss",
    "validation_accuracy",
    "lr",
    "seconds",
)


def write_metrics(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write a row per epoch; columns that only some phases have are blank elsewhere."""
    further = dict.fromkeys(key for row in rows for key in row if key not in EPOCH_COLUMNS)
    text = io.StringIO()
    writer = csv.DictWriter(text, [*EPOCH_COLUMNS, *further], restval="", lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({key: "" if value is None else value for key, value in row.items()})
    write_whole(path, text.getvalue())


def read_metrics(path: Path) -> list[dict[str, Any]]:
    """Rows of a metrics.csv, numbers as text, blanks as None; no rows if it is not there."""
    if not path.exists():
        return []
    try:
        with path.open(newline="", encoding="utf-8") as file:
            return [
                {key: value if value != "" else None for key, value in row.items()}
                for row in csv.DictReader(file)
            ]
    except (UnicodeDecodeError, csv.Error) as error:
        raise FerkitError(
            f"is damaged ({error}).", where=str(path), hint="Remove it: it is written again."
        ) from error


HISTOGRAM_COLUMNS = ("phase", "round", "epoch", "split", "lower", "upper", "count")


def write_histograms(path: Path, histograms: Iterable[Histogram]) -> None:
    """Write a row per bin and histogram; `upper` of the last bin is `inf`.

    A bin holds the weights from `lower` up to, but without, `upper`; the one that ends at 1 holds
    1 too, and the last one what is above 1.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HISTOGRAM_COLUMNS)
    edges = [*(f"{place / BINS:g}" for place in range(BINS + 1)), "inf"]
    for *of, counts in histograms:
        for lower, upper, count in zip(edges[:-1], edges[1:], counts, strict=True):
            writer.writerow([*of, lower, upper, count])
    write_whole(path, text.getvalue())


def read_histograms(path: Path) -> list[Histogram]:
    """What `write_histograms` wrote; none if the file is not there.

    Raises: FerkitError: the file is damaged.
    """
    if not path.exists():
        return []
    counts: dict[tuple[str, int, int, str], list[int]] = {}
    try:
        with path.open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                of = (row["phase"], int(row["round"]), int(row["epoch"]), row["split"])
                counts.setdefault(of, []).append(int(row["count"]))
        if any(len(bins) != BINS + 1 for bins in counts.values()):
            raise ValueError("bins are missing")
    except (UnicodeDecodeError, csv.Error, KeyError, TypeError, ValueError) as error:
        raise FerkitError(
            f"is damaged ({error}).", where=str(path), hint="Remove it: it is written again."
        ) from error
    return [Histogram(*of, counts=tuple(bins)) for of, bins in counts.items()]


def names(indices: Sequence[int] | Tensor, classes: Sequence[str]) -> list[str | None]:
    """Class names of label indices; None for -1."""
    return [classes[i] if i >= 0 else None for i in (int(i) for i in indices)]


def prediction_columns(
    samples: Sequence[Sample], probs: Tensor, *, classes: Sequence[str], split: str
) -> dict[str, Any]:
    """Columns of predictions.parquet for one split.

    Args:
        samples: N rows, labels as indices into `classes`.
        probs: (N, K).
    """
    values = probs.detach().cpu().float().numpy()
    predicted = values.argmax(axis=1) if len(values) else np.zeros(0, dtype=np.int64)
    columns: dict[str, Any] = {
        "id": [sample.id for sample in samples],
        "path": [sample.path for sample in samples],
        "split": [split] * len(samples),
        "subject": [sample.subject for sample in samples],
        "label": names([sample.label for sample in samples], classes),
        "truth": names([sample.truth for sample in samples], classes),
        "predicted": names(predicted.tolist(), classes),
        **{f"prob_{name}": values[:, k] for k, name in enumerate(classes)},
    }
    strength = np.array(intensities(samples), np.float32)
    if np.isfinite(strength).any():
        columns["intensity"] = pa.array(strength, mask=np.isnan(strength))
    second = second_emotions(samples, classes)
    if any(place >= 0 for place in second):
        columns["second"] = names(second, classes)
    return columns


def training_columns(
    samples: Sequence[Sample],
    *,
    given: Tensor,
    targets: Tensor,
    weights: Tensor,
    losses: Tensor,
    probs: Tensor,
    classes: Sequence[str],
    split: str,
) -> dict[str, Any]:
    """Columns of train_samples.parquet for one split.

    Args:
        given: (N,) label indices, -1 if none. targets: (N, K). weights: (N,).
        losses: (N,) of the finished model's clean predictions against the targets.
        probs: (N, K), those predictions.
    """
    target_values, prob_values = targets.cpu().float().numpy(), probs.cpu().float().numpy()
    intensity = [sample.attributes.get("intensity") for sample in samples]
    columns: dict[str, Any] = {
        "id": [sample.id for sample in samples],
        "path": [sample.path for sample in samples],
        "split": [split] * len(samples),
        "given": names(given, classes),
        "truth": names([sample.truth for sample in samples], classes),
        "weight": weights.cpu().float().numpy(),
        "loss": losses.cpu().float().numpy(),
        **{f"target_{name}": target_values[:, k] for k, name in enumerate(classes)},
        **{f"prob_{name}": prob_values[:, k] for k, name in enumerate(classes)},
    }
    if any(value is not None for value in intensity):
        columns["intensity"] = pa.array(intensity, pa.float32())
    return columns


def write_table(path: Path, parts: Sequence[Mapping[str, Any]]) -> None:
    """Write columns of several splits as one Parquet file, whole or not at all."""
    text = ("id", "path", "split", "subject", "label", "truth", "predicted", "given", "second")
    tables = [
        pa.table(
            {
                key: pa.array(value, pa.string()) if key in text else value
                for key, value in part.items()
            }
        )
        for part in parts
    ]
    table = pa.concat_tables(tables, promote_options="default")
    with told_plainly(path), replacing(path) as file:
        pq.write_table(table, file, compression="zstd")
