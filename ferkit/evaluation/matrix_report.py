"""Writes the page over a matrix of runs: variants, seeds, gains."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ferkit.errors import FerkitError
from ferkit.evaluation.cost import cost_cells, costs_differ
from ferkit.evaluation.page import PlainTable, picture, render
from ferkit.evaluation.protocol import matrix_protocol_alerts
from ferkit.evaluation.report_results import Card
from ferkit.evaluation.report_rounds import rounds_table
from ferkit.evaluation.run_folder import read_object
from ferkit.evaluation.settings_table import compact_cells, compact_sentence, variant_names
from ferkit.evaluation.stability import all_stable
from ferkit.evaluation.wording import (
    METRIC_NAMES,
    SMOKE,
    UNKNOWN,
    above,
    interval,
    is_number,
    moment,
    number,
    percent,
    points,
    points_interval,
)
from ferkit.evaluation.writing import write_text

_CAPTION = (
    "Each variant: its mean over the seeds (diamond) with the 95 % interval, and each seed (dot "
    "below); the baseline is orange."
)
_GAINS = (
    "Each setting: the gain of each variant over the baseline, paired by seed, with its 95 % "
    "interval."
)
_MEANS = "Each setting: the mean of each variant over the seeds with its 95 % interval."

_COSTS = (
    "Against the cost of the network: multiply-adds of one clip, and in brackets the parameters; "
    "intervals as above. Up and to the left is better. Variants whose costs differ by less than "
    "5 % stand side by side."
)


def write_matrix_report(folder: Path) -> Path:
    """Write the report of a matrix from its `matrix.json`.

    Args:
        folder: the matrix folder.
    Returns: `report.html` in it.
    Raises:
        FerkitError: `matrix.json` is missing or broken.
        RunError: the page cannot be written.
    """
    path = folder / "matrix.json"
    try:
        state = read_object(path)
    except (OSError, ValueError) as error:
        raise FerkitError(
            f"can't be read ({error}).", where=str(path), hint="Is this the folder of a matrix?"
        ) from error
    summary = state.get("summary")
    content: dict[str, Any] = {
        "title": str(state.get("name") or folder.name),
        "subtitle": _subtitle(state),
        "alerts": [*_alerts(state), *matrix_protocol_alerts(folder, state)],
        "runs": [_run(folder, run) for run in state.get("runs") or []],
        "table": None,
        "settings": None,
    }
    if summary and summary.get("variants"):
        content |= _variants(summary)
    if state.get("settings"):
        content["settings"] = _settings(state["settings"])
    content["rounds"] = [
        {"name": setting, "table": rounds_table(variants)}
        for setting, variants in (state.get("rounds") or {}).items()
    ]
    return write_text(folder / "report.html", render("matrix.html", content))


def _variants(summary: Mapping[str, Any]) -> dict[str, Any]:
    # Drawing is slow to import, and a matrix in which nothing finished needs none.
    from ferkit.evaluation.costs_figure import costs_figure
    from ferkit.evaluation.drawing import png
    from ferkit.evaluation.figures import variants_figure

    variants = summary["variants"]
    figures = [picture(png(variants_figure(summary)), _CAPTION)]
    cost = costs_figure({"": summary})
    figures += [picture(png(cost), _COSTS)] if cost is not None else []
    return {
        "cards": [_card(name, entry, summary) for name, entry in variants.items()],
        "figures": figures,
        "sentences": _sentences(summary),
        **_tables(summary),
    }


def _tables(summary: Mapping[str, Any]) -> dict[str, Any]:
    """The tables of a summary: variants, seeds, wrong labels."""
    variants, seeds = summary["variants"], summary["seeds"]
    by_seed = [
        [name, *(percent(entry["values"].get(seed)) for seed in seeds), _spread(entry)]
        for name, entry in variants.items()
    ]
    return {
        "table": _table(summary),
        "seeds": PlainTable(
            ["variant", *(f"seed {seed}" for seed in seeds), "sd, points"], by_seed
        ),
        "noise": _noise(variants),
    }


def _settings(summaries: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The part of the page on a matrix with settings."""
    from ferkit.evaluation.costs_figure import costs_figure
    from ferkit.evaluation.drawing import png
    from ferkit.evaluation.settings_figure import settings_figure

    cells, variants = compact_cells(summaries), variant_names(summaries)
    rows = [
        [setting, *(above(*row.get(variant, (UNKNOWN, ""))) for variant in variants)]
        for setting, row in cells.items()
    ]
    has_gains = any(
        entry["gain"] for summary in summaries.values() for entry in summary["variants"].values()
    )
    figures = [picture(png(settings_figure(summaries)), _GAINS if has_gains else _MEANS)]
    cost = costs_figure(summaries)
    figures += [picture(png(cost), _COSTS)] if cost is not None else []
    return {
        "table": PlainTable(["setting", *variants], rows),
        "figures": figures,
        "sentences": [compact_sentence(summaries), *_sentences(next(iter(summaries.values())))],
        "each": [{"name": name, **_tables(summary)} for name, summary in summaries.items()],
    }


def _sentences(summary: Mapping[str, Any]) -> list[str]:
    """How to read the table of a summary."""
    variants, baseline = summary["variants"], summary["baseline"]
    sentences = [
        "Intervals of the means: 95 % t-intervals over seeds. They cover the luck of the seed on "
        "this one division of the data, not the choice of test samples."
    ]
    if baseline:
        sentences.append(
            f"Gains are differences to {baseline} with the same seed, in percentage points. "
            "An interval that contains 0 means that the sign of the gain is open."
        )
    if costs_differ(entry.get("cost") for entry in variants.values()):
        sentences.append("gflops: 10^9 multiply-adds of one clip as long as in a training step.")
    if all_stable(variants.values()):
        sentences.append(
            "Stability distance: how much of the class probabilities moves when test samples are "
            "altered in ways that leave the expression as it is; mean over alterations and seeds."
        )
    if min(entry["n"] for entry in variants.values()) == 1:
        sentences.append("With one seed there is no interval.")
    return sentences


def _table(summary: Mapping[str, Any]) -> PlainTable:
    metric, baseline = summary["metric"], summary["baseline"]
    beside = [name for name in METRIC_NAMES if name != metric]
    columns = ["variant", METRIC_NAMES.get(metric, metric)]
    columns += [f"gain over {baseline}, points"] if baseline else []
    columns += [*(METRIC_NAMES[name] for name in beside)]
    stable = all_stable(summary["variants"].values())
    columns += ["stability distance"] if stable else []
    costly = costs_differ(entry.get("cost") for entry in summary["variants"].values())
    columns += ["parameters", "gflops"] if costly else []
    columns += ["seeds"]
    rows = []
    for name, entry in summary["variants"].items():
        row = [name, above(percent(entry["mean"]), interval(entry))]
        if baseline and entry["gain"]:
            row.append(above(points(entry["gain"]["mean"]), points_interval(entry["gain"])))
        elif baseline:
            row.append("baseline" if name == baseline else UNKNOWN)
        row += [percent(entry["means"].get(other)) for other in beside]
        row += [percent(entry["stability_distance"])] if stable else []
        row += cost_cells(entry.get("cost")) if costly else []
        rows.append([*row, str(entry["n"])])
    return PlainTable(columns, rows, "Means over seeds, below them 95 % intervals")


def _card(name: str, entry: Mapping[str, Any], summary: Mapping[str, Any]) -> Card:
    ends = interval(entry)
    said = f"95 %: {ends}" if ends else "no interval: one seed"
    gain = entry["gain"]
    if gain:
        said += f"\ngain {points(gain['mean'])}"
        said += f" ({points_interval(gain)})" if points_interval(gain) else ""
    metric = METRIC_NAMES.get(summary["metric"], summary["metric"])
    return Card(f"{name}: {metric}", percent(entry["mean"]), said)


def _spread(entry: Mapping[str, Any]) -> str:
    return points(entry["sd"]).removeprefix("+")


def _noise(variants: Mapping[str, Any]) -> dict[str, Any] | None:
    rows = []
    for name, entry in variants.items():
        noise = entry["label_noise"]
        if not noise:
            continue
        share = percent(noise["wrong"] / noise["n"]) if noise["n"] else UNKNOWN
        aurocs = [
            _auroc(noise.get("weight_auroc"), equal=noise["all_equal"]),
            _auroc(noise.get("loss_auroc"), equal=False),
        ]
        precisions = [
            percent(noise.get(f"{detector}_precision_at_k", {}).get("mean"))
            for detector in ("weight", "loss")
        ]
        rows.append([name, share, *aurocs, *precisions])
    if not rows:
        return None
    columns = ["variant", "wrong labels", "AUROC of low weight", "AUROC of high loss"]
    columns += ["precision at k, low weight", "precision at k, high loss"]
    return {
        "sentences": [
            "How well low weight, and for reference high loss, ranks the wrong training labels "
            "first. AUROC 0.5 is chance; precision at k is to be compared with the share of "
            "wrong labels."
        ],
        "table": PlainTable(columns, rows, "Means over seeds, below them 95 % intervals"),
    }


def _auroc(entry: Mapping[str, Any] | None, *, equal: bool) -> str:
    if entry is None:
        return UNKNOWN
    if equal:
        return f"{number(entry['mean'])}\nall equal"
    has_ends = is_number(entry["low"])
    ends = f"{number(entry['low'])} to {number(entry['high'])}" if has_ends else ""
    return above(number(entry["mean"]), ends)


def _subtitle(state: Mapping[str, Any]) -> str:
    runs = [run for run in state.get("runs") or [] if not run.get("shared")]
    done = sum(bool(run.get("done")) for run in runs)
    parts = [f"{done} of {len(runs)} runs done"] if runs else []
    return " · ".join([*parts, *([moment(state["written"])] if state.get("written") else [])])


def _alerts(state: Mapping[str, Any]) -> list[str]:
    lost = Counter((state.get("not_tried") or {}).values())
    texts = [
        f"{label} failed: {why}" + (f" (so {_runs(lost[label])} not tried)" if lost[label] else "")
        for label, why in (state.get("failures") or {}).items()
    ]
    if state.get("status") in ("running", "interrupted", "partial"):
        texts.insert(0, "Not all runs are finished: the table holds those that are.")
    if state.get("smoke"):
        texts.insert(0, SMOKE)
    if not (state.get("summary") or state.get("settings")):
        texts.append("No run has finished yet, so there is nothing to compare.")
    return texts


def _runs(number: int) -> str:
    return f"{number} run that starts from it was" if number == 1 else (
        f"{number} runs that start from it were"
    )  # fmt: skip


def _run(folder: Path, run: Mapping[str, Any]) -> dict[str, str]:
    page = folder / str(run.get("folder", "")) / "report.html"
    setting = run.get("setting")
    return {
        "variant": f"{setting}/{run.get('variant')}" if setting else str(run.get("variant", "")),
        "seed": str(run.get("seed", "")),
        "state": ("done" if run.get("done") else "not done")
        + (", another setting's" if run.get("shared") else ""),
        "link": quote(f"{run.get('folder', '')}/report.html") if page.is_file() else "",
    }
