from __future__ import annotations

import json

import pytest

from ferkit.contracts.data import Problem
from ferkit.data.report import few_validation_samples, summarise, wilson_half_width


def test_problems_are_counted_by_kind_the_costliest_first() -> None:
    problems = [
        Problem("no label", "t.csv:2", "no label is given.", dropped=False),
        Problem("empty class", "t.csv", "class 'fear' has no sample.", dropped=False),
        *(
            Problem("missing file", f"t.csv:{i}", "there is no file.", dropped=True)
            for i in range(9)
        ),
        Problem("no label", "t.csv:4", "no label is given.", dropped=True),
        Problem("short row", "t.csv:4", "1 cells for 2 columns.", dropped=True),
    ]
    summaries = summarise(problems, examples=2)
    assert [(s.kind, s.count, s.dropped) for s in summaries] == [
        ("missing file", 9, 9),
        ("no label", 2, 1),
        ("short row", 1, 1),
        ("empty class", 1, 0),
    ]
    assert [summary.line() for summary in summaries] == [
        "missing file: 9, all left out. t.csv:0: there is no file. (and 8 more)",
        "no label: 2, 1 left out. t.csv:2: no label is given. (and 1 more)",
        "short row: 1, left out. t.csv:4: 1 cells for 2 columns.",
        "empty class: 1. t.csv: class 'fear' has no sample.",
    ]
    assert json.loads(json.dumps(summaries[0].as_json())) == {
        "kind": "missing file",
        "count": 9,
        "dropped": 9,
        "examples": ["t.csv:0: there is no file.", "t.csv:1: there is no file."],
    }
    assert summarise([]) == []


@pytest.mark.parametrize(
    ("n", "accuracy", "low", "high"),
    # Wilson's intervals as tables and calculators give them.
    [(10, 0.5, 0.2366, 0.7634), (50, 0.5, 0.3664, 0.6336), (20, 0.9, 0.6990, 0.9721)],
)
def test_wilson_interval(n: int, accuracy: float, low: float, high: float) -> None:
    assert wilson_half_width(n, accuracy) == pytest.approx((high - low) / 2, abs=1e-4)


def test_few_validation_samples_are_warned_of() -> None:
    assert few_validation_samples(50) is None
    warning = few_validation_samples(20)
    assert warning is not None
    assert "20 validation samples" in warning.what
    assert "+-20 points" in warning.what
    assert not warning.dropped
    none = few_validation_samples(0)
    assert none is not None
    assert "no validation sample" in none.what
