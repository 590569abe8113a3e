"""The compact table laid out by two axes, as Markdown, LaTeX and on the page."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from ferkit.evaluation.axes_table import Layout, axes_markdown, axes_tables, layout_of
from ferkit.evaluation.latex import settings_latex
from ferkit.evaluation.matrix import summarise_matrix
from ferkit.evaluation.published import with_paper
from ferkit.evaluation.report import write_matrix_report
from ferkit.evaluation.settings_csv import settings_csv
from ferkit.evaluation.settings_table import settings_markdown
from ferkit.evaluation.wording import UNKNOWN

AXES = {
    "ck-ck": {"train": "ck", "data.test": "ck"},
    "ck-raf": {"train": "ck", "data.test": "raf_db"},
    "raf-ck": {"train": "raf_db", "data.test": "ck"},
}


def summaries(variants: tuple[str, ...] = ("none", "st_sw")) -> dict[str, Any]:
    made = {}
    for place, setting in enumerate(AXES):
        runs = {
            variant: {
                seed: {"test": {"accuracy": {"value": 0.5 + 0.1 * place + 0.02 * seed}}}
                for seed in range(2)
            }
            for variant in variants
        }
        made[setting] = summarise_matrix(runs, baseline=None, metric="accuracy")
    about = {"source": "P", "metric": "accuracy", "comparable": True, "note": ""}
    made["ck-raf"] = with_paper(made["ck-raf"], about, figures={variants[-1]: 0.6}, models={})
    return made


LAYOUT = Layout("train", "data.test", AXES)


def test_the_variants_stand_in_the_cells() -> None:
    (table,) = axes_tables(summaries(), LAYOUT)
    assert (table.title, table.columns[1:]) == ("", ["ck", "raf_db"])
    assert table.columns[0] == "train (down), data.test (across)"
    assert [name for name, _ in table.rows] == ["ck", "raf_db"]
    cells = dict(table.rows)
    # 60 and 62: deviation sqrt 2, half width 12.706 * sqrt 2 / sqrt 2.
    assert cells["ck"][1] == [
        "none: 61.0 ± 1.4",
        "[48.3, 73.7]",
        "st_sw: 61.0 ± 1.4",
        "[48.3, 73.7]",
        "paper 60.00 (+1.00)",
    ]
    assert cells["raf_db"][1] == [UNKNOWN]
    (alone,) = axes_tables(summaries(("only",)), LAYOUT)
    assert alone.rows[0][1][0][0] == "51.0 ± 1.4"


def test_further_axes_make_further_tables() -> None:
    axes = {name: {**point, "flip": name == "ck-ck"} for name, point in AXES.items()}
    first, second = axes_tables(summaries(), Layout("train", "data.test", axes))
    assert (first.title, second.title) == ("flip: true", "flip: false")
    assert (len(first.rows), len(second.rows)) == (1, 2)


def test_markdown_and_latex() -> None:
    text = axes_markdown(summaries(), LAYOUT)
    assert text.splitlines()[2].startswith("| ck | none: 51.0 ± 1.4<br>[38.3, 63.7]<br>st_sw: ")
    assert "Accuracy on test in percent" in text
    latex = settings_latex(summaries(), layout=LAYOUT)
    assert r"train (down), data.test (across) & ck & raf\_db \\" in latex
    assert r"ck & none: 51.0 $\pm$ 1.4 & none: 61.0 $\pm$ 1.4 \\" in latex
    assert r" &  & paper 60.00 (+1.00) \\" in latex
    assert latex.count(r"\begin{tabular}") == 2


def test_the_page_and_the_state(tmp_path: Path) -> None:
    state: dict[str, Any] = {"name": "m", "settings": summaries(), "axes": AXES}
    assert layout_of(state) is None
    state["matrix"] = {"table": {"rows": "train", "columns": "data.test"}}
    assert layout_of(state) == LAYOUT
    assert layout_of({**state, "axes": None}) is None
    (tmp_path / "matrix.json").write_text(json.dumps(state))
    page = write_matrix_report(tmp_path).read_text(encoding="utf-8")
    assert ">train (down), data.test (across)</th>" in page
    assert "none: 61.0 ± 1.4\n[48.3, 73.7]\nst_sw" in page


@pytest.mark.parametrize("axis", ["train", "setting"])
def test_axes_are_columns_of_the_long_tables(axis: str) -> None:
    axes = {name: {axis: point["train"]} for name, point in AXES.items()}
    rows = list(csv.DictReader(io.StringIO(settings_csv(summaries(), axes=axes))))
    column = "crossed_setting" if axis == "setting" else axis
    assert [row[column] for row in rows] == ["ck"] * 4 + ["raf_db"] * 2
    assert rows[2]["setting"] == "ck-raf"
    lines = settings_markdown(summaries(), axes).splitlines()
    assert lines[0].startswith(f"| setting | {column} | variant |")
    assert lines[4].startswith("| ck-raf | ck | none |")
