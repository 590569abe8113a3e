"""Metrics with the samples of which nothing could be cropped counted as wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ferkit.evaluation.wording import METRIC_NAMES, interval, percent


def counted_as_wrong(
    metrics: Mapping[str, Any], labels: Sequence[int], kinds: Sequence[str]
) -> dict[str, Any]:
    """Accuracy, mean per-class accuracy and macro-F1 over the seen and the unseen samples.

    A sample without an answer is wrong and is no answer of any class: it adds to what its class
    has, and to no class's wrong answers.

    Args:
        metrics: what `evaluate` returned of the seen ones.
        labels: of the unseen ones, indices into its classes.
        kinds: why each was not seen.
    Returns: a JSON mapping, described in docs/report.md. The accuracy has Wilson's interval where
        samples are independent.
    """
    from ferkit.evaluation.metrics import wilson_interval  # imports torch; pages do without

    classes = metrics["classes"]
    confusion = np.array(metrics["confusion"])
    missing = np.bincount(np.asarray(labels, dtype=np.int64), minlength=len(classes))
    right, answers = confusion.diagonal(), confusion.sum(0)
    given = confusion.sum(1) + missing
    n, hits = int(given.sum()), int(right.sum())
    known, told = given > 0, given + answers > 0
    low, high = (None, None) if metrics["resampled"] == "subjects" else wilson_interval(hits, n)
    return {
        "n": len(labels),
        "of": n,
        "kinds": dict(sorted(Counter(kinds).items())),
        "classes": {name: int(count) for name, count in zip(classes, missing, strict=True)},
        "accuracy": {"value": hits / n, "low": low, "high": high},
        "mean_class_accuracy": {"value": float((right[known] / given[known]).mean())},
        "macro_f1": {"value": float((2 * right[told] / (given + answers)[told]).mean())},
    }


def unseen_sentences(entries: Mapping[str, Any]) -> list[str]:
    """For the report, a sentence for each split; `entries` is the entry 'unseen' of the results."""
    texts = []
    for split, entry in entries.items():
        why = ", ".join(f"{kind}: {count}" for kind, count in entry["kinds"].items())
        ends = interval(entry["accuracy"])
        values = ", ".join(
            f"{METRIC_NAMES[name]} {percent(entry[name]['value'])}"
            + (f" (95 %: {ends})" if name == "accuracy" and ends else "")
            for name in ("accuracy", "mean_class_accuracy", "macro_f1")
        )
        texts.append(
            f"Of {entry['n']} of the {entry['of']} {split} samples nothing could be cropped "
            f"({why}): they are in no other figure. Counted as wrong: {values}."
        )
    return texts
