"""The page, the figures and the console table of a sweep."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from ferkit.errors import FerkitError
from ferkit.evaluation.drawing import png
from ferkit.evaluation.sweep_figures import (
    courses_figure,
    history_figure,
    importance_figure,
    slices_figure,
)
from ferkit.evaluation.sweep_report import write_sweep_report
from ferkit.evaluation.sweep_summary import (
    best_of,
    counts,
    ranked,
    short_keys,
    shown_drawn,
)
from ferkit.evaluation.sweep_table import sweep_table

KEYS = {
    "training.optimiser.lr": {"low": 1e-5, "high": 1e-1, "log": True},
    "model.backbone": {"choices": ["small", "<b>wide</b>"]},
}


def trial(number: int, state: str, value: float | None, **changed: Any) -> dict[str, Any]:
    return {
        "number": number,
        "state": state,
        "value": value,
        "values": {} if value is None else {"0": value},
        "drawn": {"training.optimiser.lr": 10.0 ** -(number + 1), "model.backbone": "<b>wide</b>"},
        "epochs": 3,
        "seconds": 12.5,
        "folder": f"trials/{number:04d}",
        "reports": [f"trials/{number:04d}/seed0/report.html"],
        "reason": None,
        "same_as": None,
        "course": [[1, 0.1], [2, 0.2 + number / 10]],
        **changed,
    }


def sweep(**changed: Any) -> dict[str, Any]:
    trials = [
        trial(0, "complete", 0.5),
        trial(1, "failed", None, reason="out of <memory>", course=[]),
        trial(2, "complete", 0.625),
        trial(3, "pruned", None),
        trial(4, "complete", 0.625, same_as=2, reports=[]),
    ]
    test = {"accuracy": {"mean": 0.55, "seeds": {"0": {"value": 0.55, "low": 0.4, "high": 0.7}}}}
    return {
        "name": "<i>few</i>",
        "status": "done",
        "written": "2026-01-02T03:04:00+00:00",
        "smoke": False,
        "metric": "accuracy",
        "direction": "maximize",
        "sampler": "tpe",
        "pruning": {"by": "median", "warmup_epochs": 2},
        "seed": 0,
        "seeds": [0],
        "keep": "best",
        "space": KEYS,
        "trials": trials,
        "best": 2,
        "importance": {"training.optimiser.lr": 0.8, "model.backbone": 0.2},
        "tested": {"2": test},
        **changed,
    }


def test_the_best_is_the_first_of_the_best_values() -> None:
    best = best_of(sweep())
    assert best is not None
    assert best["number"] == 2
    low = best_of(sweep(direction="minimize"))
    assert low is not None
    assert low["number"] == 0
    assert best_of(sweep(trials=[trial(0, "failed", None)])) is None
    assert [one["number"] for one in ranked(sweep())] == [2, 4, 0, 1, 3]
    assert counts(sweep()) == {"complete": 3, "pruned": 1, "failed": 1, "running": 0}


def test_keys_are_shortened_as_far_as_they_stay_apart() -> None:
    keys = ["loop.tau", "training.optimiser.lr", "model.dropout", "student.dropout"]
    assert list(short_keys(keys).values()) == ["tau", "lr", "model.dropout", "student.dropout"]
    assert short_keys(["lr"]) == {"lr": "lr"}
    assert short_keys(["loop.epochs"]) == {"loop.epochs": "loop.epochs"}  # a column is called so
    assert (shown_drawn(0.00012346), shown_drawn(12), shown_drawn("x")) == ("0.0001235", "12", "x")


def page(folder: Path, state: dict[str, Any]) -> str:
    (folder / "sweep.json").write_text(json.dumps(state))
    return write_sweep_report(folder).read_text()


def test_the_page_shows_the_best_and_every_trial(tmp_path: Path) -> None:
    text = page(tmp_path, sweep())
    assert "Best trial: 2" in text
    assert "62.5 %" in text
    assert "test accuracy" in text
    assert "55.0 %" in text
    assert "Chosen by the validation split alone" in text
    assert "pruned at epoch 3" in text
    assert "as trial 2" in text
    assert "failed: out of &lt;memory&gt;" in text
    assert "&lt;b&gt;wide&lt;/b&gt;" in text
    assert "<b>wide" not in text
    assert "not before epoch 2" in text
    assert text.count("data:image/png") == 4
    assert 'href="trials/0003/seed0/report.html"' in text


def test_the_page_tells_what_a_reader_must_know(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ferkit.evaluation.sweep_report._figures", lambda state: [])
    looked_twice = sweep(tested={"0": {}, "2": sweep()["tested"]["2"]})
    assert "extended after a look at test: the best trial was 0 then" in page(
        tmp_path, looked_twice
    )
    assert "There is no figure on a test split" in page(tmp_path, sweep(tested={"2": {}}))
    assert "one batch through every phase" in page(tmp_path, sweep(smoke=True))
    assert "was interrupted" in page(tmp_path, sweep(status="interrupted"))
    loss = page(tmp_path, sweep(metric="loss", direction="minimize", keep="all"))
    assert "cross-entropy of the labels as they are" in loss
    assert "0.5000" in loss
    assert "were removed" not in loss
    nothing = sweep(best=None, trials=[trial(0, "failed", None, reason="x")], status="failed")
    text = page(tmp_path, nothing)
    assert "No trial came to a value" in text
    assert "Best trial" not in text


def test_a_folder_without_a_sweep(tmp_path: Path) -> None:
    with pytest.raises(FerkitError, match="Is this the folder of a sweep"):
        write_sweep_report(tmp_path)


def test_figures_show_what_was_tried() -> None:
    history = history_figure(sweep()).axes[0]
    complete, line, best, *_ = history.lines
    assert list(complete.get_xdata()) == [0, 2, 4]
    assert list(complete.get_ydata()) == [50.0, 62.5, 62.5]
    assert list(line.get_ydata()) == [50.0, 62.5, 62.5, 62.5]
    assert list(best.get_xdata()) == [2]
    slices = slices_figure(sweep(), {"model.backbone": 0.9, "training.optimiser.lr": 0.1}).axes
    assert [axes.get_xlabel() for axes in slices] == ["backbone", "lr"]
    assert slices[1].get_xscale() == "log"
    assert [text.get_text() for text in slices[0].get_xticklabels()] == ["small", "<b>wide</b>"]
    bars = importance_figure({"a": 0.2, "b": 0.8}).axes[0]
    assert [text.get_text() for text in bars.get_yticklabels()] == ["a", "b"]
    courses = courses_figure(sweep())
    assert courses is not None
    assert png(courses).startswith(b"\x89PNG")
    assert courses_figure(sweep(trials=[trial(0, "complete", 0.5, course=[])])) is None


def test_a_course_of_one_epoch_is_a_dot() -> None:
    long, short = [[epoch, 0.1] for epoch in range(1, 31)], [[1, 0.2]]
    trials = [
        trial(0, "complete", 0.5, course=long),
        trial(1, "complete", 0.4, course=short),
        trial(2, "failed", None, course=long, reason="other samples"),
    ]
    figure = courses_figure(sweep(trials=trials, best=0))
    assert figure is not None
    lines = [(len(line.get_xdata()), line.get_marker()) for line in figure.axes[0].lines]
    assert lines[:2] == [(30, ""), (1, "o")]
    assert sum(count > 0 for count, _ in lines) == 2


def test_the_table_fits_a_narrow_console(capsys: pytest.CaptureFixture[str]) -> None:
    Console(width=80).print(sweep_table(sweep()))
    text = capsys.readouterr().out
    assert "62.5 %" in text
    assert "pruned" in text
    many = {f"model.key{i}": {"low": 0, "high": 1, "log": False} for i in range(5)}
    trials = [trial(n, "complete", n / 20, drawn=dict.fromkeys(many, 0.25)) for n in range(12)]
    Console(width=80).print(sweep_table(sweep(space=many, trials=trials, best=11)))
    text = capsys.readouterr().out
    assert "key0 0.25" in text
    assert "The first 10 of 12" in text
    assert all(len(line) <= 80 for line in text.splitlines())
