"""Published figures beside ours: the paper's of the same cell, and models we have no run of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from ferkit.evaluation.wording import METRIC_NAMES, is_number

Summary = Mapping[str, Any]

INCOMPARABLE = (
    "The structure is the paper's, the data are not: differences to published figures say nothing "
    "about the methods."
)


class Figures(NamedTuple):
    """Published figures of one metric, as fractions, of one setting.

    cells: variant -> figure. models: name of a published model -> figure.
    """

    cells: Mapping[str, float]
    models: Mapping[str, float]


def with_paper(
    summary: Summary,
    about: Mapping[str, Any],
    *,
    figures: Mapping[str, float],
    models: Mapping[str, float],
    further: Mapping[str, Figures] | None = None,
) -> dict[str, Any]:
    """A summary with published figures.

    Args:
        summary: what `summarise_matrix` returned.
        about: source, metric, comparable and note of `matrix.paper`.
        figures: variant -> fraction. models: name of a published model -> fraction.
        further: other metric -> its figures; every metric that the recipe names.
    Returns: the summary with `paper` (about, `models`, and `further`: metric -> `models`), and for
        each variant that the paper has a figure of `paper`: value, ours (mean of the same metric,
        or None) and difference (ours less the paper's); and `papers`, the same by further metric.
    """
    variants = {}
    for name, entry in summary["variants"].items():
        beside = dict(entry)
        if (value := figures.get(name)) is not None:
            beside["paper"] = _beside(entry, about["metric"], value)
        papers = {
            metric: _beside(entry, metric, found.cells[name])
            for metric, found in (further or {}).items()
            if name in found.cells
        }
        variants[name] = {**beside, "papers": papers} if papers else beside
    paper = {**about, "models": dict(models)}
    if further:
        paper["further"] = {name: {"models": dict(each.models)} for name, each in further.items()}
    return {**summary, "variants": variants, "paper": paper}


def _beside(entry: Mapping[str, Any], metric: str, value: float) -> dict[str, Any]:
    ours = entry["means"].get(metric)
    difference = ours - value if is_number(ours) else None
    return {"value": value, "ours": ours, "difference": difference}


def rounds_beside_paper(
    rounds: Sequence[Mapping[str, Any]], figures: Sequence[float | None]
) -> list[dict[str, Any]]:
    """Rounds with the paper's figures of theirs, each as `with_paper` gives it to a variant.

    Args:
        rounds: what `summarise_rounds` returned. figures: fractions, the first round's first.
    """
    found = []
    for place, one in enumerate(rounds):
        value = figures[place] if place < len(figures) else None
        if value is None:
            found.append(dict(one))
            continue
        paper = {"value": value, "ours": one["mean"], "difference": one["mean"] - value}
        found.append({**one, "paper": paper})
    return found


def has_paper(summaries: Iterable[Summary]) -> bool:
    """Whether any variant of any summary stands beside a figure of the paper."""
    return any(
        entry.get("paper") or entry.get("papers")
        for summary in summaries
        for entry in summary["variants"].values()
    )


def published_models(summaries: Iterable[Summary]) -> list[str]:
    """Names of the published models of all settings, in order."""
    return list(
        dict.fromkeys(
            name
            for one in summaries
            for models in models_by_metric(one).values()
            for name in models
        )
    )


def models_by_metric(summary: Summary) -> dict[str, Mapping[str, float]]:
    """Metric, the paper's main one first, -> published models of a setting; {} without a paper."""
    paper = summary.get("paper")
    if not paper:
        return {}
    further = {name: each["models"] for name, each in (paper.get("further") or {}).items()}
    return {paper["metric"]: paper.get("models", {}), **further}


def paper_sentences(summaries: Iterable[Summary]) -> list[str]:
    """What a reader of published figures must know; none where there are none."""
    all_of_them = list(summaries)
    about = next((one["paper"] for one in all_of_them if one.get("paper")), None)
    if about is None:
        return []
    source, note = str(about["source"]).rstrip("."), str(about["note"])
    further = list(about.get("further") or ())
    metric = " and ".join(METRIC_NAMES.get(name, name) for name in (about["metric"], *further))
    ours = next(iter(all_of_them))["metric"]
    sentences = []
    if has_paper(all_of_them):
        text = f"Paper: {metric} as published ({source}), and ours less the paper's in points"
        if further:
            text += "; ours is of the same metric"
        elif about["metric"] != ours:
            text += f"; our {metric} is meant"
        sentences.append(f"{text}.")
    if published_models(all_of_them):
        sentences.append(f"Published: {metric} of models that were not run here ({source}).")
    if not about["comparable"]:
        sentences.append(INCOMPARABLE)
    return [*sentences, *([as_sentence(note)] if note else [])]


def as_sentence(text: str) -> str:
    """A text of the user's with a capital and a full stop; "" stays."""
    plain = text.strip()
    plain = plain[:1].upper() + plain[1:]
    return plain if not plain or plain.endswith((".", "!", "?")) else f"{plain}."
