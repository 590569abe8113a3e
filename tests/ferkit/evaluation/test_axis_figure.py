"""The figures of matrices with many variants: over a number, and a panel for each setting."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from matplotlib.text import Text

from ferkit.evaluation.axis_figure import axis_figure, courses, number_axis
from ferkit.evaluation.drawing import BLUE, GREY, RED
from ferkit.evaluation.matrix import summarise_matrix
from ferkit.evaluation.report import write_matrix_report
from ferkit.evaluation.settings_panels import settings_panels
from ferkit.evaluation.settings_table import compact_markdown

VARIANTS = ("supervised", "fixmatch", "scn", "gmm")


def axes(labels: tuple[int, ...] = (70, 350, 700), others: int = 2) -> dict[str, dict[str, Any]]:
    return {
        f"l{count}-n{noise}": {"data.labels": count, "noise": f"n{noise}"}
        for count in labels
        for noise in range(others)
    }


def summaries(points, variants=VARIANTS, baseline: str | None = "supervised"):
    made = {}
    for setting, point in points.items():
        runs = {
            name: {
                seed: {
                    "test": {
                        "n": 50,
                        "accuracy": {
                            # fixmatch gains, scn loses, gmm depends on the seed.
                            "value": 0.3
                            + point["data.labels"] / 2000
                            + 0.001 * seed
                            + (0, 0.05 + 0.001 * seed, -0.05 - 0.001 * seed, 0.01 * (seed - 1))[
                                row % 4
                            ]
                        },
                    }
                }
                for seed in range(3)
            }
            for row, name in enumerate(variants)
        }
        made[setting] = summarise_matrix(runs, baseline=baseline, metric="accuracy")
    return made


def test_the_axis_is_the_one_of_numbers() -> None:
    assert number_axis(axes()) == "data.labels"
    assert number_axis({"a": {"noise": "x"}, "b": {"noise": 1}}) is None
    assert number_axis({"a": {"on": True}, "b": {"on": False}}) is None
    two = {f"{x}{y}": {"x": x, "y": y} for x in (1, 2) for y in (1, 2, 3)}
    assert number_axis(two) == "y"


def test_a_course_holds_what_differs_in_the_number_alone() -> None:
    points = axes(labels=(700, 70)) | {"odd": {"data.labels": 5, "noise": "alone"}}
    first, second = courses(points, "data.labels")
    assert (first.title, first.settings) == ("n0", {70: "l70-n0", 700: "l700-n0"})
    assert list(first.settings) == [70, 700]
    assert second.title == "n1"


def test_long_names_stay_within_their_panels() -> None:
    names = ("supervised", "m" * 14, "m" * 20, "w" * 30, "flexmatch_no_warm_up")
    figure = axis_figure(summaries(axes(), names), axes())
    figure.draw_without_rendering()
    for panel in figure.axes:
        (title,) = [text for text in panel.get_children() if is_title(text, panel)]
        assert title.get_window_extent().x1 <= panel.get_window_extent().x1 + 12, title


def is_title(artist, panel) -> bool:
    return isinstance(artist, Text) and artist.get_text() == panel.get_title(loc="left")


def test_a_panel_for_each_variant_with_the_baseline_in_it() -> None:
    figure = axis_figure(summaries(axes()), axes())
    assert [panel.get_title(loc="left") for panel in figure.axes] == list(VARIANTS[1:])
    lines = [line for line in figure.axes[0].lines if len(line.get_xdata()) == 3]
    assert all(list(line.get_xdata()) == [70, 350, 700] for line in lines)
    dashed = [line for line in lines if line.get_linestyle() == "--"]
    assert (len(lines), len(dashed)) == (4, 2)
    assert dashed[0].get_ydata() == pytest.approx([33.6, 47.6, 65.1])
    plain = next(line for line in lines if line.get_linestyle() == "-")
    assert plain.get_ydata() == pytest.approx([38.7, 52.7, 70.2])
    assert figure.axes[0].get_xscale() == "log"
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["n0", "n1", "supervised"]


def test_no_figure_where_it_could_not_be_read() -> None:
    assert axis_figure(summaries(axes()), None) is None
    one = axes(labels=(70,))
    assert axis_figure(summaries(one), one) is None
    many = axes(others=7)
    assert axis_figure(summaries(many), many) is None


def test_a_cell_that_was_not_run_is_left_out_and_one_variant_is_enough() -> None:
    points = axes()
    found = summaries(points, variants=("supervised",))
    assert len(axis_figure(found, points).axes) == 1
    found = summaries(points, baseline=None)
    del found["l350-n0"]["variants"]["scn"]
    figure = axis_figure(found, points)
    assert len(figure.axes) == 4
    drawn = [line for line in figure.axes[2].lines if line.get_marker() == "o"]
    assert [list(line.get_xdata()) for line in drawn] == [[70, 700]]
    del found["l700-n0"]  # a setting of which nothing is done
    assert axis_figure(found, points) is not None


def test_panels_are_sorted_and_coloured_by_what_is_told_from_zero() -> None:
    found = summaries(axes(labels=(70, 700), others=1))
    figure = settings_panels(found)
    assert [panel.get_title(loc="left") for panel in figure.axes] == ["l70-n0", "l700-n0"]
    panel = figure.axes[0]
    assert [text.get_text() for text in panel.get_yticklabels()] == ["fixmatch", "gmm", "scn"]
    dots = [line for line in panel.lines if line.get_marker() == "o"]
    assert [line.get_color() for line in dots] == [BLUE, GREY, RED]
    assert dots[0].get_xdata() == pytest.approx([5.1])
    assert figure.axes[0].get_xlim() == figure.axes[1].get_xlim()


def test_panels_without_a_baseline_or_without_a_cell() -> None:
    found = summaries(axes(labels=(70, 700), others=1), baseline=None)
    found["l70-n0"]["variants"].clear()
    found["l700-n0"]["variants"]["scn"] = None
    figure = settings_panels(found)
    assert figure.axes[0].get_yticklabels() == []
    names = [text.get_text() for text in figure.axes[1].get_yticklabels()]
    assert names == ["fixmatch", "supervised", "gmm"]
    assert figure.get_supxlabel() == "accuracy, %"


def test_many_variants_stand_below_each_other_in_the_compact_table() -> None:
    points = axes(labels=(70, 700), others=1)
    names = ("supervised", *(f"v{row}" for row in range(8)))
    head, *rows = compact_markdown(summaries(points, variants=names)).splitlines()
    assert [cell.strip() for cell in head.split("|")[1:-1]] == ["variant", "l70-n0", "l700-n0"]
    assert rows[2].startswith("| v0 | 38.7 ")
    few = compact_markdown(summaries(points, variants=names[:8])).splitlines()[0]
    assert few.startswith("| setting | supervised | v0 |")


def test_the_page_has_both(tmp_path: Path) -> None:
    points = axes(labels=(70, 700), others=1)
    names = ("supervised", *(f"v{row}" for row in range(9)))
    state = {"name": "many", "settings": summaries(points, variants=names), "axes": points}
    (tmp_path / "matrix.json").write_text(json.dumps(state))
    page = write_matrix_report(tmp_path).read_text(encoding="utf-8")
    assert "Sorted; blue where the whole interval is above 0" in page
    assert "Each variant: its mean over seeds with the 95 % interval. Dashed" in page
