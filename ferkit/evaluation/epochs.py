"""The last and the best epoch: what results files say of them, and what several runs come to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ferkit.evaluation.replicates import fraction_over_replicates
from ferkit.evaluation.wording import HEADLINES, is_number

KINDS = ("best", "last")

EPOCH_COLUMNS = tuple(f"{kind}_{name}" for kind in reversed(KINDS) for name in HEADLINES)
"""Of a matrix's CSV: last_accuracy, ..., best_accuracy, ..."""


def epochs_of(results: Mapping[str, Any]) -> Mapping[str, Any]:
    """The entry `epochs` of results.json; {} where it is missing or not one."""
    entry = results.get("epochs")
    if not isinstance(entry, Mapping) or entry.get("used") not in KINDS:
        return {}
    there = [entry[kind] for kind in KINDS if kind in entry]
    whole = all(
        isinstance(one, Mapping)
        and is_number(one.get("epoch"))
        and all(isinstance(one.get(name), Mapping) for name in HEADLINES)
        for one in there
    )
    return entry if there and whole else {}


def is_same_epoch(entry: Mapping[str, Any]) -> bool:
    """Whether the last epoch is the best one."""
    return all(kind in entry for kind in KINDS) and entry["best"]["epoch"] == entry["last"]["epoch"]


def summarise_epochs(
    runs: Mapping[str, Mapping[str, Any]], test_per_train: float | None = None
) -> dict[str, Any] | None:
    """What the last and the best epoch of a variant's runs come to; None where no run tells.

    Args:
        runs: replicate key -> content of `results.json`.
        test_per_train: of folds, see `replicates.over_replicates`.
    Returns: `n` runs that tell; `same`, those whose last epoch is the best one; `used`, by which
        of them the final weights are; `chosen_by`; `best` and `last`: headline metric -> n, mean,
        sd, low, high, method; and `epoch`, their mean. What no run has is missing.
    """
    entries = {key: entry for key, results in runs.items() if (entry := epochs_of(results))}
    if not entries:
        return None
    summary: dict[str, Any] = {
        "n": len(entries),
        "same": sum(is_same_epoch(entry) for entry in entries.values()),
        "used": {
            kind: count
            for kind in KINDS
            if (count := sum(entry["used"] == kind for entry in entries.values()))
        },
        "chosen_by": ", ".join(
            dict.fromkeys(str(e.get("chosen_by", "validation")) for e in entries.values())
        ),
    }
    for kind in KINDS:
        there = {key: entry[kind] for key, entry in entries.items() if kind in entry}
        if not there:
            continue
        summary[kind] = {"epoch": sum(one["epoch"] for one in there.values()) / len(there)}
        for name in HEADLINES:
            values = {
                key: float(one[name]["value"])
                for key, one in there.items()
                if is_number(one[name].get("value"))
            }
            if values:
                summary[kind][name] = fraction_over_replicates(values, test_per_train)
    return summary


def epochs_cells(summary: Mapping[str, Any] | None) -> list[float | None]:
    """Means in the order of `EPOCH_COLUMNS`, of what `summarise_epochs` returned."""
    return [
        ((summary or {}).get(kind, {}).get(name) or {}).get("mean")
        for kind in reversed(KINDS)
        for name in HEADLINES
    ]


def epochs_values(results: Mapping[str, Any]) -> list[float | None]:
    """The same of one run."""
    entry = epochs_of(results)
    return [
        (entry.get(kind, {}).get(name) or {}).get("value")
        for kind in reversed(KINDS)
        for name in HEADLINES
    ]
