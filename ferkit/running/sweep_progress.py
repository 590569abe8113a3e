"""What a user watches while trials are under way, and how long the rest will take."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any

from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from ferkit.evaluation.sweep_summary import drawn_in_words
from ferkit.running.sweep_study import Draw

_BAR = 30
_LONGEST = 60


@dataclass
class Work:
    """A trial under way.

    values: of the seeds that are done. seed: of the run under way. started: by the monotonic
    clock, in seconds. task, done, total, detail: what the run said last.
    """

    draw: Draw
    values: dict[int, float] = field(default_factory=dict)
    seed: int = 0
    started: float = field(default_factory=time.monotonic)
    task: str = ""
    done: float = 0.0
    total: int = 0
    detail: str = ""

    def next_seed(self, seeds: Sequence[int]) -> int | None:
        """The first seed that is not done."""
        return next((seed for seed in seeds if seed not in self.values), None)

    def begin(self, seed: int) -> None:
        """A run is started."""
        self.seed, self.task, self.done, self.total, self.detail = seed, "starting", 0.0, 0, ""

    def hear(self, message: Mapping[str, Any]) -> None:
        """Take one progress message."""
        if "begin" in message:
            self.task, self.total = str(message["begin"]), int(message["total"])
            self.done, self.detail = 0.0, ""
        elif "done" in message:
            self.done, self.detail = float(message["done"]), str(message.get("detail", ""))


def seconds_left(
    took: Sequence[float], under_way: Sequence[float], *, waiting: int, jobs: int
) -> float | None:
    """Seconds until a sweep is done; None before a trial is.

    Args:
        took: seconds of the trials that have ended. under_way: seconds since the others began.
        waiting: trials not begun. jobs: trials side by side.
    """
    if not took:
        return None
    each = fmean(took)
    rest = [max(0.0, each - since) for since in under_way]
    return max((sum(rest) + waiting * each) / jobs, *rest, 0.0)


def shown(work: Sequence[Work], ended: int, total: int, left: str) -> Table:
    """A bar over all trials, and a line per trial under way.

    Args:
        left: the time left, in words.
    """
    table = Table.grid(padding=(0, 2))
    table.add_row(
        Text(f"{ended} of {total} trials", style="bold"),
        ProgressBar(total=max(1, total), completed=ended, width=_BAR),
        left,
    )
    for one in work:
        share = f" {one.done:.0f}/{one.total}" if one.total else ""
        drawn = drawn_in_words(one.draw.drawn)
        table.add_row(
            f"trial {one.draw.number}, seed {one.seed}",
            Text(f"{one.task}{share} {one.detail}".strip()[:_LONGEST]),
            Text(drawn if len(drawn) <= _LONGEST else f"{drawn[: _LONGEST - 1]}…", style="dim"),
        )
    return table
