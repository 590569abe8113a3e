"""The compact table of a matrix with settings: a row per setting, a column per variant."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from ferkit.evaluation.tables import markdown_table, matrix_rows
from ferkit.evaluation.wording import (
    METRIC_NAMES,
    UNKNOWN,
    interval,
    percent,
    points,
    points_interval,
)

Summaries = Mapping[str, Mapping[str, Any]]
"""Setting -> what `summarise_matrix` returned."""

_WIDEST_SETTING = 26
_WIDEST_VARIANT = 19
_GAP = 2
"""Columns between two, of which one is the box's."""


def variant_names(summaries: Summaries) -> list[str]:
    """The variants of all settings, in the order of the matrix."""
    return list(dict.fromkeys(name for one in summaries.values() for name in one["variants"]))


def compact_cells(summaries: Summaries) -> dict[str, dict[str, tuple[str, str]]]:
    """What stands in the compact table, in percent and points.

    Args:
        summaries: setting -> what `summarise_matrix` returned.
    Returns: setting -> variant -> the mean, and the gain over the baseline with its interval; for
        the baseline, and where there is none, the interval of the mean.
    """
    cells: dict[str, dict[str, tuple[str, str]]] = {}
    for setting, summary in summaries.items():
        most = max((entry["n"] for entry in summary["variants"].values()), default=0)
        cells[setting] = {
            variant: (_mean(entry, most), _below(entry, variant, summary["baseline"]))
            for variant, entry in summary["variants"].items()
        }
    return cells


def compact_sentence(summaries: Summaries) -> str:
    """What a reader of the compact table must know."""
    one = next(iter(summaries.values()))
    metric = str(METRIC_NAMES.get(one["metric"], one["metric"]))
    baseline = one["baseline"]
    numbers = [entry["n"] for each in summaries.values() for entry in each["variants"].values()]
    least, most = min(numbers), max(numbers)
    seeds = f"{most}" if least == most else f"{least} to {most}"
    seeds += " seed" if most == 1 else " seeds"
    text = f"{metric[:1].upper()}{metric[1:]} on {one['split']} in percent, mean of {seeds}"
    if baseline is None:
        return f"{text}; with it the 95 % t-interval." if most > 1 else f"{text}."
    gain = f"with it the gain over {baseline} in points, paired by seed"
    if most == 1:
        return f"{text}; {gain} (one seed: no interval)."
    return f"{text}; {gain}, with 95 % t-interval; of {baseline} the interval of the mean."


def settings_tables(summaries: Summaries, *, width: int = 100) -> list[Table]:
    """The compact table for the console, as several if it has too many variants; its sentence is
    `compact_sentence`.

    Args:
        summaries: setting -> what `summarise_matrix` returned.
        width: columns of the console to take at most; at least one variant goes into a table.
    """
    if not summaries:
        return []
    cells = compact_cells(summaries)
    tables = []
    for group in _fitting(variant_names(summaries), cells, width):
        table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
        table.add_column("setting", overflow="fold", max_width=_WIDEST_SETTING)
        for variant in group:
            table.add_column(escape(variant), justify="right", overflow="fold",
                             max_width=_WIDEST_VARIANT)  # fmt: skip
        for setting in summaries:
            found = [cells[setting].get(variant, (UNKNOWN, "")) for variant in group]
            row = ["\n".join(cell).rstrip() for cell in found]
            table.add_row(escape(setting), *map(escape, row))
        tables.append(table)
    return tables


def compact_markdown(summaries: Summaries) -> str:
    """The compact table as Markdown, with the sentence that explains it."""
    if not summaries:
        return ""
    cells, variants = compact_cells(summaries), variant_names(summaries)
    rows = []
    for setting in summaries:
        found = [cells[setting].get(variant, (UNKNOWN, "")) for variant in variants]
        rows.append([setting, *(_in_a_line(mean, below) for mean, below in found)])
    table = markdown_table(["setting", *variants], rows)
    return f"{table}\n{compact_sentence(summaries)}\n"


def settings_markdown(summaries: Summaries) -> str:
    """A row per setting and variant, as Markdown; the columns of a matrix without settings."""
    columns: list[str] = []
    rows: list[list[str]] = []
    read = {setting: matrix_rows(summary) for setting, summary in summaries.items()}
    for names, _ in read.values():
        columns += [name for name in names if name not in columns]
    for setting, (names, found) in read.items():
        for row in found:
            by_name = dict(zip(names, row, strict=True))
            rows.append([setting, *(by_name.get(name, UNKNOWN) for name in columns)])
    return markdown_table(["setting", *columns], rows)


def _in_a_line(mean: str, below: str) -> str:
    is_gain = bool(below) and not below.startswith("[")
    return f"{mean} ({below})" if is_gain else f"{mean} {below}".rstrip()


def _mean(entry: Mapping[str, Any], most: int) -> str:
    text = percent(entry["mean"]).removesuffix(" %")
    return text if entry["n"] == most else f"{text}, n={entry['n']}"


def _below(entry: Mapping[str, Any], variant: str, baseline: str | None) -> str:
    if baseline is None or variant == baseline:
        ends = interval(entry)
        return f"[{ends.replace(' to ', ', ')}]" if ends else ""
    gain = entry["gain"]
    if gain is None:
        return UNKNOWN
    ends = points_interval(gain)
    return points(gain["mean"]) + (f" [{ends.replace(' to ', ', ')}]" if ends else "")


def _fitting(
    variants: Sequence[str], cells: Mapping[str, Mapping[str, tuple[str, str]]], width: int
) -> list[list[str]]:
    """The variants in groups that fit into `width` columns beside the settings."""
    first = min(_WIDEST_SETTING, _widest(["setting", *cells])) + _GAP
    groups: list[list[str]] = []
    left = 0
    for variant in variants:
        texts = [text for row in cells.values() for text in row.get(variant, ())]
        needed = max(min(_WIDEST_VARIANT, len(variant)), _widest(texts)) + _GAP
        if not groups or needed > left:
            groups.append([])
            left = width - first - 1  # the box's own edge
        groups[-1].append(variant)
        left -= needed
    return groups


def _widest(texts: Iterable[str]) -> int:
    return max(map(len, texts), default=0)
