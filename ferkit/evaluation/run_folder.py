"""Reads a run folder: what is there, and in words what is missing or broken."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import yaml
from numpy.typing import NDArray

from ferkit.errors import FerkitError

T = TypeVar("T")

_HISTOGRAM_COLUMNS = ("phase", "round", "epoch", "split", "lower", "upper", "count")
_SPLIT_ORDER = ("train", "labelled", "unlabelled", "validation", "test")


@dataclass(frozen=True)
class Predictions:
    """Rows of `predictions.parquet`, or of `train_samples.parquet`, as columns.

    columns: name -> N values. classes: K names, in label order. probs: (N, K) float.
    """

    columns: Mapping[str, list[Any]]
    classes: tuple[str, ...]
    probs: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.probs)

    def rows_of(self, split: str) -> NDArray[np.int64]:
        """Positions of the rows of one split."""
        return np.flatnonzero([value == split for value in self.columns["split"]])

    def numbers(self, name: str) -> NDArray[np.float64]:
        """A column of numbers, NaN where null: (N,)."""
        return np.array(
            [math.nan if value is None else value for value in self.columns[name]], np.float64
        )


@dataclass(frozen=True)
class RunFolder:
    """The readable part of a run folder; see docs/report.md for the files.

    missing: a sentence for each file that is not there or can't be read.
    """

    folder: Path
    run: Mapping[str, Any] = field(default_factory=dict)
    recipe_text: str = ""
    recipe: Mapping[str, Any] = field(default_factory=dict)
    results: Mapping[str, Any] = field(default_factory=dict)
    metrics: Sequence[Mapping[str, Any]] = ()
    predictions: Predictions | None = None
    train_samples: Predictions | None = None
    weight_histograms: Sequence[Mapping[str, Any]] = ()
    missing: tuple[str, ...] = ()


def read_run(folder: Path) -> RunFolder:
    """Read whatever a run has left.

    Raises: FerkitError: `folder` is not a folder.
    """
    if not folder.is_dir():
        raise FerkitError("is not a run folder.", where=str(folder), hint="Check the path.")
    missing: list[str] = []

    def attempt(
        name: str, read: Callable[[Path], T], otherwise: T, *, of_every_run: bool = True
    ) -> T:
        path = folder / name
        if not path.exists() and not of_every_run:
            return otherwise
        if not path.exists():
            missing.append(f"{name} is not there, so what it tells is left out.")
            return otherwise
        try:
            return read(path)
        except (OSError, ValueError, KeyError, TypeError, yaml.YAMLError, pa.ArrowException) as why:
            reason = str(why).splitlines()[0][:200] if str(why) else type(why).__name__
            missing.append(f"{name} can't be read ({reason}), so what it tells is left out.")
            return otherwise

    nothing: Mapping[str, Any] = {}
    no_text: str = ""
    no_rows: Sequence[Mapping[str, Any]] = ()
    no_predictions: Predictions | None = None
    recipe_text = attempt("recipe.yaml", lambda path: path.read_text(encoding="utf-8"), no_text)
    return RunFolder(
        folder=folder,
        run=attempt("run.json", read_object, nothing),
        recipe_text=recipe_text,
        recipe=attempt("recipe.yaml", _read_recipe, nothing) if recipe_text else nothing,
        results=attempt("results.json", read_object, nothing),
        metrics=attempt("metrics.csv", read_metrics, no_rows),
        predictions=attempt(
            "predictions.parquet", lambda path: read_samples(path, "label"), no_predictions
        ),
        train_samples=attempt(
            "train_samples.parquet", lambda path: read_samples(path, "given"), no_predictions
        ),
        weight_histograms=attempt(
            "weight_histograms.csv", read_weight_histograms, no_rows, of_every_run=False
        ),
        missing=tuple(missing),
    )


def read_object(path: Path) -> Mapping[str, Any]:
    """A JSON object.

    Raises: ValueError: it is something else. OSError: it can't be read.
    """
    content = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(content, dict):
        raise ValueError("it is not a JSON object")
    return content


def read_whole(path: Path, *, of: str) -> Mapping[str, Any]:
    """As `read_object`, of a file without which there is no page.

    Raises: FerkitError: it can't be read; asks whether the folder is that of `of`.
    """
    try:
        return read_object(path)
    except (OSError, ValueError) as error:
        hint = f"Is this the folder of {of}?"
        raise FerkitError(f"can't be read ({error}).", where=str(path), hint=hint) from error


def read_metrics(path: Path) -> list[dict[str, Any]]:
    """Rows of `metrics.csv`: `phase` as text, all else as float, NaN where blank or no number."""
    return _read_rows(path, texts=("phase",))


def read_weight_histograms(path: Path) -> list[dict[str, Any]]:
    """Rows of `weight_histograms.csv`: `phase` and `split` as text, all else as float.

    Raises: ValueError: columns are missing. OSError: it can't be read.
    """
    rows = _read_rows(path, texts=("phase", "split"))
    absent = [name for name in _HISTOGRAM_COLUMNS if rows and name not in rows[0]]
    if absent:
        raise ValueError(f"it lacks columns: {', '.join(absent)}")
    return rows


def _read_rows(path: Path, texts: Sequence[str]) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8", newline="") as file:
        return [
            {
                name: (value or "") if name in texts else _number(value)
                for name, value in row.items()
                if name is not None
            }
            for row in csv.DictReader(file)
        ]


def read_samples(path: Path, label: str) -> Predictions:
    """A table of samples with a probability per class.

    Args:
        label: the column of given labels: "label" in predictions, "given" in training samples.
    Raises: ValueError: columns are missing. OSError, ArrowException: it can't be read.
    """
    table = pq.read_table(path)
    names = [name for name in table.column_names if name.startswith("prob_")]
    absent = [name for name in ("id", "split", label) if name not in table.column_names]
    absent += [] if names else ["prob_<class>"]
    if absent:
        raise ValueError(f"it lacks columns: {', '.join(absent)}")
    probs = np.stack([table[name].to_numpy().astype(np.float64) for name in names], axis=1)
    return Predictions(
        columns={name: table[name].to_pylist() for name in table.column_names if name not in names},
        classes=tuple(name.removeprefix("prob_") for name in names),
        probs=probs,
    )


def split_sizes(run: Mapping[str, Any], classes: Sequence[str]) -> dict[str, dict[str, int]]:
    """Samples of each class in each split, from `run.json`.

    Args:
        run: content of `run.json`. classes: K names.
    Returns: split -> class -> samples, in the order of use. Those of unknown class are under "".
    """
    data = run.get("data")
    stated = data.get("splits") if isinstance(data, Mapping) else None
    sizes: dict[str, dict[str, int]] = {}
    for split, entry in (stated if isinstance(stated, Mapping) else {}).items():
        if isinstance(entry, int):
            sizes[str(split)] = {"": entry}
        elif isinstance(entry, Mapping):
            by_class = entry.get("classes") or {}
            counts = {name: int(by_class.get(name, 0)) for name in classes}
            counts[""] = max(0, int(entry.get("n", 0)) - sum(counts.values()))
            sizes[str(split)] = counts
    first = [split for split in _SPLIT_ORDER if split in sizes]
    return {split: sizes[split] for split in dict.fromkeys([*first, *sizes])}


def _read_recipe(path: Path) -> Mapping[str, Any]:
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    if not isinstance(content, dict):
        raise ValueError("it is not a mapping")
    return content


def _number(text: str | None) -> float:
    try:
        return float(text) if text else math.nan
    except ValueError:
        return math.nan
