"""Means over runs beside the metric of a matrix, with their spread, as text for people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ferkit.evaluation.wording import (
    UNKNOWN,
    above,
    bracketed,
    interval,
    is_number,
    mean_sd,
    number,
    points,
    spread,
)

Entry = Mapping[str, Any]


def metric_of(entry: Entry, name: str) -> Entry:
    """A headline metric of a variant; in a matrix.json of an earlier version its mean alone."""
    found = (entry.get("metrics") or {}).get(name)
    return found if found else {"mean": entry["means"].get(name)}


def stability_of(entry: Entry) -> Entry:
    """The stability distance of a variant, likewise."""
    return entry.get("stability") or {"mean": entry.get("stability_distance")}


def in_two_lines(found: Entry | None) -> str:
    """ "83.1 ± 0.6 %", and the interval below; a dash where there is no mean."""
    if not found or not is_number(found.get("mean")):
        return UNKNOWN
    return above(f"{mean_sd(found)} %", interval(found))


def in_a_line(found: Entry | None) -> str:
    """ "83.1 ± 0.6 % [82.0, 84.2]"; a dash where there is no mean."""
    if not found or not is_number(found.get("mean")):
        return UNKNOWN
    return f"{mean_sd(found)} % {bracketed(interval(found))}".rstrip()


def gain_sd(gain: Entry) -> str:
    """A mean difference with its standard deviation, in points: "+2.1 ± 0.4"."""
    sd = f" ± {spread(gain)}" if is_number(gain.get("sd")) else ""
    return points(gain["mean"]) + sd


def number_in_a_line(found: Entry) -> str:
    """The same of what is no share: "0.812 ± 0.021 [0.780, 0.844]"."""
    sd = f" ± {number(found['sd'])}" if is_number(found.get("sd")) else ""
    ends = bracketed(number_ends(found))
    return f"{number(found['mean'])}{sd} {ends}".rstrip()


def number_ends(found: Entry) -> str:
    """The interval of what is no share: "0.780 to 0.844"; otherwise as `wording.interval`."""
    if is_number(found.get("low")) and is_number(found.get("high")):
        return f"{number(found['low'])} to {number(found['high'])}"
    return interval(found)


def no_interval_note(entries: Iterable[Entry]) -> str:
    """A sentence that says why a dash stands where an interval would; "" where none does.

    Args:
        entries: all means and differences that a table shows.
    """
    reasons = dict.fromkeys(str(one["no_interval"]) for one in entries if one.get("no_interval"))
    return f"{UNKNOWN}: no interval ({'; '.join(reasons)})." if reasons else ""
