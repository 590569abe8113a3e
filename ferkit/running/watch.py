"""Joins the trainer's events with the display, the tables per epoch and the observer plugins."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ferkit.running.outputs import (
    read_histograms,
    read_metrics,
    write_histograms,
    write_metrics,
)
from ferkit.running.progress import Display
from ferkit.training.job import Histogram

Row = Mapping[str, float | int | str | None]


class EndedEarly(Exception):
    """Who watches the epochs of a run does not want it finished."""


class TrainingWatch:
    """The trainer's observer of one run.

    Args:
        path: of metrics.csv; weight_histograms.csv lies beside it where there are such. Rows that
            an interrupted run left are kept, and replaced where an epoch is trained again.
        display: where progress goes.
        epoch_finished: told every row, for observer plugins.
    """

    def __init__(self, path: Path, display: Display, epoch_finished: Callable[[Row], None]) -> None:
        self._path = path
        self._display = display
        self._tell = epoch_finished
        self._rows: dict[tuple[Any, ...], Row] = {row_key(row): row for row in read_metrics(path)}
        self._weights = path.with_name("weight_histograms.csv")
        self._histograms = {each[:-1]: each for each in read_histograms(self._weights)}
        self._phase, self._epochs, self._epoch = "", 0, 0
        self._steps: int | None = None
        self._place, self._predicted = 0, (0, 0)
        self._detail = ""
        self.notes: list[str] = []

    def phase_started(self, phase: str, epochs: int) -> None:
        self._phase, self._epochs, self._epoch = phase, epochs, 0
        self._steps, self._detail = None, ""
        self._predicted = 0, 0

    def step_finished(self, done: int, total: int, loss: float | None) -> None:
        if self._steps != total:  # known from the first step on, and may change by epoch
            self._steps = total
            self._display.begin(self._phase, self._epochs * total, "step")
        shown = "" if loss is None else f"loss {loss:.3f}"
        detail = ", ".join(part for part in (self._detail, shown) if part)
        self._place = self._epoch * total + done
        self._display.advance(self._place, detail)

    def predicting(self, done: int, total: int) -> None:
        if self._steps is not None:
            shown = f"predicting {done} of {total}"
            detail = ", ".join(part for part in (self._detail, shown) if part)
            self._display.advance(self._place, detail)
            return
        before, of = self._predicted
        if total != of or done <= before:  # another split
            self._display.begin("predicting", total, "sample")
        self._display.advance(done)
        self._predicted = done, total

    def epoch_finished(self, row: Row) -> None:
        self._epoch = int(row["epoch"] or 0)
        self._rows[row_key(row)] = row
        write_metrics(self._path, list(self._rows.values()))
        accuracy = row.get("validation_accuracy")
        self._detail = f"epoch {self._epoch}" + (
            f", validation {float(accuracy):.1%}" if accuracy is not None else ""
        )
        self._tell(row)

    def weights_counted(self, histograms: Sequence[Histogram]) -> None:
        self._histograms |= {each[:-1]: each for each in histograms}
        write_histograms(self._weights, self._histograms.values())

    def rewrite(self, rows: Iterable[Row], histograms: Sequence[Histogram]) -> None:
        """Write metrics.csv and weight_histograms.csv anew from the whole history."""
        write_metrics(self._path, list(rows))
        if histograms or self._weights.exists():
            write_histograms(self._weights, histograms)

    def note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)
            self._display.say(f"note: {text}")


def row_key(row: Row) -> tuple[str, int, int]:
    """Phase, round and epoch, which tell the rows of a run apart."""
    return str(row.get("phase")), int(row.get("round") or 0), int(row.get("epoch") or 0)
