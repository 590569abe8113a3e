"""What a report says of the results: headline numbers, classes, splits, notes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ferkit.evaluation.page import PlainTable
from ferkit.evaluation.tables import is_metrics, no_interval
from ferkit.evaluation.unseen import unseen_sentences
from ferkit.evaluation.wording import (
    HEADLINES,
    METRIC_NAMES,
    UNKNOWN,
    above,
    interval,
    is_number,
    percent,
)

SMALL_VALIDATION = 50
"""A validation set below this is too small to choose by."""


class Card(NamedTuple):
    """A headline number."""

    name: str
    value: str
    range: str


def headline(results: Mapping[str, Any]) -> dict[str, Any] | None:
    """The numbers at the top, of the test split or else of the first there is."""
    splits = {name: entry for name, entry in results.items() if is_metrics(entry)}
    if not splits:
        return None
    split = "test" if "test" in splits else next(iter(splits))
    metrics = splits[split]
    return {
        "split": split,
        "cards": [
            Card(METRIC_NAMES[name], percent(metrics[name]["value"]), _range(metrics[name]))
            for name in HEADLINES
        ],
        "sentences": _reading(metrics),
        "others": _splits(splits) if len(splits) > 1 else None,
    }


def unreadable(results: Mapping[str, Any]) -> list[str]:
    """A sentence for each entry that is meant to hold metrics and lacks some of them."""
    return [
        f"results.json: the entry '{name}' is not complete, so it is left out."
        for name, entry in results.items()
        if isinstance(entry, Mapping) and "accuracy" in entry and not is_metrics(entry)
    ]


def class_results(results: Mapping[str, Any]) -> dict[str, Any] | None:
    """Table per class and the confusion matrix, of the test split."""
    metrics = results.get("test")
    if not is_metrics(metrics):
        return None
    classes, confusion = metrics["classes"], metrics["confusion"]
    rows = [
        [
            name,
            str(entry["n"]),
            _above(percent(entry["accuracy"]), entry),
            percent(entry["precision"]),
            percent(entry["f1"]),
        ]
        for name, entry in ((name, metrics["per_class"][name]) for name in classes)
    ]
    how = (
        "Wilson intervals on the number of subjects that have samples of the class, widened to "
        "those of a bootstrap over subjects"
        if metrics["resampled"] == "subjects"
        else "Wilson intervals"
    )
    columns = ("class", "samples", "accuracy", "precision", "F1")
    return {
        "table": PlainTable(columns, rows, "Below each accuracy its 95 % interval, in percent"),
        "sentences": [
            "Accuracy: share of the samples with that label that were recognised (recall). "
            "Precision: share of the predictions of that class that were right. "
            f"The intervals are {how}."
        ],
        "confusion": PlainTable(
            ["given \\ predicted", *classes],
            [
                [name, *(str(count) for count in counts)]
                for name, counts in zip(classes, confusion, strict=True)
            ],
        ),
    }


def result_notes(results: Mapping[str, Any], notes: Sequence[Any]) -> list[str]:
    """What must be known to read the numbers rightly: the run's own notes, then ours."""
    texts = [str(note) for note in notes]
    texts += unseen_sentences(results.get("unseen") or {})
    test, validation = results.get("test"), results.get("validation")
    if results and not is_metrics(validation):
        texts.append("There is no validation set with labels: nothing was chosen by one.")
    elif is_metrics(validation) and validation["n"] < SMALL_VALIDATION:
        texts.append(
            f"The validation set has {validation['n']} samples, too few to choose by: its "
            f"accuracy is {percent(validation['accuracy']['value'])}"
            f"{_bracketed(validation['accuracy'])}."
        )
    if is_metrics(test):
        if test["absent"]:
            names = ", ".join(test["absent"])
            texts.append(
                f"Classes without test samples, left out of the mean per-class accuracy: {names}."
            )
        few = [name for name, entry in test["per_class"].items() if 0 < entry["n"] < 10]
        if few:
            texts.append(f"Classes with fewer than 10 test samples: {', '.join(few)}.")
    return list(dict.fromkeys(texts))


def _range(entry: Mapping[str, Any]) -> str:
    ends = interval(entry)
    return f"95 %: {ends}" if ends else "no interval"


def _above(value: str, entry: Mapping[str, Any]) -> str:
    """A cell of two lines: the value, and its interval below, or a dash where it has none."""
    return above(value, interval(entry) or (UNKNOWN if "no_interval" in entry else ""))


def _bracketed(entry: Mapping[str, Any]) -> str:
    ends = interval(entry)
    return f" (95 %: {ends})" if ends else ""


def _reading(metrics: Mapping[str, Any]) -> list[str]:
    """How the headline numbers came about, and what they are to be compared with."""
    n, unit = metrics["n"], metrics["resampled"]
    how = f"95 % percentile bootstrap over {unit}, {metrics['bootstrap']} resamples; that of "
    how = f"{how}the accuracy widened to" if metrics["bootstrap"] else "of the accuracy,"
    texts = [
        f"{_size(metrics)}. Intervals: {how} Wilson's on the number of {unit}. They cover the "
        "choice of test samples, not the luck of the training seed."
        if interval(metrics["accuracy"])
        else f"{_size(metrics)}. No intervals were computed."
    ]
    texts += [
        f"No interval of {', '.join(names)}: {why}." for why, names in no_interval(metrics).items()
    ]
    most = max(sum(row) for row in metrics["confusion"])
    present = len(metrics["classes"]) - len(metrics["absent"])
    texts.append(
        f"For comparison: always answering the most frequent class would be right in "
        f"{percent(most / n)} of the samples, with a mean per-class accuracy of "
        f"{percent(1 / present)}."
    )
    accuracy = metrics["accuracy"]["value"]
    if accuracy in (0, 1) and interval(metrics["accuracy"]):
        word, end = ("right", "low") if accuracy else ("wrong", "high")
        texts.append(
            f"All answers were {word}, which resampling can't vary: by Wilson's interval the true "
            f"accuracy may be as {end} as {percent(metrics['accuracy'][end])}."
        )
    error = metrics["calibration_error"]
    if is_number(error["low"]) and error["value"] < error["low"]:
        texts.append(
            "The interval of the calibration error lies above its value, because resampling "
            "adds to it: with so few samples in each bin the error is mostly noise."
        )
    return texts


def _size(metrics: Mapping[str, Any], unit: str = " samples") -> str:
    """How many samples there are, and in brackets how many subjects where these are drawn."""
    subjects = metrics["resampled"] == "subjects"
    many = f" ({metrics['units']} subject{'s' * (metrics['units'] != 1)})" if subjects else ""
    return f"{metrics['n']}{unit}{many}"


def _splits(splits: Mapping[str, Mapping[str, Any]]) -> PlainTable:
    rows = [
        [
            name,
            _size(metrics, ""),
            *(_above(percent(metrics[key]["value"]), metrics[key]) for key in HEADLINES),
        ]
        for name, metrics in splits.items()
    ]
    columns = ["split", "samples", *(METRIC_NAMES[name] for name in HEADLINES)]
    return PlainTable(columns, rows, "All splits; below each value its 95 % interval, in percent")
