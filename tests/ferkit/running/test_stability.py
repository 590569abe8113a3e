"""Predictions under alterations, of a network and its split."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from ferkit.running.stability import measure_stability
from ferkit.testing import tiny_model, tiny_split
from ferkit.training.predict import predict


def test_stability_is_keyed_by_the_samples_and_not_by_batches() -> None:
    split, model = tiny_split(9, frames=3, size=16), tiny_model()
    probs = predict(model, split, frames=None, batch_size=4, device="cpu")

    def measured(batch_size: int, seed: int = 0) -> Any:
        return measure_stability(
            model, split, probs, seed=seed, frames=None, batch_size=batch_size, device="cpu"
        )

    results = measured(4)
    assert results["n"] == 9
    assert "frames dropped" in results["alterations"]
    assert results["alterations"]["flip"]["what"] == "mirror image"
    assert results["mean"]["total_variation"] == pytest.approx(
        np.mean([one["total_variation"] for one in results["alterations"].values()])
    )
    again = measured(9)["alterations"]
    for name, entry in results["alterations"].items():
        assert again[name]["total_variation"] == pytest.approx(entry["total_variation"], abs=1e-6)
    assert measured(4, seed=1)["alterations"]["shift"] != results["alterations"]["shift"]
    stills = tiny_split(4)
    even = torch.full((4, 3), 1 / 3)
    options: Any = {"seed": 0, "frames": None, "batch_size": 4, "device": "cpu"}
    found = measure_stability(model, stills, even, **options)
    assert found is not None
    assert "frames dropped" not in found["alterations"]
