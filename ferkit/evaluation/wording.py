"""Numbers as a reader sees them, the same in tables, figures and pages."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

UNKNOWN = "\N{EN DASH}"

METRIC_NAMES = {
    "accuracy": "accuracy",
    "mean_class_accuracy": "mean per-class accuracy",
    "macro_f1": "macro-F1",
    "calibration_error": "calibration error",
}
SHORT_NAMES = {
    "accuracy": "accuracy",
    "mean_class_accuracy": "per class",
    "macro_f1": "macro-F1",
    "calibration_error": "calib. error",
}
"""The same where there is little room."""

HEADLINES = tuple(METRIC_NAMES)
"""Keys of the metrics that carry an interval."""

SMOKE = (
    "This was a smoke run: one batch through every phase, on a few samples. It shows that the "
    "recipe works; its numbers mean nothing."
)
"""What a reader of such a run's page or tables must see first."""


def beside_metric(metric: str) -> str:
    """The metric shown beside: per-class accuracy beside accuracy, and the other way round."""
    return "accuracy" if metric == "mean_class_accuracy" else "mean_class_accuracy"


def is_number(value: Any) -> bool:
    """Whether a JSON value is a finite number."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def percent(value: Any, digits: int = 1) -> str:
    """0.8314 -> "83.1 %"; a dash where there is no number."""
    return f"{100 * value:.{digits}f} %" if is_number(value) else UNKNOWN


def points(value: Any, digits: int = 1) -> str:
    """A difference of fractions in percentage points, signed: 0.0213 -> "+2.1"."""
    if not is_number(value):
        return UNKNOWN
    text = f"{100 * value:+.{digits}f}"
    return text.replace("-", "\N{MINUS SIGN}")


def number(value: Any, digits: int = 3) -> str:
    """A plain number; a dash where there is none."""
    return f"{value:.{digits}f}" if is_number(value) else UNKNOWN


def interval(entry: Mapping[str, Any]) -> str:
    """The interval of a fraction in percent: "80.1 to 86.0"; "" where there is none, and a dash
    where a mean over runs says why it has none."""
    low, high = entry.get("low"), entry.get("high")
    if not (is_number(low) and is_number(high)):
        return _dash(entry)
    return f"{100 * float(low or 0):.1f} to {100 * float(high or 0):.1f}"


def points_interval(entry: Mapping[str, Any]) -> str:
    """The interval of a difference, in points: "-0.4 to +4.1"; otherwise as `interval`."""
    low, high = entry.get("low"), entry.get("high")
    there = is_number(low) and is_number(high)
    return f"{points(low)} to {points(high)}" if there else _dash(entry)


def _dash(entry: Mapping[str, Any]) -> str:
    return UNKNOWN if "mean" in entry and entry.get("no_interval") else ""


def duration(seconds: Any) -> str:
    """Seconds in words: "8 s", "4 min 10 s", "2 h 5 min"."""
    if not is_number(seconds):
        return UNKNOWN
    whole = round(seconds)
    if whole < 60:
        return f"{seconds:.1f} s" if whole < 10 else f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def moment(stamp: Any) -> str:
    """An ISO 8601 time as people write it: "2026-01-02 03:04 UTC"; else the text itself."""
    try:
        time = datetime.fromisoformat(str(stamp))
    except ValueError:
        return str(stamp)
    zone = " UTC" if time.utcoffset() == timedelta(0) else ""
    return f"{time:%Y-%m-%d %H:%M}{zone}"


def shortened(text: str, length: int) -> str:
    """`text`, with an ellipsis at the end if it is longer than `length`."""
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


def above(value: str, ends: str) -> str:
    """A cell of two lines: the value, and its interval below."""
    return f"{value}\n{ends}" if ends else value


def bracketed(ends: str) -> str:
    """ "1 to 2" as "[1, 2]"; "" stays."""
    return f"[{ends.replace(' to ', ', ')}]" if ends else ""


def mean_sd(entry: Mapping[str, Any]) -> str:
    """Mean and standard deviation of a fraction, in percent: "83.1 ± 0.6"; without a deviation
    the mean alone."""
    text = percent(entry["mean"]).removesuffix(" %")
    return f"{text} ± {spread(entry)}" if is_number(entry.get("sd")) else text


def spread(entry: Mapping[str, Any]) -> str:
    """The standard deviation of a fraction, in points; a dash where there is none."""
    return points(entry.get("sd")).removeprefix("+")


def probability(p: Any) -> str:
    """A p value as people write it: "0.034", "0.5", "< 0.001"; a dash where there is none."""
    if not is_number(p):
        return UNKNOWN
    return "< 0.001" if p < 0.001 else f"{p:.3f}" if p < 0.1 else f"{p:.2f}"
