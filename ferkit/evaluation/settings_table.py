"""The compact table of a matrix with settings: a row per setting, a column per variant."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from ferkit.evaluation.axes import Axes, as_text, axis_names, axis_values
from ferkit.evaluation.matrix_sentences import Summaries, compact_sentence, marked
from ferkit.evaluation.matrix_table import matrix_rows
from ferkit.evaluation.pooled_words import pooled_beside
from ferkit.evaluation.published import models_by_metric, published_models
from ferkit.evaluation.published_cells import further_line, paper_line
from ferkit.evaluation.tables import markdown_table, markdown_text
from ferkit.evaluation.wording import (
    SHORT_NAMES,
    UNKNOWN,
    bracketed,
    interval,
    mean_sd,
    percent,
    points,
    points_interval,
)

_WIDEST_SETTING = 26
_WIDEST_VARIANT = 19
_MOST_MODELS = 4
"""Published ones that get a column each."""

_MOST_ACROSS = 8
"""Variants that stand beside each other where there are fewer settings."""

_GAP = 2
"""Columns between two, of which one is the box's."""


def variant_names(summaries: Summaries) -> list[str]:
    """The variants of all settings, in the order of the matrix."""
    return list(dict.fromkeys(name for one in summaries.values() for name in one["variants"]))


class CompactCell(NamedTuple):
    """What stands in a cell of the compact table, in percent and points; "" where there is nothing.

    mean: with its standard deviation. ends: interval of the mean. pooled: the figure of all folds
    together with its interval, where it stands beside. gain: over the baseline, with its interval
    and mark. paper: the published figure, and ours less that. further: the same of other metrics.
    """

    mean: str
    ends: str = ""
    pooled: str = ""
    gain: str = ""
    paper: str = ""
    further: str = ""

    @property
    def lines(self) -> list[str]:
        return [line for line in self if line]

    @property
    def in_a_line(self) -> str:
        text = f"{self.mean} {self.ends}".rstrip()
        text += f" ({self.gain})" if self.gain and self.gain != UNKNOWN else ""
        return "; ".join(filter(None, [text, self.pooled, self.paper, self.further]))


_NOTHING = CompactCell(UNKNOWN)

Cells = dict[str, dict[str, CompactCell]]
"""Setting -> column -> cell."""


def compact_cells(summaries: Summaries) -> Cells:
    """What stands in the compact table.

    Args:
        summaries: setting -> what `summarise_matrix` returned, perhaps with tests and published
            figures.
    Returns: setting -> variant, and published model, -> cell.
    """
    cells: Cells = {}
    for setting, summary in summaries.items():
        most = max((entry["n"] for entry in summary["variants"].values()), default=0)
        cells[setting] = {
            variant: CompactCell(
                mean_sd(entry) if entry["n"] == most else f"{mean_sd(entry)}, n={entry['n']}",
                bracketed(interval(entry)),
                _pooled(entry, summary["metric"]),
                _gain(entry, variant, summary["baseline"]),
                paper_line(entry),
                further_line(entry),
            )
            for variant, entry in summary["variants"].items()
        }
        for place, (metric, models) in enumerate(models_by_metric(summary).items()):
            for name, value in models.items():
                shown = percent(value, 2).removesuffix(" %")
                cell = cells[setting].get(published_name(name), _NOTHING)
                cells[setting][published_name(name)] = (
                    cell._replace(further=_joined(cell.further, f"{SHORT_NAMES[metric]} {shown}"))
                    if place
                    else CompactCell(shown)
                )
    return cells


def compact_columns(summaries: Summaries) -> list[str]:
    """The columns of the compact table: variants, then published models if they are few.

    Many would bury ours, and most settings have no figure of most of them: each setting's own
    table has them.
    """
    models = published_models(summaries.values())
    few = models if len(models) <= _MOST_MODELS else []
    return [*variant_names(summaries), *map(published_name, few)]


def published_name(model: str) -> str:
    """How a column is called that holds a published model."""
    return f"{model}, published"


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
    for group in _fitting(compact_columns(summaries), cells, width):
        table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
        table.add_column("setting", overflow="fold", max_width=_WIDEST_SETTING)
        for variant in group:
            table.add_column(escape(variant), justify="right", overflow="fold",
                             max_width=_column(variant, cells))  # fmt: skip
        for setting in summaries:
            row = ["\n".join(cells[setting].get(name, _NOTHING).lines) for name in group]
            table.add_row(escape(setting), *map(escape, row))
        tables.append(table)
    return tables


def compact_markdown(summaries: Summaries) -> str:
    """The compact table as Markdown, with the sentence that explains it."""
    if not summaries:
        return ""
    table = markdown_table(*compact_grid(summaries, lambda cell: cell.in_a_line))
    return f"{table}\n{markdown_text(compact_sentence(summaries))}\n"


def compact_grid(
    summaries: Summaries, text: Callable[[CompactCell], str]
) -> tuple[list[str], list[list[str]]]:
    """Headings and rows of the compact table: a row per setting, or where there are many variants
    and fewer settings, a row per variant.

    Args:
        text: what stands in a cell.
    """
    cells, columns = compact_cells(summaries), compact_columns(summaries)
    if len(columns) > max(_MOST_ACROSS, len(cells)):
        below = [
            [name, *(text(row.get(name, _NOTHING)) for row in cells.values())] for name in columns
        ]
        return ["variant", *cells], below
    return ["setting", *columns], [
        [setting, *(text(row.get(name, _NOTHING)) for name in columns)]
        for setting, row in cells.items()
    ]


def settings_markdown(summaries: Summaries, axes: Axes | None = None) -> str:
    """A row per setting and variant, as Markdown; the columns of a matrix without settings.

    Args:
        axes: setting -> axis -> value; each axis gets a column.
    """
    below = markdown_text(compact_sentence(summaries, rows=True))
    return f"{markdown_table(*settings_rows(summaries, axes))}\n{below}\n"


def settings_rows(
    summaries: Summaries, axes: Axes | None = None
) -> tuple[list[str], list[list[str]]]:
    """Headings and cells, a row per setting and variant; see `matrix_rows`."""
    columns: list[str] = []
    rows: list[list[str]] = []
    read = {setting: matrix_rows(summary) for setting, summary in summaries.items()}
    for names, _ in read.values():
        columns += [name for name in names if name not in columns]
    for setting, (names, found) in read.items():
        for row in found:
            by_name = dict(zip(names, row, strict=True))
            point = map(as_text, axis_values(axes, setting))
            rows.append([setting, *point, *(by_name.get(name, UNKNOWN) for name in columns)])
    return ["setting", *axis_names(axes), *columns], rows


def _joined(before: str, text: str) -> str:
    return f"{before}; {text}" if before else text


def _pooled(entry: Mapping[str, Any], metric: str) -> str:
    found = pooled_beside(entry, metric)
    return f"pooled {mean_sd(found)} {bracketed(interval(found))}".rstrip() if found else ""


def _gain(entry: Mapping[str, Any], variant: str, baseline: str | None) -> str:
    if baseline is None or variant == baseline:
        return ""
    gain = entry["gain"]
    if gain is None:
        return UNKNOWN
    ends = bracketed(points_interval(gain))
    return f"{points(gain['mean'])} {ends}".rstrip() + marked(entry)


def _fitting(variants: Sequence[str], cells: Cells, width: int) -> list[list[str]]:
    """The variants in groups that fit into `width` columns beside the settings."""
    first = min(_WIDEST_SETTING, _widest(["setting", *cells])) + _GAP
    groups: list[list[str]] = []
    left = 0
    for variant in variants:
        needed = _column(variant, cells) + _GAP
        if not groups or needed > left:
            groups.append([])
            left = width - first - 1  # the box's own edge
        groups[-1].append(variant)
        left -= needed
    return groups


def _column(name: str, cells: Cells) -> int:
    """How wide a column is: as its cells, but a long name is folded."""
    texts = [text for row in cells.values() for text in row.get(name, _NOTHING)]
    return max(min(_WIDEST_VARIANT, len(name)), _widest(texts))


def _widest(texts: Iterable[str]) -> int:
    return max(map(len, texts), default=0)
