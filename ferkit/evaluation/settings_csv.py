"""A matrix as CSV: a row per variant, and setting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ferkit.evaluation.axes import Axes, axis_names, axis_values
from ferkit.evaluation.cost import gflops
from ferkit.evaluation.epochs import EPOCH_COLUMNS, epochs_cells
from ferkit.evaluation.pooled_words import is_pooled
from ferkit.evaluation.published import models_by_metric, published_models
from ferkit.evaluation.runs_csv import NOISE, csv_text
from ferkit.evaluation.spreads import metric_of
from ferkit.evaluation.wording import HEADLINES, is_number

Summaries = Mapping[str, Mapping[str, Any]]
"""Setting -> what `summarise_matrix` returned."""

_SPREAD = ("n", "mean", "sd", "low", "high", "method")
_ENDS = ("sd", "low", "high")

_METRICS = (
    *(f"mean_of_{name}" for name in HEADLINES),
    *(f"{end}_of_{name}" for name in HEADLINES for end in _ENDS),
)

_NETWORK = ("stability_distance", "parameters", "gflops")
_TEST = ("p", "p_holm", "test", "test_n", "test_units", "test_difference", "test_low", "test_high")
_PAPER = ("paper", "paper_metric", "ours_less_paper", "paper_source")
_PAPERS = tuple(f"{what}_{name}" for name in HEADLINES[:3] for what in ("paper", "ours_less_paper"))
_POOLED = (
    "main",
    *(f"pooled_{name}" for name in HEADLINES),
    *(f"pooled_{end}_of_{name}" for name in HEADLINES for end in _ENDS),
    "pooled_method",
    "pooled_seeds",
    "pooled_samples",
    *(f"folds_mean_of_{name}" for name in HEADLINES),
)


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
    columns += [*EPOCH_COLUMNS, *_TEST, *_PAPER, *_PAPERS, *_POOLED]
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
                *_pooled_values(entry, summary),
                *(entry["values"].get(seed) for seed in seeds),
            ]
        )
    return csv_text(columns, [*rows, *_published(summary, columns)])


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
    columns += [*NOISE, "wrong_labels", "first_accuracy", *_NETWORK, *EPOCH_COLUMNS]
    columns += [*_TEST, *_PAPER, *_PAPERS, *_POOLED]
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
                    *(noise.get(name, {}).get("mean") for name in NOISE),
                    noise["wrong"] / noise["n"] if noise.get("n") else None,
                    sum(first) / len(first) if first else None,
                    *_network_values(entry),
                    *epochs_cells(entry.get("epochs")),
                    *_test_values(entry),
                    *_paper_values(entry, summary),
                    *_pooled_values(entry, summary),
                ]
            )
        where = dict(zip(names, axis_values(axes, setting), strict=True))
        rows += _published(summary, columns, {"setting": setting, **where})
    return csv_text(columns, rows)


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
    """In the order of `_PAPER`, then of `_PAPERS`."""
    paper, about = entry.get("paper"), summary.get("paper") or {}
    values = [None] * len(_PAPER)
    if paper:
        values = [paper["value"], about["metric"], paper["difference"], about["source"]]
    found = {**(entry.get("papers") or {}), **({about["metric"]: paper} if paper else {})}
    for name in HEADLINES[:3]:
        one = found.get(name) or {}
        values += [one.get("value"), one.get("difference")]
    return values


def _published(
    summary: Mapping[str, Any], columns: Sequence[str], where: Mapping[str, Any] | None = None
) -> list[list[Any]]:
    """A row for each published model: it has no n, and its figures stand under `paper`."""
    about, by_metric = summary.get("paper") or {}, models_by_metric(summary)
    rows = []
    for name in published_models([summary]):
        known = {**(where or {}), "variant": name, "method": "published"}
        known |= {"paper_metric": about["metric"], "paper_source": about["source"]}
        known["paper"] = by_metric[about["metric"]].get(name)
        known |= {f"paper_{metric}": each.get(name) for metric, each in by_metric.items()}
        rows.append([known.get(column) for column in columns])
    return rows


def _pooled_values(entry: Mapping[str, Any], summary: Mapping[str, Any]) -> list[Any]:
    """In the order of `_POOLED`; blank where there are no folds."""
    pooled = entry.get("pooled")
    if not pooled:
        return [None] * len(_POOLED)
    of_all: Mapping[str, Any] = pooled.get("metrics") or {}
    found = [of_all.get(name) or {} for name in HEADLINES]
    over_folds = entry.get("over_folds") or {name: metric_of(entry, name) for name in HEADLINES}
    method = (of_all.get(summary["metric"]) or {}).get("method") or pooled.get("why")
    return [
        "pooled" if is_pooled(summary) else "mean over folds",
        *(one.get("mean") for one in found),
        *(one.get(end) for one in found for end in _ENDS),
        method,
        len(pooled["seeds"]) if of_all else None,
        pooled.get("samples"),
        *((over_folds.get(name) or {}).get("mean") for name in HEADLINES),
    ]


def _metric_values(entry: Mapping[str, Any]) -> list[Any]:
    """In the order of `_METRICS`, of a variant of a summary."""
    found = {name: metric_of(entry, name) for name in HEADLINES}
    means = [found[name]["mean"] for name in HEADLINES]
    return means + [found[name].get(end) for name in HEADLINES for end in _ENDS]


def _network_values(entry: Mapping[str, Any]) -> list[Any]:
    """In the order of `_NETWORK`, of a variant of a summary."""
    cost = entry.get("cost")
    return [entry.get("stability_distance"), (cost or {}).get("parameters"), gflops(cost)]
