"""How much predictions change under alterations (B28)."""

from __future__ import annotations

import numpy as np
import pytest

from ferkit.evaluation.drawing import png
from ferkit.evaluation.report_attention import stability_section
from ferkit.evaluation.stability import is_stability, stability_results, total_variation
from ferkit.evaluation.stability_figure import stability_figure

PROBS = np.array([[0.5, 0.3, 0.2], [0.1, 0.8, 0.1]])
MOVED = np.array([[0.2, 0.3, 0.5], [0.1, 0.8, 0.1]])


def test_distance_is_the_mass_that_moves() -> None:
    assert total_variation(PROBS, MOVED) == pytest.approx([0.3, 0.0])
    assert total_variation(np.eye(2), np.eye(2)[::-1]) == pytest.approx([1.0, 1.0])


def test_results_of_each_alteration_and_their_mean() -> None:
    results = stability_results(PROBS, {"blur": MOVED, "flip": PROBS})
    assert results is not None
    assert results["alterations"]["blur"] == pytest.approx(
        {"total_variation": 0.15, "changed": 0.5}
    )
    assert results["alterations"]["flip"] == {"total_variation": 0.0, "changed": 0.0}
    assert results["mean"] == pytest.approx({"total_variation": 0.075, "changed": 0.25})
    assert png(stability_figure(results)).startswith(b"\x89PNG")
    section = stability_section({"stability": results})
    assert section is not None
    assert section["table"].rows[0] == ["blur", "", "15.0 %", "50.0 %"]
    assert stability_results(PROBS[:0], {"blur": MOVED[:0]}) is None
    assert stability_results(PROBS, {}) is None


def test_broken_results_are_left_out() -> None:
    for broken in (None, {"alterations": 1}, {"alterations": {"a": {}}, "mean": {}}):
        assert not is_stability(broken)
        assert stability_figure(broken) is None
        assert stability_section({"stability": broken}) is None
