"""What a reader of the tables of a matrix must know."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ferkit.evaluation.cost import costs_differ
from ferkit.evaluation.paired_tests import LEVEL
from ferkit.evaluation.pooled_words import (
    is_pooled,
    no_interval_sentences,
    pooled_count,
    pooled_interval,
    pooled_pairing,
    pooled_seeds,
    pooled_sentences,
)
from ferkit.evaluation.published import paper_sentences
from ferkit.evaluation.replicates import BOTH, FOLDS, ONE, SEEDS, over_what
from ferkit.evaluation.stability import all_stable
from ferkit.evaluation.wording import METRIC_NAMES, is_number

Summary = Mapping[str, Any]
Summaries = Mapping[str, Summary]
"""Setting -> what `summarise_matrix` returned."""

MARK = " *"
"""Stands behind a gain whose corrected p value is below the level."""

_CAUTION = (
    "Folds share most of their training data, so that no unbiased estimate of the spread of their "
    "mean exists (Bengio and Grandvalet 2004). Intervals over folds are widened as Nadeau and "
    "Bengio (2003) propose, and are still approximate."
)


_POOLED = (
    "The figure of leave one subject out is that {}: each sample is predicted by the run that "
    "held it out. A mean over folds would say little of classes, since one subject may lack some. "
    "Intervals: {}."
)


def marked(entry: Mapping[str, Any]) -> str:
    """The mark of a variant that differs from the baseline on the same samples, or ""."""
    p = (entry.get("test") or {}).get("p_holm")
    return MARK if is_number(p) and float(p or 0) < LEVEL else ""


def over(summaries: Iterable[Summary]) -> str:
    """What the means of these summaries are over: "seeds", "folds" or "folds and seeds"."""
    found = {over_what(one["seeds"]) for one in summaries}
    return found.pop() if len(found) == 1 else BOTH if found else SEEDS


def interval_words(summaries: Iterable[Summary]) -> str:
    """What their 95 % intervals are."""
    every = list(summaries)
    if every and all(map(is_pooled, every)):
        return pooled_interval(every)
    found = {over_what(one["seeds"]) for one in every if not is_pooled(one)}
    if found <= {SEEDS}:
        return "95 % t-interval over seeds"
    text = "95 % interval over folds, corrected for shared training data"
    return f"{text} (without folds t-interval over seeds)" if SEEDS in found else text


def mean_words(summary: Summary) -> str:
    """What the main figures are: "mean ± standard deviation", or of which folds together."""
    if not is_pooled(summary):
        return "mean ± standard deviation"
    over_seeds = ", mean ± standard deviation over seeds" if pooled_seeds([summary]) > 1 else ""
    return f"of the test samples of {pooled_count([summary])} together{over_seeds}"


def figure_sentences(summary: Summary) -> list[str]:
    """What the figures of a summary are, where they are not means over its runs."""
    if not is_pooled(summary):
        return []
    figures = mean_words(summary)
    return [
        f"Figures are {figures}, each predicted by the run that held it out; intervals:"
        f" {pooled_interval([summary])}."
    ]


def paired_by(summaries: Iterable[Summary]) -> str:
    """What gains are paired by: "seed", "fold", "fold and seed" or "sample"."""
    every = list(summaries)
    plain = [one for one in every if not is_pooled(one)]
    pooled = [one for one in every if is_pooled(one)]
    words = dict.fromkeys([ONE[over(plain)]] if plain else [])
    if pooled:
        words[pooled_pairing(pooled)] = None
    return " or ".join(words)


def runs_heading(summary: Summary) -> str:
    """Heading of the column that tells how many values a mean is of."""
    return {SEEDS: "seeds", FOLDS: "folds", BOTH: "folds x seeds"}[over([summary])]


def runs_cell(entry: Mapping[str, Any]) -> str:
    """How many values a mean is of: "3", or "20 (10 folds)" of several seeds each."""
    folds = entry.get("folds")
    return f"{entry['n']} ({folds} folds)" if folds and folds != entry["n"] else str(entry["n"])


def compact_sentence(summaries: Summaries, *, rows: bool = False) -> str:
    """What a reader of the compact table must know. rows: of the one with a row per variant."""
    return " ".join(compact_sentences(summaries, rows=rows))


def compact_sentences(summaries: Summaries, *, rows: bool = False) -> list[str]:
    """The same: what the numbers are, what the mark means, what published figures are."""
    every = list(summaries.values())
    one = every[0]
    metric = str(METRIC_NAMES.get(one["metric"], one["metric"]))
    text = f"{metric[:1].upper()}{metric[1:]} on {one['split']} in percent, {_figures(summaries)}"
    if one["baseline"] is not None:
        text += f"; gain over {one['baseline']} in points, paired by {paired_by(every)}"
        several = any(entry["n"] > 1 for each in every for entry in each["variants"].values())
        text += ", with its interval" if several else " (one seed: no interval)"
    return [
        f"{text}.",
        *pooled_sentences(every),
        *no_interval_sentences(every, "rows" if rows else "compact"),
        *test_sentences(every),
        *paper_sentences(every),
    ]


def _figures(summaries: Summaries) -> str:
    """What the figures of a compact table are of, and what their intervals are."""
    plain = [one for one in summaries.values() if not is_pooled(one)]
    pooled = {name: one for name, one in summaries.items() if is_pooled(one)}
    parts = []
    if plain:
        numbers = [entry["n"] for each in plain for entry in each["variants"].values()]
        least, most = min(numbers), max(numbers)
        what = over(plain)
        count = f"{most}" if least == most else f"{least} to {most}"
        word = {SEEDS: "seed", FOLDS: "fold", BOTH: "run"}[what]
        count += f" {word}" if most == 1 else f" {word}s"
        count += f" ({what})" if what == BOTH else ""
        text = f"mean ± standard deviation of {count}" if most > 1 else f"mean of {count}"
        parts.append(f"{text}, {interval_words(plain)}" if most > 1 else text)
    if pooled:
        found = list(pooled.values())
        over_seeds = ", mean ± standard deviation over seeds" if pooled_seeds(found) > 1 else ""
        where = f" in {', '.join(pooled)}" if plain else ""
        parts.append(
            f"of the test samples of {pooled_count(found)} together{where}, each predicted by the"
            f" run that held it out{over_seeds}, {pooled_interval(found)}"
        )
    return "; ".join(parts)


def test_sentences(summaries: Iterable[Summary]) -> list[str]:
    """What the mark means; none where nothing was tested."""
    every = list(summaries)
    about = next((one["tests"] for one in every if one.get("tests")), None)
    if about is None or not about["comparisons"]:
        return []
    against = every[0]["baseline"]
    tested = [entry["test"] for one in every for entry in one["variants"].values()
              if is_number((entry.get("test") or {}).get("p"))]  # fmt: skip
    if against is None or not tested:
        return []
    units = " or ".join(dict.fromkeys(test["unit"] for test in tested))
    number = about["comparisons"]
    comparisons = "1 comparison" if number == 1 else f"{number} comparisons"
    return [
        f"*: differs from {against} in accuracy on the same test samples, p < {about['level']} "
        f"(two-sided exact sign-flip test over {units}; {about['correction']} over {comparisons}). "
        f"{_mark_and_gain(every)}"
    ]


def _mark_and_gain(every: list[Summary]) -> str:
    """What the mark speaks of, and what the interval of the gain."""
    same = "The mark speaks of these models on other samples, the interval of the gain"
    plain = [one for one in every if not is_pooled(one)]
    if not plain and pooled_seeds(every) <= 1:
        return f"{same} too; other seeds are not asked about."
    what = over(plain) if plain else SEEDS
    return f"{same} of other {what}; a gain is well founded where both agree."


def matrix_sentences(summary: Summary) -> list[str]:
    """How to read the tables of a summary on the page."""
    return [
        *run_sentences(summary),
        *pooled_sentences([summary]),
        *no_interval_sentences([summary], "page"),
        *test_sentences([summary]),
        *paper_sentences([summary]),
        *_further(summary),
    ]


def settings_sentences(summaries: Summaries) -> list[str]:
    """How to read the tables of a matrix with settings on the page, each thing said once."""
    further = [[*run_sentences(one), *_further(one)] for one in summaries.values()]
    further.append(no_interval_sentences(summaries.values(), "page"))
    compact = compact_sentences(summaries)
    said = dict.fromkeys(sentence for each in further for sentence in each)
    return [*compact, *(sentence for sentence in said if sentence not in compact)]


def run_sentences(summary: Summary) -> list[str]:
    """What means, intervals and gains are of."""
    variants, baseline, what = summary["variants"], summary["baseline"], over([summary])
    if is_pooled(summary):
        sentences = [_POOLED.format(mean_words(summary), pooled_interval([summary]))]
    elif what == SEEDS:
        sentences = [
            "Intervals of the means: 95 % t-intervals over seeds. They cover the luck of the seed "
            "on this one division of the data, not the choice of test samples."
        ]
    else:
        sentences = [
            "Means, standard deviations and intervals are over folds"
            + (", the seeds of each averaged first. " if what == BOTH else ". ")
            + _CAUTION
        ]
    if baseline:
        sentences.append(
            f"Gains are differences to {baseline}"
            + (", paired by " if is_pooled(summary) else " of the same ")
            + paired_by([summary])
            + ", in percentage points. An interval that contains 0 means that the sign of the gain "
            "is open."
        )
    if min(entry["n"] for entry in variants.values()) == 1 and not is_pooled(summary):
        sentences.append("With one run there is no standard deviation and no interval.")
    return sentences


def _further(summary: Summary) -> list[str]:
    variants, sentences = summary["variants"], []
    if costs_differ(entry.get("cost") for entry in variants.values()):
        sentences.append("gflops: 10^9 multiply-adds of one clip as long as in a training step.")
    if all_stable(variants.values()):
        sentences.append(
            "Stability distance: how much of the class probabilities moves when test samples are "
            "altered in ways that leave the expression as it is; mean over alterations and "
            f"{over([summary])}."
        )
    return sentences


def pair_sentences(tests: Mapping[str, Any]) -> list[str]:
    """How to read the table of paired tests."""
    number = tests["comparisons"]
    return [
        "Two variants of the same setting, on the test samples that both were tested on. All"
        " answers to a sample, of every seed and fold, are summed first (and those of a subject,"
        " where one has several samples). If the two were equally good, each unit's difference"
        " would be as likely to have the other sign: p is the share of all sign patterns whose sum"
        " is at least as far from 0. With one seed and no subjects this is McNemar's exact test.",
        "It asks whether these models differ on other samples like these; whether another seed"
        " would give the same is what the intervals over runs are for. Difference: in the share of"
        " right answers, in points, with its 95 % bootstrap interval over units.",
        f"p, {tests['correction']}: corrected for {number} comparison{'' if number == 1 else 's'},"
        " all of this matrix that could be tested.",
    ]
