"""Costs of networks in words, tables and the figure of accuracy against them (B27)."""

from __future__ import annotations

import csv
import io
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ferkit.evaluation.cost import (
    cost_cells,
    cost_in_words,
    costs_differ,
    count_in_words,
    gflops,
    same_cost,
)
from ferkit.evaluation.costs_figure import (
    cost_columns,
    costs_figure,
    published_entries,
    side_by_side,
)
from ferkit.evaluation.drawing import png
from ferkit.evaluation.matrix import summarise_matrix
from ferkit.evaluation.matrix_table import matrix_rows
from ferkit.evaluation.runs_csv import MatrixRun, runs_csv
from ferkit.evaluation.settings_csv import matrix_csv
from ferkit.evaluation.wording import UNKNOWN


def cost(parameters: int, multiply_adds: int, **more: int) -> dict[str, int]:
    return {"parameters": parameters, "multiply_adds": multiply_adds, **more}


def results(accuracy: float, found: Any) -> dict[str, Any]:
    return {"test": {"accuracy": {"value": accuracy}}, "cost": found}


def summary(*costs: Any) -> dict[str, Any]:
    runs = {
        f"v{place}": {seed: results(0.5 + 0.1 * (place % 5) + 0.01 * seed, one) for seed in (0, 1)}
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


def drawn(figure: Figure | None) -> dict[str, Line2D]:
    """The points of a figure by the name of their variant."""
    assert figure is not None
    assert png(figure).startswith(b"\x89PNG")
    lines = figure.axes[0].get_lines()
    return {
        str(line.get_label()).split(" (")[0]: line
        for line in lines
        if not str(line.get_label()).startswith("_")
    }


def test_accuracy_is_drawn_against_cost() -> None:
    points = drawn(costs_figure({"": summary(*(cost(10, 10**6 * n) for n in (1, 2, 3)), None)}))
    assert list(points) == ["v0", "v1", "v2"]
    x, y = np.transpose([np.asarray(line.get_xydata())[0] for line in points.values()])
    assert x == pytest.approx([1, 2, 3])  # 10^6
    assert y == pytest.approx([50.5, 60.5, 70.5])
    far = summary(cost(10, 2 * 10**9), cost(20, 9 * 10**11))
    near = summary(cost(10, 10**9), cost(20, 3 * 10**9))
    figure = costs_figure({"one": far, "other": near})
    assert list(drawn(figure)) == ["one/v0", "one/v1", "other/v0", "other/v1"]
    assert figure is not None
    assert figure.axes[0].get_xscale() == "log"


def test_published_models_of_known_cost_are_drawn_hollow() -> None:
    found = summary(*({**cost(10, 10**9 * n), "frames": 4} for n in (1, 2)))
    found["paper"] = {
        "models": {"VGG": 0.49, "FAN": 0.5118},
        "costs": {"VGG": {"gflops": 15.5, "parameters": 138}, "gone": {"gflops": 1}},
    }
    points = drawn(costs_figure({"": found}))
    assert list(points) == ["v0", "v1", "VGG"]
    assert np.asarray(points["VGG"].get_xydata())[0] == pytest.approx([62, 49])
    assert points["VGG"].get_markerfacecolor() == "white"
    assert points["v0"].get_markerfacecolor() != "white"
    assert "(138.0 M)" in str(points["VGG"].get_label())
    assert published_entries({"": summary(None) | {"paper": found["paper"]}}) == {}


@pytest.mark.parametrize("many", [3, 10, 17, 42])
def test_no_two_variants_look_alike(many: int) -> None:
    found = summary(*(cost(10, 10**8 * (row + 1)) for row in range(many)))
    points = drawn(costs_figure({"": found})).values()
    looks = [(line.get_color(), line.get_marker()) for line in points]
    assert len(set(looks)) == many
    # Neighbours in the legend differ in both: nobody needs to see colours.
    assert all(a[0] != b[0] and a[1] != b[1] for a, b in pairwise(looks))


def test_few_costs_and_too_many_variants_are_left_to_the_table() -> None:
    assert costs_figure({"": summary(cost(1, 2), cost(1, 2))}) is None
    assert costs_figure({"": summary(None, None)}) is None
    # Sixteen of one cost (a head more or less is none), and one other: two columns.
    same = [cost(10, 100_000 + 100 * row) for row in range(16)]
    assert costs_figure({"": summary(*same, cost(20, 200_000))}) is None
    assert costs_figure({"": summary(*(cost(1, 10 + 5 * row) for row in range(43)))}) is None


def test_variants_of_one_cost_stand_side_by_side() -> None:
    assert cost_columns([200, 100, 104, 300, 207]) == [[1, 2], [0, 4], [3]]
    at = side_by_side([200, 100, 104, 300, 207], [[1, 2], [0, 4], [3]], is_log=False)
    step = 0.03 * (300 - 102)
    assert at == pytest.approx(
        [203.5 - step / 2, 102 - step / 2, 102 + step / 2, 300, 203.5 + step / 2]
    )
    # Columns near each other keep apart, on a logarithmic axis too.
    near = [100.0, 100, 100, 110, 110, 110, 10_000]
    moved = side_by_side(near, cost_columns(near), is_log=True)
    assert moved == sorted(moved)
    assert len(set(moved)) == 7


def test_a_column_of_many_gets_its_room_and_the_axis_is_not_to_scale() -> None:
    costs = [*[cost(10, 10**7)] * 15, cost(20, 2 * 10**7), cost(20, 4 * 10**7)]
    figure = costs_figure({"": summary(*costs)})
    at = [np.asarray(line.get_xydata())[0, 0] for line in drawn(figure).values()]
    assert at == [*range(15), 16.5, 19.0]
    assert figure is not None
    axes = figure.axes[0]
    assert [text.get_text() for text in axes.get_xticklabels()] == ["10.0 M", "20.0 M", "40.0 M"]
    assert list(axes.get_xticks()) == [7, 16.5, 19.0]
    assert "not to scale" in axes.get_xlabel()
