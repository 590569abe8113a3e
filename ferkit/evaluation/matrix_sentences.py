"""What a reader of the tables of a matrix must know."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ferkit.evaluation.cost import costs_differ
from ferkit.evaluation.paired_tests import LEVEL
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
    found = {over_what(one["seeds"]) for one in summaries}
    if found <= {SEEDS}:
        return "95 % t-interval over seeds"
    text = "95 % interval over folds, corrected for shared training data"
    return f"{text} (without folds t-interval over seeds)" if SEEDS in found else text


def runs_heading(summary: Summary) -> str:
    """Heading of the column that tells how many values a mean is of."""
    return {SEEDS: "seeds", FOLDS: "folds", BOTH: "folds x seeds"}[over([summary])]


def runs_cell(entry: Mapping[str, Any]) -> str:
    """How many values a mean is of: "3", or "20 (10 folds)" of several seeds each."""
    folds = entry.get("folds")
    return f"{entry['n']} ({folds} folds)" if folds and folds != entry["n"] else str(entry["n"])


def compact_sentence(summaries: Summaries) -> str:
    """What a reader of the compact table must know."""
    return " ".join(compact_sentences(summaries))


def compact_sentences(summaries: Summaries) -> list[str]:
    """The same: what the numbers are, what the mark means, what published figures are."""
    every = list(summaries.values())
    one = every[0]
    metric = str(METRIC_NAMES.get(one["metric"], one["metric"]))
    baseline = one["baseline"]
    numbers = [entry["n"] for each in every for entry in each["variants"].values()]
    least, most = min(numbers), max(numbers)
    what = over(every)
    count = f"{most}" if least == most else f"{least} to {most}"
    word = {SEEDS: "seed", FOLDS: "fold", BOTH: "run"}[what]
    count += f" {word}" if most == 1 else f" {word}s"
    count += f" ({what})" if what == BOTH else ""
    text = f"{metric[:1].upper()}{metric[1:]} on {one['split']} in percent, mean"
    text += f" ± standard deviation of {count}" if most > 1 else f" of {count}"
    text += f", {interval_words(every)}" if most > 1 else ""
    if baseline is not None:
        text += f"; gain over {baseline} in points, paired by {ONE[what]}"
        text += ", with its interval" if most > 1 else " (one seed: no interval)"
    return [f"{text}.", *test_sentences(every), *paper_sentences(every)]


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
        "The mark speaks of these models on other samples, the interval of the gain of other "
        f"{over(every)}; a gain is well founded where both agree."
    ]


def matrix_sentences(summary: Summary) -> list[str]:
    """How to read the tables of a summary on the page."""
    return [
        *run_sentences(summary),
        *test_sentences([summary]),
        *paper_sentences([summary]),
        *_further(summary),
    ]


def settings_sentences(summaries: Summaries) -> list[str]:
    """How to read the tables of a matrix with settings on the page, each thing said once."""
    further = [[*run_sentences(one), *_further(one)] for one in summaries.values()]
    said = dict.fromkeys(sentence for each in further for sentence in each)
    return [*compact_sentences(summaries), *said]


def run_sentences(summary: Summary) -> list[str]:
    """What means, intervals and gains are of."""
    variants, baseline, what = summary["variants"], summary["baseline"], over([summary])
    if what == SEEDS:
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
            f"Gains are differences to {baseline} of the same "
            + ONE[what]
            + ", in percentage points. An interval that contains 0 means that the sign of the gain "
            "is open."
        )
    if min(entry["n"] for entry in variants.values()) == 1:
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
