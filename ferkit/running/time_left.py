"""How long a matrix will still take, from what its finished runs took or were estimated to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean

from ferkit.evaluation.wording import duration
from ferkit.running.plan import Cell, PlannedRun


class RunTimes:
    """Seconds of finished runs, by setting and variant and by variant alone.

    Args:
        finished: runs and the seconds each took.
        estimated: seconds of a run of a setting and variant, as estimated before any was done.
    """

    def __init__(
        self,
        finished: Iterable[tuple[PlannedRun, float]] = (),
        estimated: Mapping[Cell, float] | None = None,
    ) -> None:
        self._seconds: dict[tuple[str | None, ...], list[float]] = {}
        self._estimated = estimated or {}
        self._took = self._thought = 0.0  # of finished runs that were estimated
        for run, seconds in finished:
            self.add(run, seconds)

    def add(self, run: PlannedRun, seconds: float) -> None:
        for kind in (run.cell, (run.variant,)):
            self._seconds.setdefault(kind, []).append(seconds)
        if run.cell in self._estimated:
            self._took += seconds
            self._thought += self._estimated[run.cell]

    def expected(self, run: PlannedRun) -> float | None:
        """The mean of the runs of its setting and variant; before there is any, what was estimated,
        times how wrong that was of the others; else the mean of its variant."""
        if own := self._seconds.get(run.cell):
            return fmean(own)
        if run.cell in self._estimated:
            factor = self._took / self._thought if self._thought else 1.0
            return self._estimated[run.cell] * factor
        found = self._seconds.get((run.variant,))
        return fmean(found) if found else None


def seconds_left(
    times: RunTimes,
    waiting: Sequence[PlannedRun],
    under_way: Mapping[PlannedRun, float],
    *,
    jobs: int,
) -> tuple[float, bool] | None:
    """Seconds until a matrix is done.

    Args:
        waiting: runs not started yet.
        under_way: run -> seconds since it was started.
        jobs: runs side by side.
    Returns: seconds, and whether they cover every run; None where no run's time is known.
    """
    expected = [(times.expected(run), 0.0) for run in waiting]
    expected += [(times.expected(run), since) for run, since in under_way.items()]
    known = [max(0.0, seconds - since) for seconds, since in expected if seconds is not None]
    if not known:
        return None
    return max(sum(known) / jobs, *known), len(known) == len(expected)


def left_in_words(left: tuple[float, bool] | None) -> str:
    """ "about 2 h 5 min left", "more than 40 s left"; "" where nothing is known."""
    if left is None:
        return ""
    seconds, is_whole = left
    if seconds < 10:
        return "less than 10 s left" if is_whole else ""
    return f"{'about' if is_whole else 'more than'} {duration(seconds)} left"
