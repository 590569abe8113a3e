"""Published figures as columns, cells and lines of tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from ferkit.evaluation.published import has_paper, models_by_metric, published_models
from ferkit.evaluation.wording import METRIC_NAMES, SHORT_NAMES, UNKNOWN, percent, points

Summary = Mapping[str, Any]


class PaperColumn(NamedTuple):
    """A column of a table. cell: of a variant's entry. model: of a published model."""

    heading: str
    cell: Callable[[Mapping[str, Any]], str]
    model: Callable[[str], str]


def paper_columns(summary: Summary) -> list[PaperColumn]:
    """The columns of published figures; none where there are none.

    Of one metric: the paper's figure, and ours less that. Of several, each has three: the paper's,
    ours, and the difference.
    """
    if not has_paper([summary]) and not published_models([summary]):
        return []
    by_metric = models_by_metric(summary)
    columns = []
    for metric, models in by_metric.items():
        columns += _columns(summary["paper"]["metric"], metric, models, several=len(by_metric) > 1)
    return columns


def _columns(
    first: str, metric: str, models: Mapping[str, float], *, several: bool
) -> list[PaperColumn]:
    def of(entry: Mapping[str, Any]) -> Mapping[str, Any]:
        return _paper_of(entry, metric, is_first=metric == first)

    name = METRIC_NAMES.get(metric, metric)
    value = PaperColumn(
        f"paper: {name}" if several else "paper",
        lambda entry: percent(of(entry).get("value"), 2),
        lambda model: percent(models.get(model), 2),
    )
    ours = PaperColumn(
        f"ours: {name}", lambda entry: percent(of(entry).get("ours"), 2), lambda _: UNKNOWN
    )
    less = PaperColumn(
        f"difference: {name}, points" if several else "ours less paper's, points",
        lambda entry: points(of(entry).get("difference"), 2),
        lambda _: UNKNOWN,
    )
    return [value, ours, less] if several else [value, less]


def _paper_of(entry: Mapping[str, Any], metric: str, *, is_first: bool) -> Mapping[str, Any]:
    """The paper's figure of a variant with ours. is_first: whether the metric is its main one."""
    found = entry.get("paper") if is_first else (entry.get("papers") or {}).get(metric)
    return found or {}


def paper_cells(entry: Mapping[str, Any]) -> list[str]:
    """The paper's figure in percent, and ours less the paper's in points."""
    paper = entry.get("paper")
    if not paper:
        return [UNKNOWN, UNKNOWN]
    return [percent(paper["value"], 2), points(paper["difference"], 2)]


def narrow_paper_cell(entry: Mapping[str, Any]) -> str:
    """All published figures of a variant below each other, each with the difference."""
    found = {"": entry.get("paper"), **(entry.get("papers") or {})}
    lines = []
    for metric, paper in found.items():
        if paper:
            lines += [SHORT_NAMES[metric]] if metric else []
            lines.append(percent(paper["value"], 2).removesuffix(" %"))
            lines.append(f"({points(paper['difference'], 2)})")
    return "\n".join(lines) or UNKNOWN


def narrow_model_cell(summary: Summary, model: str) -> str:
    """All figures of a published model below each other."""
    lines = []
    for place, (metric, models) in enumerate(models_by_metric(summary).items()):
        if model in models:
            lines += [SHORT_NAMES[metric]] if place else []
            lines.append(percent(models[model], 2).removesuffix(" %"))
    return "\n".join(lines)


def paper_line(entry: Mapping[str, Any]) -> str:
    """The same in a line, for a cell that holds more: "paper 83.44 (+0.21)"."""
    value, difference = paper_cells(entry)
    return f"paper {value.removesuffix(' %')} ({difference})" if entry.get("paper") else ""


def further_line(entry: Mapping[str, Any]) -> str:
    """The same of further metrics, with ours: "macro-F1: paper 29.00, ours 31.20 (+2.20)"."""
    return "; ".join(
        f"{SHORT_NAMES[metric]}: paper {percent(one['value'], 2).removesuffix(' %')}, ours "
        f"{percent(one['ours'], 2).removesuffix(' %')} ({points(one['difference'], 2)})"
        for metric, one in (entry.get("papers") or {}).items()
    )
