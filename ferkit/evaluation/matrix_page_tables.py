"""The tables on the page over a matrix."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ferkit.evaluation.axes_table import Layout, axes_tables
from ferkit.evaluation.cost import cost_cells, costs_differ
from ferkit.evaluation.matrix_sentences import (
    Summaries,
    marked,
    mean_words,
    over,
    pair_sentences,
    runs_cell,
    runs_heading,
)
from ferkit.evaluation.page import PlainTable
from ferkit.evaluation.pooled_words import is_pooled, pooled_beside
from ferkit.evaluation.published import published_models
from ferkit.evaluation.published_cells import paper_columns
from ferkit.evaluation.replicates import replicate_words
from ferkit.evaluation.report_results import Card
from ferkit.evaluation.settings_table import compact_grid
from ferkit.evaluation.spreads import gain_sd, in_two_lines, metric_of, number_ends, stability_of
from ferkit.evaluation.stability import all_stable
from ferkit.evaluation.wording import (
    METRIC_NAMES,
    UNKNOWN,
    above,
    interval,
    is_number,
    mean_sd,
    number,
    percent,
    points,
    points_interval,
    probability,
    spread,
)

Summary = Mapping[str, Any]


def settings_page_table(summaries: Summaries) -> PlainTable:
    """The compact table: see `compact_grid`."""
    return PlainTable(*compact_grid(summaries, lambda cell: "\n".join(cell.lines)))


def axes_page_tables(summaries: Summaries, layout: Layout) -> list[PlainTable]:
    """The same by two axes, with the variants in the cells; the caption tells of other axes."""
    return [
        PlainTable(
            columns, [[name, *("\n".join(lines) for lines in cells)] for name, cells in rows], title
        )
        for title, columns, rows in axes_tables(summaries, layout)
    ]


def summary_tables(summary: Summary) -> dict[str, Any]:
    """The tables of a summary: variants, runs, wrong labels."""
    variants, keys = summary["variants"], summary["seeds"]
    by_run = [
        [
            name,
            *(percent(entry["values"].get(key)) for key in keys),
            spread((entry.get("over_folds") or {}).get(summary["metric"], entry)),
        ]
        for name, entry in variants.items()
    ]
    columns = ["variant", *map(replicate_words, keys), "sd, points"]
    return {
        "table": variants_table(summary),
        "seeds": PlainTable(columns, by_run),
        "noise": _noise(summary),
    }


def variants_table(summary: Summary) -> PlainTable:
    """A row per variant and published model: headline metrics, gain, test, paper, network."""
    metric, baseline, variants = summary["metric"], summary["baseline"], summary["variants"]
    beside = [name for name in METRIC_NAMES if name != metric]
    tested = baseline and any(entry.get("test") for entry in variants.values())
    published = paper_columns(summary)
    stable = all_stable(variants.values())
    costly = costs_differ(entry.get("cost") for entry in variants.values())
    columns = ["variant", str(METRIC_NAMES.get(metric, metric))]
    columns += [f"gain over {baseline}, points"] if baseline else []
    columns += [f"p, {summary['tests']['correction']}"] if tested else []
    columns += [column.heading for column in published]
    columns += [*(METRIC_NAMES[name] for name in beside)]
    columns += ["stability distance"] if stable else []
    columns += ["parameters", "gflops"] if costly else []
    columns += [runs_heading(summary)]
    rows = []
    for name, entry in variants.items():
        row = [name, above(mean_sd(entry) + " %", interval(entry)) + _pooled(entry, metric)]
        row += [_gain(name, entry, baseline)] if baseline else []
        row += [probability((entry.get("test") or {}).get("p_holm"))] if tested else []
        row += [column.cell(entry) for column in published]
        row += [in_two_lines(metric_of(entry, other)) + _pooled(entry, other) for other in beside]
        row += [in_two_lines(stability_of(entry))] if stable else []
        row += cost_cells(entry.get("cost")) if costly else []
        rows.append([*row, runs_cell(entry)])
    for name in published_models([summary]):
        shown = {"variant": name, columns[-1]: "published"}
        shown |= {column.heading: column.model(name) for column in published}
        rows.append([shown.get(column, UNKNOWN) for column in columns])
    what = f"Means over {over([summary])} ± standard deviation"
    if is_pooled(summary):
        what = f"Figures {mean_words(summary)}"
    return PlainTable(columns, rows, f"{what}, below them 95 % intervals")


def _pooled(entry: Mapping[str, Any], name: str) -> str:
    """The figure of all folds together, where it stands beside, as a line of its own."""
    found = pooled_beside(entry, name)
    return f"\npooled {percent(found['mean'])}" if found else ""


def _gain(name: str, entry: Mapping[str, Any], baseline: str) -> str:
    gain = entry["gain"]
    if not gain:
        return "baseline" if name == baseline else UNKNOWN
    return above(gain_sd(gain) + marked(entry), points_interval(gain))


def variant_card(name: str, entry: Mapping[str, Any], summary: Summary) -> Card:
    """A variant's mean, large, with what is to be known of it below."""
    ends = interval(entry)
    one = f"one {over([summary]).removesuffix('s')}"
    said = f"no interval: {entry.get('no_interval') or one}"
    said = f"95 %: {ends}" if " to " in ends else said
    found = pooled_beside(entry, summary["metric"])
    said += f"\npooled {percent(found['mean'])}" if found else ""
    gain = entry["gain"]
    if gain:
        said += f"\ngain {points(gain['mean'])}"
        said += f" ({points_interval(gain)})" if points_interval(gain) else ""
        said += marked(entry)
    metric = METRIC_NAMES.get(summary["metric"], summary["metric"])
    return Card(f"{name}: {metric}", percent(entry["mean"]), said)


def tests_section(tests: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The table of all paired tests, and how to read it; None where there are none."""
    pairs: Sequence[Mapping[str, Any]] = (tests or {}).get("pairs", [])
    if not tests or not pairs:
        return None
    has_settings = any(pair["setting"] for pair in pairs)
    columns = ["variant", "against", "test samples", "difference, points", "p"]
    columns += [f"p, {tests['correction']}"]
    noted = any(pair.get("why") or pair["notes"] for pair in pairs)
    columns += ["notes"] if noted else []
    rows = []
    for pair in pairs:
        samples = str(pair["n"])
        if pair.get("unit") == "subjects":
            samples += f" ({pair['units']} subjects)"
        row = [
            f"{pair['setting']}/{pair['variant']}" if has_settings else pair["variant"],
            pair["against"],
            samples,
            above(points(pair.get("difference")), points_interval(pair)),
            probability(pair["p"]),
            probability(pair["p_holm"]) + marked({"test": pair}),
            "; ".join([*([f"not tested: {pair['why']}"] if pair.get("why") else []),
                       *pair["notes"]]),
        ]  # fmt: skip
        rows.append(row[: len(columns)])
    return {"sentences": pair_sentences(tests), "table": PlainTable(columns, rows)}


def _noise(summary: Summary) -> dict[str, Any] | None:
    rows = []
    for name, entry in summary["variants"].items():
        noise = entry["label_noise"]
        if not noise:
            continue
        share = percent(noise["wrong"] / noise["n"]) if noise["n"] else UNKNOWN
        aurocs = [
            _auroc(noise.get("weight_auroc"), equal=noise["all_equal"]),
            _auroc(noise.get("loss_auroc"), equal=False),
        ]
        precisions = [
            in_two_lines(noise.get(f"{detector}_precision_at_k")) for detector in ("weight", "loss")
        ]
        rows.append([name, share, *aurocs, *precisions])
    if not rows:
        return None
    columns = ["variant", "wrong labels", "AUROC of low weight", "AUROC of high loss"]
    columns += ["precision at k, low weight", "precision at k, high loss"]
    what = over([summary])
    return {
        "sentences": [
            "How well low weight, and for reference high loss, ranks the wrong training labels "
            "first. AUROC 0.5 is chance; precision at k is to be compared with the share of "
            "wrong labels."
        ],
        "table": PlainTable(
            columns, rows, f"Means over {what} ± standard deviation, below them 95 % intervals"
        ),
    }


def _auroc(entry: Mapping[str, Any] | None, *, equal: bool) -> str:
    if entry is None:
        return UNKNOWN
    if equal:
        return f"{number(entry['mean'])}\nall equal"
    sd = f" ± {number(entry['sd'])}" if is_number(entry.get("sd")) else ""
    return above(number(entry["mean"]) + sd, number_ends(entry))
