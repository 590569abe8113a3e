"""The runs of a matrix as CSV: a row per run, and per round of each."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ferkit.evaluation.axes import Axes, axis_names, axis_values
from ferkit.evaluation.cost import gflops
from ferkit.evaluation.epochs import EPOCH_COLUMNS, epochs_values
from ferkit.evaluation.matrix import DETECTORS, MEASURES
from ferkit.evaluation.rounds import rounds_columns, rounds_of, rounds_values
from ferkit.evaluation.wording import HEADLINES, is_number

NOISE = tuple(f"{detector}_{measure}" for detector in DETECTORS for measure in MEASURES)
"""How well the signs of a wrong label find them."""

_BLENDS = ("both", "right_order", "top_is_second", "second_follows")
_EXPRESSIONS = ("intensity_rho", "intensity_rho_within_classes", *(f"blend_{n}" for n in _BLENDS))

_FRAMES = ("frame_weight_rho", "frame_weight_at_apex", "frames_at_apex")
_ATTENTION = (*_FRAMES, "attention_on_face", "face_area")
_STABILITY = ("stability_distance", "stability_changed")


@dataclass(frozen=True)
class MatrixRun:
    """One finished run.

    setting: "" where there is none. results: of results.json. first_accuracy: test accuracy of
    the first model of the same setting, seed and fold, or None. seconds: it took, or None.
    fold: that is its test split, or None.
    """

    setting: str
    variant: str
    seed: int
    folder: str
    results: Mapping[str, Any]
    first_accuracy: float | None
    seconds: float | None
    fold: int | None = None


def runs_csv(runs: Iterable[MatrixRun], *, axes: Axes | None = None) -> str:
    """A row per finished run, first and pretrained models included; fractions, not percent.

    Args:
        axes: setting -> axis -> value; each axis gets a column.
    """
    columns = ["setting", *axis_names(axes), "variant", "seed", "fold", "folder"]
    columns += [*HEADLINES, "n"]
    columns += [*NOISE, "wrong_labels", *_EXPRESSIONS, *_ATTENTION, *_STABILITY]
    columns += ["first_accuracy", "parameters", "gflops", "seconds", *EPOCH_COLUMNS]
    rows: list[list[Any]] = []
    for run in runs:
        test = run.results.get("test") or {}
        noise = run.results.get("label_noise") or {}
        rows.append(
            [
                run.setting,
                *axis_values(axes, run.setting),
                run.variant,
                run.seed,
                run.fold,
                run.folder,
                *((test.get(name) or {}).get("value") for name in HEADLINES),
                test.get("n"),
                *(
                    (noise.get(detector) or {}).get(measure)
                    for detector in DETECTORS
                    for measure in MEASURES
                ),
                noise["wrong"] / noise["n"] if noise.get("n") else None,
                *_expression_values(run.results),
                *_attention_values(run.results),
                *_stability_values(run.results),
                run.first_accuracy,
                (run.results.get("cost") or {}).get("parameters"),
                gflops(run.results.get("cost")),
                run.seconds,
                *epochs_values(run.results),
            ]
        )
    return csv_text(columns, rows)


def rounds_csv(runs: Iterable[MatrixRun]) -> str:
    """A row for each round of each finished run; fractions, not percent."""
    rows = [
        [run.setting, run.variant, run.seed, run.fold, *rounds_values(entry)]
        for run in runs
        for entry in rounds_of(run.results)
    ]
    return csv_text(["setting", "variant", "seed", "fold", *rounds_columns()], rows)


def csv_text(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """The table as CSV: numbers with six decimals, blank where there is none."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue()


def _expression_values(results: Mapping[str, Any]) -> list[Any]:
    """In the order of `_EXPRESSIONS`; None where the run's results lack it."""
    intensity, blends = results.get("intensity") or {}, results.get("blends") or {}
    rhos = [(intensity.get(name) or {}).get("rho") for name in ("overall", "within_classes")]
    return rhos + [(blends.get(name) or {}).get("value") for name in _BLENDS]


def _attention_values(results: Mapping[str, Any]) -> list[Any]:
    """In the order of `_ATTENTION`; the share on the face is that of the first region."""
    attention = results.get("attention") or {}
    frames = attention.get("frames") or {}
    apex = frames.get("apex") or {}
    regions = ((attention.get("space") or {}).get("on_face") or {}).get("regions") or {}
    first: Mapping[str, Any] = next(iter(regions.values()), {})
    rho = (frames.get("correlation") or {}).get("mean")
    return [rho, apex.get("weight"), apex.get("frames"), first.get("mass"), first.get("area")]


def _stability_values(results: Mapping[str, Any]) -> list[Any]:
    mean = (results.get("stability") or {}).get("mean") or {}
    return [mean.get("total_variation"), mean.get("changed")]


def _cell(value: Any) -> Any:
    if isinstance(value, float):
        return f"{value:.6f}" if is_number(value) else ""
    return "" if value is None else value
