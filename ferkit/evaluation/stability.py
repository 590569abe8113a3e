"""How much predictions change when what they are made from is altered (paper B: B28)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeGuard

import numpy as np
from numpy.typing import NDArray

from ferkit.evaluation.wording import is_number

Floats = NDArray[np.floating[Any]]
MEASURES = ("total_variation", "changed")


def total_variation(one: Floats, other: Floats) -> Floats:
    """Half the sum of absolute differences of distributions: 0 where equal, 1 where they share
    no class.

    Args:
        one, other: (N, K), rows sum to 1.
    Returns: (N,).
    """
    return np.asarray(0.5 * np.abs(one - other).sum(axis=1))


def stability_results(probs: Floats, altered: Mapping[str, Floats]) -> dict[str, Any] | None:
    """Mean total variation distance, and share of changed top classes, of each alteration.

    Args:
        probs: (N, K) of the unaltered samples. altered: name -> (N, K).
    Returns: a JSON mapping: n, `alterations` (name: total_variation, changed) and `mean` over
        them; None where there is nothing.
    """
    if not len(probs) or not altered:
        return None
    top = probs.argmax(axis=1)
    entries = {
        name: {
            "total_variation": float(total_variation(probs, other).mean(dtype=np.float64)),
            "changed": float((other.argmax(axis=1) != top).mean()),
        }
        for name, other in altered.items()
    }
    mean = {key: float(np.mean([entry[key] for entry in entries.values()])) for key in MEASURES}
    return {"n": len(probs), "alterations": entries, "mean": mean}


def stability_distance(runs: Iterable[Mapping[str, Any]]) -> float | None:
    """Mean distance over alterations and runs; None unless every run has measured it.

    Args:
        runs: content of `results.json` of each.
    """
    found: list[Any] = [
        ((one.get("stability") or {}).get("mean") or {}).get("total_variation") for one in runs
    ]
    return float(np.mean(found)) if found and all(map(is_number, found)) else None


def all_stable(variants: Iterable[Mapping[str, Any]]) -> bool:
    """Whether every variant of a summary has its `stability_distance`."""
    return all(is_number(entry.get("stability_distance")) for entry in variants)


def is_stability(entry: Any) -> TypeGuard[Mapping[str, Any]]:
    """Whether an entry of `results.json` is what `stability_results` returns."""
    if not isinstance(entry, Mapping) or not isinstance(entry.get("alterations"), Mapping):
        return False
    entries = [*entry["alterations"].values(), entry.get("mean")]
    return all(
        isinstance(one, Mapping) and all(is_number(one.get(key)) for key in MEASURES)
        for one in entries
    )
