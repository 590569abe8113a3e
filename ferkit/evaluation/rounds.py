"""The rounds of a loop: what a results file says of them, and what several seeds come to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ferkit.evaluation.replicates import (
    fraction_over_replicates,
    paired_difference,
)
from ferkit.evaluation.wording import HEADLINES, is_number

Entry = Mapping[str, Any]


def rounds_of(results: Mapping[str, Any]) -> list[Entry]:
    """The entry `rounds` of results.json; [] where it is missing or not one."""
    entries = results.get("rounds")
    if not isinstance(entries, list):
        return []
    whole = all(
        isinstance(one, Mapping) and one.get("name") and is_number(one.get("accuracy"))
        for one in entries
    )
    return entries if whole else []


def chosen_so_far(entries: Sequence[Entry], key: str) -> list[float | None]:
    """Of each round the value of the round that validation would have chosen by then.

    Args:
        key: of a headline metric.
    """
    by_name = {one["name"]: one for one in entries}
    found = []
    for one in entries:
        value: Any = by_name.get(one.get("best_so_far"), one).get(key)
        found.append(float(value) if is_number(value) else None)
    return found


def summarise_rounds(
    runs: Mapping[int, Sequence[Entry]] | Mapping[str, Sequence[Entry]],
    metric: str,
    test_per_train: float | None = None,
) -> list[dict[str, Any]]:
    """What the rounds of the runs of a variant come to.

    A run that stopped earlier is missing from later rounds.

    Args:
        runs: seed, or key of `replicates.replicate_key` -> what `rounds_of` returned.
        metric: a headline metric. test_per_train: of folds, see `replicates.over_replicates`.
    Returns: for each round name, n, mean, sd, low, high, method, `gain` over the first round
        paired by seed (or None), `chosen` and `chosen_gain` (the same of the round that validation
        would have chosen by then), `counts` (seeds whose final weights are this round's) and
        `stability` (mean distance over alterations and seeds, or None) and `moved` (the same with
        n to method).
    """
    longest: Sequence[Entry] = max(runs.values(), key=len, default=[])
    own = {str(seed): [one.get(metric) for one in entries] for seed, entries in runs.items()}
    chosen = {str(seed): chosen_so_far(entries, metric) for seed, entries in runs.items()}
    summaries = []
    for place, name in enumerate(str(one["name"]) for one in longest):
        values, kept = _at(own, place), _at(chosen, place)
        if not values:
            continue
        there = {str(key): each[place] for key, each in runs.items() if place < len(each)}
        distances = {
            key: float(entry["stability"]["total_variation"])
            for key, entry in there.items()
            if is_number((entry.get("stability") or {}).get("total_variation"))
        }
        moved = fraction_over_replicates(distances, test_per_train) if distances else None
        summaries.append(
            {
                "name": name,
                **fraction_over_replicates(values, test_per_train),
                "gain": paired_difference(values, _at(own, 0), test_per_train) if place else None,
                "chosen": fraction_over_replicates(kept, test_per_train) if kept else None,
                "chosen_gain": paired_difference(kept, _at(chosen, 0), test_per_train)
                if place and kept
                else None,
                "counts": sum(bool(entry.get("counts")) for entry in there.values()),
                "stability": moved["mean"] if moved else None,
                "moved": moved,
            }
        )
    return summaries


def _at(values: Mapping[str, Sequence[Any]], place: int) -> dict[str, float]:
    return {
        seed: float(of_seed[place])
        for seed, of_seed in values.items()
        if place < len(of_seed) and is_number(of_seed[place])
    }


def rounds_columns() -> tuple[str, ...]:
    """What a table of rounds tells of each, after setting, variant and seed."""
    return (
        "round",
        "name",
        "network",
        "counts",
        "best_so_far",
        "validation_accuracy",
        "validation_loss",
        *HEADLINES,
        "stability_distance",
        "stability_changed",
    )


def rounds_values(entry: Entry) -> list[Any]:
    """In the order of `rounds_columns`."""
    stability = entry.get("stability") or {}
    plain = [name for name in rounds_columns() if not name.startswith("stability")]
    values: list[Any] = [entry.get(name) for name in plain]
    return [*values, stability.get("total_variation"), stability.get("changed")]
