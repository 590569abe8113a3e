"""Console tables and wording of numbers."""

from __future__ import annotations

import io
import json
import math
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from ferkit.evaluation.metrics import evaluate
from ferkit.evaluation.report_results import headline
from ferkit.evaluation.rounds import summarise_rounds
from ferkit.evaluation.tables import class_table, markdown_text, results_table, rounds_markdown
from ferkit.evaluation.wording import (
    UNKNOWN,
    duration,
    interval,
    moment,
    number,
    percent,
    points,
    points_interval,
    shortened,
)


def test_tables_of_a_run(make_run: Callable[..., Path]) -> None:
    results = json.loads((make_run(classes=("a[b]", "sad")) / "results.json").read_text())
    results["label_noise"] = {"n": 3}
    console = Console(width=80, file=io.StringIO(), legacy_windows=False)
    console.print(results_table(results), class_table(results["test"]))
    assert isinstance(console.file, io.StringIO)
    text = console.file.getvalue()
    assert max(len(line) for line in text.splitlines()) <= 80
    assert percent(results["test"]["accuracy"]["value"]).removesuffix(" %") in text
    assert f"[{interval(results['validation']['accuracy']).replace(' to', ',')}]" in text
    assert "a[b]" in text
    assert "label_noise" not in text


def test_a_run_over_few_subjects_says_how_many_and_why_a_dash_stands_there() -> None:
    metrics = evaluate(
        np.eye(2, dtype=np.float32)[[0] * 40],
        np.zeros(40, np.int64),
        classes=("happy", "sad"),
        bootstrap=20,
        bins=5,
        seed=0,
        groups=[f"s{row % 2}" for row in range(40)],
    )
    console = Console(width=80, file=io.StringIO(), legacy_windows=False)
    console.print(results_table({"validation": metrics, "test": metrics}))
    assert isinstance(console.file, io.StringIO)
    text = console.file.getvalue()
    assert max(len(line) for line in text.splitlines()) <= 80
    words = " ".join(text.split())
    assert "(2) [34.2, 100.0] \N{EN DASH} \N{EN DASH} \N{EN DASH}" in words
    assert "Below n, in brackets: the subjects." in words
    assert "\N{EN DASH}: no interval (fewer than 10 subjects to draw from)." in words

    shown = headline({"validation": metrics, "test": metrics})
    assert shown is not None
    assert shown["others"].rows[0][1] == "40 (2 subjects)"
    assert shown["others"].rows[0][3] == "100.0 %\n\N{EN DASH}"
    said = " ".join(shown["sentences"])
    assert "40 samples (2 subjects)." in said
    assert "calibration error: fewer than 10 subjects to draw from." in said
    assert "the true accuracy may be as low as 34.2 %" in said


def test_numbers_as_text() -> None:
    assert percent(0.83149) == "83.1 %"
    assert percent(None) == percent(math.nan) == UNKNOWN
    assert points(0.021) == "+2.1"
    assert points(-0.021) == "\N{MINUS SIGN}2.1"
    assert interval({"low": 0.5, "high": 0.625}) == "50.0 to 62.5"
    assert interval({"low": None, "high": None}) == ""
    assert points_interval({"low": -0.01, "high": 0.02}) == "\N{MINUS SIGN}1.0 to +2.0"
    assert number(0.12345) == "0.123"
    assert shortened("abcdef", 4) == "abc…"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (3.21, "3.2 s"),
        (59.4, "59 s"),
        (250, "4 min 10 s"),
        (7500, "2 h 5 min"),
        (None, UNKNOWN),
    ],
)
def test_durations(seconds: float | None, text: str) -> None:
    assert duration(seconds) == text


def test_moments() -> None:
    assert moment("2026-01-02T03:04:05+00:00") == "2026-01-02 03:04 UTC"
    assert moment("2026-01-02T03:04:05") == "2026-01-02 03:04"
    assert moment("yesterday") == "yesterday"


def test_tables_and_reports_import_neither_torch_nor_matplotlib() -> None:
    code = (
        "import sys, ferkit.evaluation.tables, ferkit.evaluation.report;"
        "assert not {'torch', 'matplotlib'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("*: Doe_ *et al.* <b>", "\\*: Doe\\_ \\*et al.\\* \\<b>"),
        ("self_training, p < 0.05", "self_training, p < 0.05"),
        ("_x_ `y` [z](w) a|b ~c~", "\\_x\\_ \\`y\\` \\[z\\](w) a\\|b \\~c\\~"),
        ("AT&amp;T & co", "AT\\&amp;T & co"),
        ("# no heading", "\\# no heading"),
        ("- no\nlist", "\\- no list"),
        ("1. no list", "1\\. no list"),
        (">no quotation", "\\>no quotation"),
        ("0.5 and -3", "0.5 and -3"),
    ],
)
def test_texts_below_markdown_tables_stand_word_by_word(text: str, expected: str) -> None:
    assert markdown_text(text) == expected


def test_rounds_that_are_alike_say_why_they_have_no_interval() -> None:
    entries = [{"name": "teacher", "accuracy": 0.5}, {"name": "student", "accuracy": 0.6}]
    rounds = summarise_rounds({0: entries, 1: entries}, "accuracy")
    text = rounds_markdown({"a_": {"v": rounds}})
    assert f"| 50.0 ± 0.0 % {UNKNOWN} |" in text
    assert text.startswith("a\\_\n")
    assert f"\n{UNKNOWN}: no interval (all seeds gave the same, which" in text
