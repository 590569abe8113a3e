"""A matrix as CSV: a row per variant (and setting), per run, and per round."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ferkit.evaluation.axes import Axes, axis_names, axis_values
from ferkit.evaluation.cost import gflops
from ferkit.evaluation.epochs import EPOCH_COLUMNS, epochs_cells, epochs_values
from ferkit.evaluation.matrix import DETECTORS, MEASURES
from ferkit.evaluation.rounds import rounds_columns, rounds_of, rounds_values
from ferkit.evaluation.spreads import metric_of
from ferkit.evaluation.wording import HEADLINES, is_number

Summaries = Mapping[str, Mapping[str, Any]]
"""Setting -> what `summarise_matrix` returned."""

_SPREAD = ("n", "mean", "sd", "low", "high", "method")
_ENDS = ("sd", "low", "high")
_NOISE = tuple(f"{detector}_{measure}" for detector in DETECTORS for measure in MEASURES)

_METRICS = (
    *(f"mean_of_{name}" for name in HEADLINES),
    *(f"{end}_of_{name}" for name in HEADLINES for end in _ENDS),
)

_BLENDS = ("both", "right_order", "top_is_second", "second_follows")
_EXPRESSIONS = ("intensity_rho", "intensity_rho_within_classes", *(f"blend_{n}" for n in _BLENDS))

_FRAMES = ("frame_weight_rho", "frame_weight_at_apex", "frames_at_apex")
_ATTENTION = (*_FRAMES, "attention_on_face", "face_area")
_STABILITY = ("stability_distance", "stability_changed")
_NETWORK = ("stability_distance", "parameters", "gflops")
_TEST = ("p", "p_holm", "test", "test_n", "test_units", "test_difference", "test_low", "test_high")
_PAPER = ("paper", "paper_metric", "ours_less_paper", "paper_source")


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


def matrix_csv(summary: Mapping[str, Any]) -> str:
    """A row per variant of a matrix without settings, a column per run; fractions.

    Args:
        summary: what `summarise_matrix` returned.
    """
    keys = [key for key in _SPREAD if key != "method"]
    seeds = summary["seeds"]
    noises = ("weight_auroc", "weight_precision_at_k", "loss_auroc")
    columns = ["variant", *keys, *(f"gain_{key}" for key in keys)]
    columns += [*_METRICS, *noises, *_NETWORK]
    columns += [*EPOCH_COLUMNS, *_TEST, *_PAPER]
    columns += [f"seed_{seed}" for seed in map(_as_column, seeds)]
    rows: list[list[Any]] = []
    for name, entry in summary["variants"].items():
        gain, noise = entry["gain"] or {}, entry["label_noise"] or {}
        rows.append(
            [
                name,
                *(entry[key] for key in keys),
                *(gain.get(key) for key in keys),
                *_metric_values(entry),
                *(noise.get(found, {}).get("mean") for found in noises),
                *_network_values(entry),
                *epochs_cells(entry.get("epochs")),
                *_test_values(entry),
                *_paper_values(entry, summary),
                *(entry["values"].get(seed) for seed in seeds),
            ]
        )
    return _text(columns, [*rows, *_published(summary, columns)])


def settings_csv(
    summaries: Summaries,
    *,
    first_accuracy: Mapping[str, Mapping[str, float]] | None = None,
    axes: Axes | None = None,
) -> str:
    """A row per setting and variant; fractions, not percent.

    Args:
        summaries: setting -> what `summarise_matrix` returned.
        first_accuracy: setting -> run -> test accuracy of its first model.
        axes: setting -> axis -> value; each axis gets a column.
    """
    names = axis_names(axes)
    columns = ["setting", *names, "variant", *_SPREAD]
    columns += ["gain", *(f"gain_{key}" for key in _SPREAD if key != "mean")]
    columns += _METRICS
    columns += [*_NOISE, "wrong_labels", "first_accuracy", *_NETWORK, *EPOCH_COLUMNS]
    columns += [*_TEST, *_PAPER]
    rows: list[list[Any]] = []
    for setting, summary in summaries.items():
        first = list((first_accuracy or {}).get(setting, {}).values())
        for variant, entry in summary["variants"].items():
            gain, noise = entry["gain"] or {}, entry["label_noise"] or {}
            rows.append(
                [
                    setting,
                    *axis_values(axes, setting),
                    variant,
                    *(entry[key] for key in _SPREAD),
                    gain.get("mean"),
                    *(gain.get(key) for key in _SPREAD if key != "mean"),
                    *_metric_values(entry),
                    *(noise.get(name, {}).get("mean") for name in _NOISE),
                    noise["wrong"] / noise["n"] if noise.get("n") else None,
                    sum(first) / len(first) if first else None,
                    *_network_values(entry),
                    *epochs_cells(entry.get("epochs")),
                    *_test_values(entry),
                    *_paper_values(entry, summary),
                ]
            )
        where = dict(zip(names, axis_values(axes, setting), strict=True))
        rows += _published(summary, columns, {"setting": setting, **where})
    return _text(columns, rows)


def runs_csv(runs: Iterable[MatrixRun], *, axes: Axes | None = None) -> str:
    """A row per finished run, first and pretrained models included; fractions, not percent.

    Args:
        axes: setting -> axis -> value; each axis gets a column.
    """
    columns = ["setting", *axis_names(axes), "variant", "seed", "fold", "folder"]
    columns += [*HEADLINES, "n"]
    columns += [*_NOISE, "wrong_labels", *_EXPRESSIONS, *_ATTENTION, *_STABILITY]
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
    return _text(columns, rows)


def rounds_csv(runs: Iterable[MatrixRun]) -> str:
    """A row for each round of each finished run; fractions, not percent."""
    rows = [
        [run.setting, run.variant, run.seed, run.fold, *rounds_values(entry)]
        for run in runs
        for entry in rounds_of(run.results)
    ]
    return _text(["setting", "variant", "seed", "fold", *rounds_columns()], rows)


def _as_column(key: str) -> str:
    """ "0" or, of fold 3, "0_fold_3"."""
    return key.replace(".", "_fold_")


def _test_values(entry: Mapping[str, Any]) -> list[Any]:
    """In the order of `_TEST`; p values keep six digits however small they are."""
    test = entry.get("test") or {}
    p_values = [f"{test[key]:.6g}" if is_number(test.get(key)) else None for key in ("p", "p_holm")]
    keys = ("test", "n", "units", "difference", "low", "high")
    return p_values + [test.get(key) for key in keys]


def _paper_values(entry: Mapping[str, Any], summary: Mapping[str, Any]) -> list[Any]:
    """In the order of `_PAPER`."""
    paper = entry.get("paper")
    if not paper:
        return [None] * len(_PAPER)
    about = summary["paper"]
    return [paper["value"], about["metric"], paper["difference"], about["source"]]


def _published(
    summary: Mapping[str, Any], columns: Sequence[str], where: Mapping[str, Any] | None = None
) -> list[list[Any]]:
    """A row for each published model: it has no n, and its figure stands under `paper`."""
    about = summary.get("paper") or {}
    rows = []
    for name, value in about.get("models", {}).items():
        known = {**(where or {}), "variant": name, "method": "published", "paper": value}
        known |= {"paper_metric": about["metric"], "paper_source": about["source"]}
        rows.append([known.get(column) for column in columns])
    return rows


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


def _metric_values(entry: Mapping[str, Any]) -> list[Any]:
    """In the order of `_METRICS`, of a variant of a summary."""
    found = {name: metric_of(entry, name) for name in HEADLINES}
    means = [found[name]["mean"] for name in HEADLINES]
    return means + [found[name].get(end) for name in HEADLINES for end in _ENDS]


def _network_values(entry: Mapping[str, Any]) -> list[Any]:
    """In the order of `_NETWORK`, of a variant of a summary."""
    cost = entry.get("cost")
    return [entry.get("stability_distance"), (cost or {}).get("parameters"), gflops(cost)]


def _stability_values(results: Mapping[str, Any]) -> list[Any]:
    mean = (results.get("stability") or {}).get("mean") or {}
    return [mean.get("total_variation"), mean.get("changed")]


def _text(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, float):
        return f"{value:.6f}" if is_number(value) else ""
    return "" if value is None else value
