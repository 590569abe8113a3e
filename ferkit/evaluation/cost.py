"""What networks cost, in words and over the variants of a matrix (paper B: B27)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ferkit.evaluation.wording import UNKNOWN, is_number

_COUNTS = ("parameters", "multiply_adds")


def is_cost(entry: Any) -> bool:
    """Whether an entry of `results.json` holds the network's cost."""
    return isinstance(entry, Mapping) and all(is_number(entry.get(key)) for key in _COUNTS)


def gflops(entry: Any) -> float | None:
    """10^9 multiply-adds of a clip; None where unknown.

    Args:
        entry: `cost` of `results.json`.
    """
    return float(entry["multiply_adds"]) / 1e9 if is_cost(entry) else None


def same_cost(entries: Iterable[Any]) -> dict[str, Any] | None:
    """The cost that runs have in common; None where they differ or some do not know it."""
    found = list(entries)
    if not found or not all(is_cost(entry) for entry in found):
        return None
    first = {key: found[0][key] for key in _COUNTS}
    alike = all({key: entry[key] for key in _COUNTS} == first for entry in found)
    return dict(found[0]) if alike else None


def costs_differ(entries: Iterable[Any]) -> bool:
    """Whether there are several costs."""
    return len({(one["parameters"], one["multiply_adds"]) for one in entries if is_cost(one)}) > 1


def count_in_words(count: Any) -> str:
    """31234567 -> "31.2 M"; a dash where there is no number."""
    if not is_number(count):
        return UNKNOWN
    for size, unit in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if count >= size:
            digits = 2 if count < 10 * size else 1
            return f"{count / size:.{digits}f}{unit}"
    return str(int(count))


def cost_in_words(entry: Any) -> str | None:
    """Parameters and multiply-adds for the facts of a report; None where they are unknown."""
    if not is_cost(entry):
        return None
    frames, regions = entry.get("frames", 1), entry.get("regions", 1)
    of = "an image" if frames == 1 else f"a clip of {frames} frames"
    of += "" if regions == 1 else f", {regions} regions each"
    counts = [count_in_words(entry[key]) for key in _COUNTS]
    size = entry.get("image_size", "?")
    return f"{counts[0]} parameters; {counts[1]} multiply-adds for {of}, {size} px"


def cost_cells(entry: Any) -> list[str]:
    """Parameters and multiply-adds of a clip, in 10^9, for a row of a table; dashes if unknown."""
    billions = gflops(entry)
    if billions is None:
        return [UNKNOWN, UNKNOWN]
    return [count_in_words(entry["parameters"]), f"{billions:.3g}"]
