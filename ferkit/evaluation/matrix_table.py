"""The table of a matrix, a row per variant: as cells for people, for the console, as Markdown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from rich.markup import escape
from rich.table import Table

from ferkit.evaluation.cost import cost_cells, costs_differ
from ferkit.evaluation.matrix_sentences import (
    figure_sentences,
    interval_words,
    marked,
    mean_words,
    over,
    paired_by,
    runs_cell,
    runs_heading,
    test_sentences,
)
from ferkit.evaluation.pooled_words import (
    has_pooled_beside,
    is_pooled,
    no_interval_sentences,
    pooled_beside,
    pooled_sentences,
)
from ferkit.evaluation.published import has_paper, paper_sentences, published_models
from ferkit.evaluation.published_cells import (
    PaperColumn,
    narrow_model_cell,
    narrow_paper_cell,
    paper_columns,
)
from ferkit.evaluation.replicates import SEEDS
from ferkit.evaluation.spreads import gain_sd, in_a_line, metric_of, number_in_a_line, stability_of
from ferkit.evaluation.stability import all_stable
from ferkit.evaluation.tables import markdown_table, markdown_text, narrow_table
from ferkit.evaluation.wording import (
    METRIC_NAMES,
    SHORT_NAMES,
    UNKNOWN,
    beside_metric,
    bracketed,
    interval,
    mean_sd,
    number,
    percent,
    points,
    points_interval,
    probability,
    spread,
)

Entry = Mapping[str, Any]


@dataclass(frozen=True)
class Column:
    """A column of the table. cell: of a variant's name and entry."""

    heading: str
    cell: Callable[[str, Entry], str]


def matrix_rows(summary: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Headings and cells of a matrix, as text for people.

    Args:
        summary: what `summarise_matrix` returned, perhaps with tests and published figures.
    Returns: column names, and a row of as many cells per variant and per published model.
    """
    columns = _columns(summary)
    rows = [
        [column.cell(name, entry) for column in columns]
        for name, entry in summary["variants"].items()
    ]
    for name in published_models([summary]):
        shown = {"variant": name, runs_heading(summary): "published"}
        shown |= {column.heading: column.model(name) for column in paper_columns(summary)}
        rows.append([shown.get(column.heading, UNKNOWN) for column in columns])
    return [column.heading for column in columns], rows


def _columns(summary: Mapping[str, Any]) -> list[Column]:
    metric, baseline = summary["metric"], summary["baseline"]
    entries = summary["variants"].values()
    beside = beside_metric(metric)
    without = f"no interval: one {'seed' if over([summary]) == SEEDS else 'fold'}"
    columns = [
        Column("variant", lambda name, _: name),
        Column(runs_heading(summary), lambda _, entry: runs_cell(entry)),
        Column(METRIC_NAMES.get(metric, metric), lambda _, entry: percent(entry["mean"])),
        Column("sd, points", lambda _, entry: spread(entry)),
        Column("95 % interval", lambda _, entry: interval(entry) or entry["method"]),
        *_pooled_columns(summary, metric),
    ]
    if baseline:
        columns += [
            Column(
                f"gain over {baseline}, points",
                lambda name, entry: _gain(name, entry, baseline) + marked(entry),
            ),
            Column(
                "95 % interval of the gain",
                lambda _, entry: (
                    (points_interval(entry["gain"]) or without) if entry["gain"] else ""
                ),
            ),
        ]
        about = summary.get("tests")
        if about and any(entry.get("test") for entry in entries):
            columns.append(
                Column(
                    f"p, {about['correction']} over {about['comparisons']}",
                    lambda _, entry: probability((entry.get("test") or {}).get("p_holm")),
                )
            )
    columns += [_of_paper(column) for column in paper_columns(summary)]
    columns += [
        Column(METRIC_NAMES[beside], lambda _, entry: in_a_line(metric_of(entry, beside))),
        *_pooled_columns(summary, beside),
    ]
    if is_pooled(summary):
        name = f"mean over {over([summary])}: {METRIC_NAMES.get(metric, metric)}"
        columns.append(Column(name, lambda _, entry: in_a_line(entry["over_folds"][metric])))
    return columns + _further_columns(summary)


def _of_paper(column: PaperColumn) -> Column:
    return Column(column.heading, lambda _, entry: column.cell(entry))


def _pooled_columns(summary: Mapping[str, Any], metric: str) -> list[Column]:
    """The figure of all folds together, where it stands beside the mean over folds."""
    if not has_pooled_beside([summary]):
        return []
    heading = f"pooled: {METRIC_NAMES.get(metric, metric)}"
    return [Column(heading, lambda _, entry: in_a_line(pooled_beside(entry, metric)))]


def _further_columns(summary: Mapping[str, Any]) -> list[Column]:
    entries = summary["variants"].values()
    columns = []
    if all_stable(entries):
        columns.append(
            Column("stability distance", lambda _, entry: in_a_line(stability_of(entry)))
        )
    if any_noise(summary):
        columns += [
            Column(
                "wrong labels by weight: AUROC",
                lambda _, entry: _noise_texts(entry["label_noise"])[0],
            ),
            Column(
                "precision at k",
                lambda _, entry: _noise_texts(entry["label_noise"])[1],
            ),
        ]
    if costs_differ(entry.get("cost") for entry in entries):
        columns += [
            Column("parameters", lambda _, entry: cost_cells(entry.get("cost"))[0]),
            Column("gflops", lambda _, entry: cost_cells(entry.get("cost"))[1]),
        ]
    return columns


def matrix_table(summary: Mapping[str, Any]) -> Table:
    """The table of a matrix for the console, narrow enough for 80 columns: each interval
    stands below its value.

    Args:
        summary: what `summarise_matrix` returned, perhaps with tests and published figures.
    """
    metric, baseline = summary["metric"], summary["baseline"]
    beside = beside_metric(metric)
    noisy = any_noise(summary)
    published = has_paper([summary]) or bool(published_models([summary]))
    figures = mean_words(summary)
    figures = figures[:1].upper() + figures[1:]
    below = "below each" if is_pooled(summary) else "below it"
    captions = [f"{figures}, {below} the {interval_words([summary])}."]
    columns = ["variant", runs_heading(summary), SHORT_NAMES.get(metric, metric)]
    if baseline:
        columns.append("gain")
        captions.append(f"Gain: over {baseline}, paired by {paired_by([summary])}, in points.")
    columns += ["paper"] if published else []
    columns.append(SHORT_NAMES[beside])
    captions += _sentences(summary)
    if noisy:
        columns += ["AUROC", "P@k"]
        captions.append(
            "AUROC, P@k: how well low weight finds the wrong labels among the training labels;"
            " 0.5 is chance, as when all weights are equal (=)."
        )
    title = f"{METRIC_NAMES.get(metric, metric)} on {summary['split']}, in percent"
    table = narrow_table(title, columns)
    table.caption = escape(" ".join(captions))
    for name, entry in summary["variants"].items():
        ends = bracketed(interval(entry)) or "one seed"
        cell = f"{mean_sd(entry)}\n{ends}{_pooled_line(entry, metric)}"
        row = [name, runs_cell(entry).replace(" ", "\n", 1), cell]
        row += [_gain_cell(entry)] if baseline else []
        if published:
            row.append(narrow_paper_cell(entry))
        other = metric_of(entry, beside)
        if noisy and published:  # no room is left for more
            row.append(percent(other["mean"]).removesuffix(" %"))
        else:
            cell = f"{mean_sd(other)}\n{bracketed(interval(other))}".rstrip()
            row.append(cell + _pooled_line(entry, beside))
        row += noise_cells(entry["label_noise"], equal="0.500=") if noisy else []
        table.add_row(*(escape(cell) for cell in row))
    for name in published_models([summary]):
        shown = {"variant": name, "paper": narrow_model_cell(summary, name)}
        table.add_row(*(escape(shown.get(column, UNKNOWN)) for column in columns))
    return table


def matrix_markdown(summary: Mapping[str, Any]) -> str:
    """The table of a matrix as Markdown, below it what its marks mean; see `matrix_rows`."""
    below = markdown_text(" ".join([*figure_sentences(summary), *_sentences(summary)]))
    return markdown_table(*matrix_rows(summary)) + (f"\n{below}\n" if below else "")


def _sentences(summary: Mapping[str, Any]) -> list[str]:
    """What a reader must know of the table in the console, and of the one in Markdown."""
    every = [summary]
    return [
        *pooled_sentences(every),
        *no_interval_sentences(every, "rows"),
        *test_sentences(every),
        *paper_sentences(every),
    ]


def _pooled_line(entry: Entry, metric: str) -> str:
    """The figure of all folds together, where it stands beside, as a line of its own."""
    found = pooled_beside(entry, metric)
    return f"\npooled {percent(found['mean']).removesuffix(' %')}" if found else ""


def any_noise(summary: Mapping[str, Any]) -> bool:
    """Whether any variant was measured by how it finds wrong labels."""
    return any(entry["label_noise"] for entry in summary["variants"].values())


def noise_cells(noise: Mapping[str, Any] | None, *, equal: str) -> list[str]:
    """AUROC and precision at k of low weight. equal: said where all weights are."""
    if not noise or "weight_auroc" not in noise:
        return [UNKNOWN, UNKNOWN]
    auroc = equal if noise["all_equal"] else number(noise["weight_auroc"]["mean"])
    return [auroc, percent(noise.get("weight_precision_at_k", {}).get("mean"), 0)]


def _noise_texts(noise: Mapping[str, Any] | None) -> tuple[str, str]:
    """The same with deviations and intervals."""
    if not noise or "weight_auroc" not in noise:
        return UNKNOWN, UNKNOWN
    auroc = number_in_a_line(noise["weight_auroc"])
    if noise["all_equal"]:
        auroc = "0.500 (weights all equal)"
    return auroc, in_a_line(noise.get("weight_precision_at_k"))


def _gain(name: str, entry: Entry, baseline: str) -> str:
    if entry["gain"]:
        return gain_sd(entry["gain"])
    return "baseline" if name == baseline else UNKNOWN


def _gain_cell(entry: Entry) -> str:
    gain = entry["gain"]
    if gain is None:
        return UNKNOWN
    return (
        f"{points(gain['mean'])}{marked(entry)}\n{bracketed(points_interval(gain)) or 'one seed'}"
    )
