"""What attention weights come to over a test split, in numbers (paper B: B27, B28)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, TypeGuard

import numpy as np
from numpy.typing import NDArray

from ferkit.evaluation.rank_correlation import rank_correlation

Floats = NDArray[np.floating[Any]]
Integers = NDArray[np.int64]

APEX = 0.9
"""A frame is at the apex from this fraction of its clip's highest intensity on."""


def region_results(
    shares: Floats, labels: Integers, *, classes: Sequence[str], regions: Sequence[str]
) -> dict[str, Any]:
    """Mean weight of each region, over all samples and within each class.

    Args:
        shares: (N, R), a sample's mean over its frames; NaN for a sample without a frame.
        labels: (N,) index of the class, -1 where unknown.
    Returns: a JSON mapping: names, `all` and `per_class` (name: entry), each entry with n and
        `weights` (region: mean).
    """
    there = np.asarray(np.isfinite(shares).all(axis=1))

    def entry(rows: NDArray[np.bool_]) -> dict[str, Any]:
        means = shares[rows].mean(axis=0, dtype=np.float64).tolist()
        return {"n": int(rows.sum()), "weights": dict(zip(regions, means, strict=True))}

    own = {name: np.asarray(there & (labels == place)) for place, name in enumerate(classes)}
    return {
        "names": list(regions),
        "all": entry(there) if there.any() else None,
        "per_class": {name: entry(rows) for name, rows in own.items() if rows.any()},
    }


def frame_results(
    weights: Sequence[NDArray[np.float64]],
    intensity: Sequence[NDArray[np.float64] | None],
    labels: Integers,
    *,
    classes: Sequence[str],
) -> dict[str, Any]:
    """Whether the weight of a frame follows the known intensity of its expression.

    Of each clip Spearman's rank correlation over its frames; then the mean over the clips. Clips
    of one frame, of unknown or of one constant intensity (neutral ones) are left out. Equal
    weights follow nothing, so their correlation counts as 0.

    Args:
        weights: of each of N clips (T,), of its valid frames; T differs.
        intensity: of each clip (T,), or None where it is not known.
        labels: (N,) index of the class, -1 where unknown.
    Returns: a JSON mapping: clips, frames (mean T), unknown, constant; and where some clip
        counts, `correlation` (n, mean, sd over clips), `per_class` (name: n, mean) and `apex`: mean
        share of the weight on frames at the apex, and those frames' share of all.
    """
    rhos, of, on_apex, apex_share = [], [], [], []
    unknown = constant = 0
    for own, strength, label in zip(weights, intensity, labels.tolist(), strict=True):
        if len(own) < 2:
            continue
        if strength is None or len(strength) != len(own) or not np.isfinite(strength).all():
            unknown += 1
            continue
        if np.ptp(strength) == 0:
            constant += 1
            continue
        # A difference of rounding only is none.
        rho = rank_correlation(np.round(own, 7), strength)
        rhos.append(rho or 0.0)
        of.append(label)
        apex = strength >= APEX * strength.max()
        on_apex.append(float(own[apex].sum(dtype=np.float64) / own.sum(dtype=np.float64)))
        apex_share.append(float(apex.mean()))
    lengths = [len(own) for own in weights]
    results: dict[str, Any] = {
        "clips": len(weights),
        "frames": float(np.mean(lengths)) if lengths else 0.0,
        "unknown": unknown,
        "constant": constant,
    }
    if not rhos:
        return results
    sd = float(np.std(rhos, ddof=1)) if len(rhos) > 1 else None
    by_class = {
        name: [rho for rho, label in zip(rhos, of, strict=True) if label == place]
        for place, name in enumerate(classes)
    }
    results["correlation"] = {"n": len(rhos), "mean": float(np.mean(rhos)), "sd": sd}
    results["per_class"] = {
        name: {"n": len(own), "mean": float(np.mean(own))} for name, own in by_class.items() if own
    }
    results["apex"] = {
        "weight": float(np.mean(on_apex)),
        "frames": float(np.mean(apex_share)),
        "from": APEX,
    }
    return results


def face_results(
    mass: Floats, area: Floats, *, regions: Sequence[str], sizes: Sequence[tuple[int, int]]
) -> dict[str, Any]:
    """How much of the attention over places lies on the face, against the face's share of them.

    Args:
        mass, area: (M, stages, R) of frames, NaN for a region that is not there.
        sizes: (H, W) of each stage's map.
    Returns: a JSON mapping: frames (those with a known region) and `regions`: name -> mass, area,
        lift (their ratio) over all stages, and `stages`, for each its size, mass, area and lift. A
        region that is nowhere is left out.
    """

    def entry(part: tuple[Any, ...]) -> dict[str, Any]:
        one, other = mass[part], area[part]
        known = np.isfinite(one) & np.isfinite(other)
        weight = float(one[known].mean(dtype=np.float64)) if known.any() else math.nan
        share = float(other[known].mean(dtype=np.float64)) if known.any() else math.nan
        return {"mass": weight, "area": share, "lift": weight / share if share > 0 else math.nan}

    found: dict[str, Any] = {}
    for place, name in enumerate(regions):
        if np.isfinite(mass[:, :, place]).any():
            stages = [
                {"height": size[0], "width": size[1], **entry((slice(None), stage, place))}
                for stage, size in enumerate(sizes)
            ]
            found[name] = {**entry((slice(None), slice(None), place)), "stages": stages}
    known = np.isfinite(mass) & np.isfinite(area)
    return {"frames": int(known.any(axis=(1, 2)).sum()), "regions": found}


def is_attention(entry: Any) -> TypeGuard[Mapping[str, Any]]:
    """Whether an entry of `results.json` holds numbers of attention."""
    return isinstance(entry, Mapping) and any(
        isinstance(entry.get(name), Mapping) for name in ("space", "regions", "frames")
    )
