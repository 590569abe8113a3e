"""What sweep.json says, for tables, figures and the page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from ferkit.evaluation.wording import METRIC_NAMES, is_number, number, percent

Trial = Mapping[str, Any]


def best_of(state: Mapping[str, Any]) -> Trial | None:
    """The complete trial of the best value, of equal ones the first; None where none is.

    Args:
        state: trials and direction.
    """
    complete: list[Trial] = [one for one in state["trials"] if one["state"] == "complete"]
    if not complete:
        return None
    sign = 1 if state["direction"] == "minimize" else -1
    return min(complete, key=lambda one: (sign * one["value"], one["number"]))


def ranked(state: Mapping[str, Any]) -> list[Trial]:
    """All trials: complete ones from the best on, then the others by number."""
    sign = 1 if state["direction"] == "minimize" else -1
    complete = [one for one in state["trials"] if one["state"] == "complete"]
    complete.sort(key=lambda one: (sign * one["value"], one["number"]))
    return [*complete, *(one for one in state["trials"] if one["state"] != "complete")]


def metric_name(state: Mapping[str, Any]) -> str:
    """The metric in words: "validation accuracy"."""
    metric = str(state["metric"])
    return f"validation {METRIC_NAMES.get(metric, metric)}"


def shown_value(state: Mapping[str, Any], value: Any) -> str:
    """A value of the metric: a fraction in percent, a loss as a number."""
    return number(value, 4) if state["metric"] == "loss" else percent(value)


def shown_drawn(value: Any) -> str:
    """A value that was drawn: a choice by its name, a number with as many digits as it needs."""
    return f"{value:.4g}" if is_number(value) and not isinstance(value, int) else str(value)


def drawn_in_words(drawn: Mapping[str, Any]) -> str:
    """ "training.optimiser.lr 0.001, model.dropout 0.2"."""
    return ", ".join(f"{key} {shown_drawn(value)}" for key, value in drawn.items())


_COLUMNS = ("trial", "epochs", "time", "state", "seeds")
"""What the tables of a sweep have besides its keys."""


def short_keys(keys: Sequence[str]) -> dict[str, str]:
    """Each key with as few of its last parts as tell it apart from the others and from columns."""
    short = {}
    for key in keys:
        parts = key.split(".")
        for count in range(1, len(parts) + 1):
            name = ".".join(parts[-count:])
            clashes = [each for each in keys if each != key and f".{each}".endswith(f".{name}")]
            if not clashes and name not in _COLUMNS:
                break
        short[key] = name
    return short


def counts(state: Mapping[str, Any]) -> dict[str, int]:
    """How many trials are in each state."""
    states = ("complete", "pruned", "failed", "running")
    return {name: sum(one["state"] == name for one in state["trials"]) for name in states}


def failures_in_words(state: Mapping[str, Any], *, most: int = 5) -> str:
    """Why trials failed, each reason once: "it does not fit (2 times); ..."; "" if none did."""
    reasons = Counter(
        str(one["reason"] or "no reason is known").removesuffix(".")
        for one in state["trials"]
        if one["state"] == "failed"
    )
    return "; ".join(
        f"{reason}{f' ({n} times)' if n > 1 else ''}" for reason, n in reasons.most_common(most)
    )


def failed_sentence(state: Mapping[str, Any]) -> str:
    """How many trials failed, and why; "" if none did."""
    failed = counts(state)["failed"]
    of = f"{failed} of {len(state['trials'])} trials failed"
    return f"{of}: {failures_in_words(state)}." if failed else ""
