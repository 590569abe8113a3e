"""Published figures beside ours: the paper's of the same cell, and models we have no run of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ferkit.evaluation.wording import METRIC_NAMES, UNKNOWN, is_number, percent, points

Summary = Mapping[str, Any]

INCOMPARABLE = (
    "The structure is the paper's, the data are not: differences to published figures say nothing "
    "about the methods."
)


def with_paper(
    summary: Summary,
    about: Mapping[str, Any],
    *,
    figures: Mapping[str, float],
    models: Mapping[str, float],
) -> dict[str, Any]:
    """A summary with published figures.

    Args:
        summary: what `summarise_matrix` returned.
        about: source, metric, comparable and note of `matrix.paper`.
        figures: variant -> fraction. models: name of a published model -> fraction.
    Returns: the summary with `paper` (about, and `models`), and for each variant that the paper has
        a figure of `paper`: value, ours (mean of the same metric, or None) and difference (ours
        less the paper's).
    """
    variants = {}
    for name, entry in summary["variants"].items():
        value = figures.get(name)
        if value is None:
            variants[name] = entry
            continue
        ours = entry["means"].get(about["metric"])
        difference = ours - value if is_number(ours) else None
        variants[name] = {
            **entry, "paper": {"value": value, "ours": ours, "difference": difference}
        }  # fmt: skip
    return {**summary, "variants": variants, "paper": {**about, "models": dict(models)}}


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
        entry.get("paper") for summary in summaries for entry in summary["variants"].values()
    )


def published_models(summaries: Iterable[Summary]) -> list[str]:
    """Names of the published models of all settings, in order."""
    return list(
        dict.fromkeys(
            name for one in summaries for name in (one.get("paper") or {}).get("models", {})
        )
    )


def paper_cells(entry: Mapping[str, Any]) -> list[str]:
    """The paper's figure in percent, and ours less the paper's in points."""
    paper = entry.get("paper")
    if not paper:
        return [UNKNOWN, UNKNOWN]
    return [percent(paper["value"], 2), points(paper["difference"], 2)]


def paper_line(entry: Mapping[str, Any]) -> str:
    """The same in a line, for a cell that holds more: "paper 83.44 (+0.21)"."""
    value, difference = paper_cells(entry)
    return f"paper {value.removesuffix(' %')} ({difference})" if entry.get("paper") else ""


def paper_sentences(summaries: Iterable[Summary]) -> list[str]:
    """What a reader of published figures must know; none where there are none."""
    all_of_them = list(summaries)
    about = next((one["paper"] for one in all_of_them if one.get("paper")), None)
    if about is None:
        return []
    source, note = str(about["source"]).rstrip("."), str(about["note"])
    metric = METRIC_NAMES.get(about["metric"], about["metric"])
    ours = next(iter(all_of_them))["metric"]
    sentences = []
    if has_paper(all_of_them):
        text = f"Paper: {metric} as published ({source}), and ours less the paper's in points"
        text += f"; our {metric} is meant" if about["metric"] != ours else ""
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
