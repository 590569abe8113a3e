"""What a reader must know of figures of all folds together, and of intervals that are missing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal

from ferkit.evaluation.spreads import metric_of, no_interval_note
from ferkit.evaluation.wording import HEADLINES, beside_metric, is_number

Summary = Mapping[str, Any]
Entry = Mapping[str, Any]


def is_pooled(summary: Summary) -> bool:
    """Whether the main figures of a summary are those of all folds together."""
    return bool((summary.get("pooled") or {}).get("main"))


def pooled_beside(entry: Entry, name: str) -> Entry | None:
    """The figure of all folds together of a headline metric, where it is not the main one."""
    if "over_folds" in entry:
        return None
    return ((entry.get("pooled") or {}).get("metrics") or {}).get(name)


def has_pooled_beside(summaries: Iterable[Summary]) -> bool:
    """Whether any variant has a pooled figure beside its mean over folds."""
    return any(
        pooled_beside(entry, HEADLINES[0])
        for summary in summaries
        for entry in summary["variants"].values()
    )


def pooled_interval(summaries: Iterable[Summary]) -> str:
    """What the 95 % intervals of their pooled figures are."""
    kinds = dict.fromkeys(
        "95 % t-interval over seeds"
        if len(found["seeds"]) > 1
        else f"95 % bootstrap interval over {found['resampled']}"
        for found in _pooled(summaries)
    )
    return " or ".join(kinds)


def pooled_pairing(summaries: Iterable[Summary]) -> str:
    """What pooled differences are paired by: "seed", or "sample" of a single seed."""
    kinds = dict.fromkeys(
        "seed" if len(found["seeds"]) > 1 else "sample" for found in _pooled(summaries)
    )
    return " or ".join(kinds)


def pooled_count(summaries: Iterable[Summary]) -> str:
    """How many folds are taken together: "all 10 folds", or "5 of 20 folds"."""
    texts: dict[str, None] = {}
    for found in _pooled(summaries):
        folds, of_folds = found["folds"], found.get("of_folds")
        part = is_number(of_folds) and of_folds > folds
        texts[f"{folds} of {of_folds} folds" if part else f"all {folds} folds"] = None
    return " or ".join(texts)


def pooled_seeds(summaries: Iterable[Summary]) -> int:
    """Of how many seeds the pooled figures are at most."""
    return max((len(found["seeds"]) for found in _pooled(summaries)), default=0)


def pooled_sentences(summaries: Iterable[Summary]) -> list[str]:
    """What pooled figures beside means over folds are, and which are missing; none without
    folds."""
    every = list(summaries)
    beside = [one for one in every if not is_pooled(one)]
    sentences = []
    if has_pooled_beside(beside):
        several = pooled_seeds(beside) > 1
        sentences.append(
            f"Pooled: of the test samples of {pooled_count(beside)} together, each predicted by the"
            f" run that held it out{', mean over seeds' if several else ''}; intervals:"
            f" {pooled_interval(beside)}."
        )
    if lacking := list(dict.fromkeys(_lacking(every))):
        sentences.append(f"No pooled figure of {'; of '.join(lacking)}.")
    if any(one["pooled"]["asked"] and not is_pooled(one) for one in every if one.get("pooled")):
        sentences.append(
            "The pooled figure is the one of this protocol (leave one subject out); until every"
            " variant has it, means over the folds that are done stand here."
        )
    return sentences


def no_interval_sentences(
    summaries: Iterable[Summary], table: Literal["compact", "rows", "page"]
) -> list[str]:
    """Why a dash stands in the place of an interval; none where none does.

    Args:
        table: the compact one, a row per variant (with the metric beside), or the page's.
    """
    note = no_interval_note(
        found
        for one in summaries
        for entry in one["variants"].values()
        for found in _shown(entry, one["metric"], table)
    )
    return [note] if note else []


def _shown(entry: Entry, metric: str, table: str) -> Iterator[Entry]:
    """The means and differences of a variant that a table shows."""
    yield entry
    yield entry.get("gain") or {}
    yield pooled_beside(entry, metric) or {}
    if table == "compact":
        return
    for name in HEADLINES if table == "page" else [beside_metric(metric)]:
        yield metric_of(entry, name)
        yield pooled_beside(entry, name) or {}
    yield entry.get("stability") or {}
    noise = entry.get("label_noise") or {}
    signs = ["weight_precision_at_k", *([] if noise.get("all_equal") else ["weight_auroc"])]
    signs += ["loss_auroc", "loss_precision_at_k"] if table == "page" else []
    for sign in signs:
        yield noise.get(sign) or {}


def _lacking(summaries: Iterable[Summary]) -> Iterator[str]:
    for summary in summaries:
        for name, entry in summary["variants"].items():
            if why := (entry.get("pooled") or {}).get("why"):
                yield f"{name}: {why}"


def _pooled(summaries: Iterable[Summary]) -> Iterator[Entry]:
    for summary in summaries:
        for entry in summary["variants"].values():
            found = entry.get("pooled") or {}
            if found.get("metrics"):
                yield found
