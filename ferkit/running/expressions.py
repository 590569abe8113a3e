"""Intensity and second emotion of samples, where the data set knows them, and what they measure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from torch import Tensor

from ferkit.contracts.data import Sample
from ferkit.evaluation.blends import blend_order
from ferkit.evaluation.intensity import intensity_correlation

LEAST_SECOND = 0.15
"""Share of a second emotion from which a face is a blend; less is a trace."""


def intensities(samples: Sequence[Sample]) -> list[float]:
    """Of each sample's expression, by its attribute `intensity`; NaN where unknown."""
    return [float(sample.attributes.get("intensity", math.nan)) for sample in samples]


def second_emotions(samples: Sequence[Sample], classes: Sequence[str]) -> list[int]:
    """The other emotion that a face blends in, as an index of `classes`; -1 if none is known.

    It is the attribute `second`, a class's name. Where `second_share` is known too, it counts from
    `LEAST_SECOND`.
    """
    places = {name: place for place, name in enumerate(classes)}
    found = []
    for sample in samples:
        share = sample.attributes.get("second_share", 1.0)
        name = sample.attributes.get("second")
        found.append(places.get(str(name), -1) if share >= LEAST_SECOND else -1)
    return found


def expression_results(
    samples: Sequence[Sample],
    probs: Tensor,
    *,
    classes: Sequence[str],
    bootstrap: int,
    seed: int,
) -> dict[str, Any]:
    """`intensity` (A23) and `blends` (A25) of a test split, where something is known of them.

    Args:
        samples: N rows. probs: (N, K). bootstrap: resamples. seed: of the resampling.
    """
    values = probs.detach().cpu().double().numpy()
    true = np.array([s.truth if s.truth >= 0 else s.label for s in samples], np.int64)
    strength = np.array(intensities(samples))
    results: dict[str, Any] = {}
    if np.isfinite(strength).any():
        results["intensity"] = intensity_correlation(
            values[np.arange(len(true)), np.maximum(true, 0)],
            strength,
            labels=true,
            classes=classes,
            groups=[sample.subject for sample in samples],
            bootstrap=bootstrap,
            seed=seed,
        )
    results["blends"] = blend_order(values, true, np.array(second_emotions(samples, classes)))
    return {name: result for name, result in results.items() if result is not None}
