"""Costs of networks in words, tables and the figure of accuracy against them (B27)."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from ferkit.evaluation.cost import (
    cost_cells,
    cost_in_words,
    costs_differ,
    count_in_words,
    gflops,
    same_cost,
)
from ferkit.evaluation.costs_figure import costs_figure
from ferkit.evaluation.drawing import png
from ferkit.evaluation.matrix import summarise_matrix
from ferkit.evaluation.settings_csv import MatrixRun, runs_csv
from ferkit.evaluation.tables import matrix_csv, matrix_rows
from ferkit.evaluation.wording import UNKNOWN


def cost(parameters: int, multiply_adds: int, **more: int) -> dict[str, int]:
    return {"parameters": parameters, "multiply_adds": multiply_adds, **more}


def results(accuracy: float, found: Any) -> dict[str, Any]:
    return {"test": {"accuracy": {"value": accuracy}}, "cost": found}


def summary(*costs: Any) -> dict[str, Any]:
    runs = {
        f"v{place}": {seed: results(0.5 + 0.1 * place + 0.01 * seed, one) for seed in (0, 1)}
        for place, one in enumerate(costs)
    }
    return summarise_matrix(runs, baseline="v0", metric="accuracy")


@pytest.mark.parametrize(
    ("count", "text"),
    [(8_400_000, "8.40 M"), (25_160_000, "25.2 M"), (950, "950"), (None, UNKNOWN)],
)
def test_counts_in_words(count: Any, text: str) -> None:
    assert count_in_words(count) == text


def test_cost_in_words() -> None:
    of_clip = cost(8_400_000, 3_210_000_000, frames=8, regions=3, image_size=224)
    assert cost_in_words(of_clip) == (
        "8.40 M parameters; 3.21 G multiply-adds for a clip of 8 frames, 3 regions each, 224 px"
    )
    still = cost(28_687, 2_490_000, frames=1, regions=1, image_size=48)
    assert cost_in_words(still) == "28.7 k parameters; 2.49 M multiply-adds for an image, 48 px"
    assert cost_in_words({"parameters": None}) is None
    assert gflops(of_clip) == pytest.approx(3.21)
    assert cost_cells(None) == [UNKNOWN, UNKNOWN]


def test_a_variant_has_the_cost_its_seeds_share() -> None:
    one, other = cost(1, 2), cost(1, 3)
    assert same_cost([one, one]) == one
    assert same_cost([one, other]) is None
    assert same_cost([one, None]) is None
    assert same_cost([]) is None
    assert costs_differ([one, other, None])
    assert not costs_differ([one, one, None])


def test_tables_show_costs_only_where_they_differ() -> None:
    columns, rows = matrix_rows(summary(cost(10_000, 2_000_000_000), cost(20_000, 3_000_000_000)))
    assert columns[-2:] == ["parameters", "gflops"]
    assert [row[-2:] for row in rows] == [["10.0 k", "2"], ["20.0 k", "3"]]
    alike = summary(cost(10, 20), cost(10, 20))
    assert "gflops" not in matrix_rows(alike)[0]
    (first, _) = csv.DictReader(io.StringIO(matrix_csv(alike)))
    assert (first["parameters"], first["gflops"]) == ("10", "0.000000")


def test_each_run_has_its_cost_attention_and_stability() -> None:
    found = results(0.5, cost(10, 2_500_000_000)) | {
        "stability": {"mean": {"total_variation": 0.1, "changed": 0.2}},
        "attention": {
            "frames": {"correlation": {"mean": 0.6}, "apex": {"weight": 0.5, "frames": 0.3}},
            "space": {"on_face": {"regions": {"face": {"mass": 0.7, "area": 0.5}}}},
        },
    }
    runs = [MatrixRun("", "v", 0, "v/seed0", one, None, 1.0) for one in (found, {})]
    row, empty = csv.DictReader(io.StringIO(runs_csv(runs)))
    expected = {
        "parameters": "10",
        "gflops": "2.500000",
        "stability_distance": "0.100000",
        "stability_changed": "0.200000",
        "frame_weight_rho": "0.600000",
        "frame_weight_at_apex": "0.500000",
        "frames_at_apex": "0.300000",
        "attention_on_face": "0.700000",
        "face_area": "0.500000",
    }
    assert {name: row[name] for name in expected} == expected
    assert all(empty[name] == "" for name in expected)


def test_accuracy_is_drawn_against_cost_where_costs_differ() -> None:
    near = summary(cost(10, 2_000_000), cost(20, 3_000_000), None)
    far = summary(cost(10, 2_000_000_000), cost(20, 900_000_000_000))
    assert png(costs_figure({"": near})).startswith(b"\x89PNG")
    assert png(costs_figure({"one": far, "other": near})).startswith(b"\x89PNG")
    assert costs_figure({"": summary(cost(1, 2), cost(1, 2))}) is None
    assert costs_figure({"": summary(None, None)}) is None
