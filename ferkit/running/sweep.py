"""Runs the trials of a sweep, chooses the best by validation, and measures that one on test."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from multiprocessing.context import BaseContext
from pathlib import Path
from statistics import fmean
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.table import Table

from ferkit.errors import BlockedError, FerkitError
from ferkit.evaluation.sweep_report import write_sweep_report
from ferkit.evaluation.sweep_summary import drawn_in_words, metric_name, shown_value
from ferkit.files import told_plainly, write_whole
from ferkit.recipe_write import dump_recipe
from ferkit.running.children import Child, forking, next_messages
from ferkit.running.damaged import set_aside
from ferkit.running.folder import DamagedError, is_done, read_json
from ferkit.running.outputs import read_metrics
from ferkit.running.progress import Display
from ferkit.running.sweep_alike import first_labels, refuse_others, validation_labels
from ferkit.running.sweep_best import measure_best, nothing_found
from ferkit.running.sweep_child import (
    BLOCKED_STATUS,
    END,
    GO_ON,
    PRUNED_STATUS,
    TrialOrder,
    answer,
    start_trial,
    stop_trials,
)
from ferkit.running.sweep_plan import SweepPlan
from ferkit.running.sweep_progress import Work, seconds_left, shown
from ferkit.running.sweep_state import (
    effort,
    mark_pruned,
    measured,
    remove_weights,
    write_state,
)
from ferkit.running.sweep_study import Draw, SweepStudy, Told
from ferkit.running.time_left import left_in_words


def run_sweep(
    plan: SweepPlan, *, jobs: int, display: Display, console: Console, live: bool
) -> dict[str, Any]:
    """Run what is not done yet, then measure the best trial on test and write the page.

    Args:
        plan: its folder is locked by the caller.
        jobs: trials side by side.
        display: told when a trial ends.
        console, live: whether to show on it what is under way.
    Returns: what is in sweep.json.
    Raises: RunError: no trial came to a value. KeyboardInterrupt, BlockedError: after the trials
        under way have saved; they are taken up again when the sweep goes on.
    """
    study = SweepStudy(plan.root, plan.sweep, plan.space, jobs=jobs)
    try:
        write_state(plan, study, "running")
        sweep = _Sweep(plan, study, jobs=jobs, display=display)
        try:
            sweep.work_off(console, live=live)
            state = write_state(plan, study, "running")
            if state["best"] is not None:
                measure_best(plan, study.trials()[state["best"]], display)
        except KeyboardInterrupt:
            write_state(plan, study, "interrupted")
            raise
        except BlockedError:
            with suppress(BlockedError):  # what stood there stays, and serves as well
                write_state(plan, study, "interrupted")
            raise
        state = write_state(plan, study, "failed" if state["best"] is None else "done")
        write_sweep_report(plan.root)
        if state["best"] is None:
            raise nothing_found(plan, state)
        return state
    finally:
        study.close()


class _Sweep:
    """The trials under way, and what follows when one ends."""

    def __init__(self, plan: SweepPlan, study: SweepStudy, *, jobs: int, display: Display) -> None:
        self._plan, self._study, self._jobs, self._display = plan, study, jobs, display
        self._seeds = plan.sweep.seeds
        self._column = "validation_loss" if plan.sweep.metric == "loss" else "validation_accuracy"
        self._waiting = study.under_way()
        self._stopped = {draw.number for draw in self._waiting}
        self._work: dict[Child, Work] = {}
        self._told = {one.number: one for one in study.trials() if one.state != "running"}
        self._took: list[float] = []  # seconds of the trials that ended in this process
        self._measured_on: tuple[int, Mapping[str, str]] | None = None  # trial, and its samples

    def work_off(self, console: Console, *, live: bool) -> None:
        """Start trials as places become free, until there are as many as asked for."""
        threads = self._plan.loaded.recipe.training.threads
        with ExitStack() as stack:
            context = stack.enter_context(forking(threads))
            screen = Live(console=console, refresh_per_second=4, transient=True)
            if live:
                stack.enter_context(screen)
            stack.callback(lambda: stop_trials(list(self._work)))
            try:
                while True:
                    while len(self._work) < self._jobs and (draw := self._next()) is not None:
                        self._begin(Work(draw), context)
                    if not self._work:
                        return
                    screen.update(self._shown())
                    for child, message in next_messages(list(self._work), timeout=0.5):
                        self._hear(child, message, context)
            except KeyboardInterrupt:
                self._display.say("Stopping: the trials under way save first.")
                raise

    def _next(self) -> Draw | None:
        """The next trial: first those of a sweep that was stopped, then new ones."""
        if self._waiting:
            return self._waiting.pop(0)
        asked = len(self._told) + len(self._work)  # those waiting are under way by now
        return self._study.ask() if asked < self._plan.trials else None

    def _begin(self, work: Work, context: BaseContext) -> None:
        """Begin a trial, unless it would come to what another one came to."""
        same = self._same_as(work.draw)
        if same is None:
            self._go_on(work, context)
            write_state(self._plan, self._study, "running")
            return
        values = same.about.get("values") or {}
        self._study.note(work.draw.number, same_as=same.number, values=values)
        self._end(work, same.state, same.value)

    def _go_on(self, work: Work, context: BaseContext) -> None:
        """Start the next run of a trial that is not done, or tell what the trial came to."""
        number = work.draw.number
        while (seed := work.next_seed(self._seeds)) is not None:
            folder = self._plan.run_folder(number, seed)
            try:
                state = self._state(folder)
                if state.get("status") == "pruned" or self._stopped_too_soon(work, seed):
                    mark_pruned(folder)
                    self._end(work, "pruned", None)
                    return
                if not is_done(folder, state):
                    self._work[self._start(work, seed, context)] = work
                    return
                self._refuse_other_samples(number, folder)
                work.values[seed] = measured(folder, self._plan.sweep.metric)
            except BlockedError:
                raise
            except FerkitError as error:
                self._end(work, "failed", None, str(error))
                return
        self._study.note(number, values={str(seed): one for seed, one in work.values.items()})
        self._end(work, "complete", fmean(work.values.values()))

    def _state(self, folder: Path) -> dict[str, Any]:
        """What run.json says; {} where it is not there, or is damaged: the run is done anew."""
        if not (folder / "run.json").exists():
            return {}
        try:
            return read_json(folder / "run.json")
        except DamagedError as error:
            self._display.say(f"warning: {error} Kept as {set_aside(folder)}, and done anew.")
            return {}

    def _refuse_other_samples(self, number: int, folder: Path) -> None:
        """Refuse a run that is measured on other samples than the first trial that is complete.

        Raises: FerkitError: it is.
        """
        found = validation_labels(folder)
        if self._measured_on is None:
            complete = [one.number for one in self._told.values() if one.state == "complete"]
            self._measured_on = first_labels(self._plan, complete) or (number, found)
        refuse_others(found, *self._measured_on, where=folder)

    def _stopped_too_soon(self, work: Work, seed: int) -> bool:
        """Of a trial of a sweep that was stopped, report the epochs that were not told by then.

        Returns: whether the trial is not worth finishing.
        """
        if work.draw.number not in self._stopped:
            return False
        self._stopped.discard(work.draw.number)
        work.seed = seed
        rows = read_metrics(self._plan.run_folder(work.draw.number, seed) / "metrics.csv")
        values = [(epoch, row.get(self._column)) for epoch, row in enumerate(rows, 1)]
        return any(
            self._judge(work, epoch, float(value)) == END
            for epoch, value in values
            if value is not None
        )

    def _same_as(self, draw: Draw) -> Told | None:
        """A trial with the same values that has ended: the new one would come to the same."""
        for told in self._told.values():
            if told.drawn == draw.drawn and told.state in ("complete", "pruned"):
                return told
        return None

    def _start(self, work: Work, seed: int, context: BaseContext) -> Child:
        number = work.draw.number
        path = self._plan.plan_file(number, seed)
        recipe = self._plan.recipe(work.draw.drawn, seed, self._plan.trial_name(number))
        with told_plainly(path.parent):
            path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, dump_recipe(recipe))
        work.begin(seed)
        order = TrialOrder(
            recipe=path.absolute(),
            folder=self._plan.run_folder(number, seed).absolute(),
            log=path.absolute().with_suffix(".log"),
            smoke=self._plan.smoke,
            metric=self._column,
        )
        return start_trial(order, context=context)

    def _hear(self, child: Child, message: Mapping[str, Any] | None, context: BaseContext) -> None:
        """Take a message of a run; None: it has ended."""
        work = self._work[child]
        if message is None:
            del self._work[child]
            status = child.process.exitcode
            if status == PRUNED_STATUS:
                self._end(work, "pruned", None)
            elif status == 0:
                self._go_on(work, context)
            elif status == BLOCKED_STATUS:
                raise BlockedError(child.why(), where=f"trial {work.draw.number}")
            else:
                self._end(work, "failed", None, child.why())
        elif "epoch" in message:
            answer(child, self._judge(work, int(message["epoch"]), float(message["value"])))
        else:
            work.hear(message)

    def _judge(self, work: Work, epoch: int, value: float) -> str:
        """Whether a trial goes on after an epoch; asked of the run with its first seed only."""
        if work.seed != self._seeds[0]:
            return GO_ON
        return END if self._study.report(work.draw.number, epoch, value) else GO_ON

    def _end(self, work: Work, state: str, value: float | None, reason: str = "") -> None:
        """Note what a trial came to, and say so."""
        number = work.draw.number
        self._study.note(number, **effort(self._plan, number))
        if state == "complete" and value is not None:
            self._study.complete(number, value)
        elif state == "pruned":
            self._study.prune(number)
        else:
            self._study.fail(number, reason.splitlines()[0] if reason else "no reason is known")
        self._told = {one.number: one for one in self._study.trials() if one.state != "running"}
        self._took.append(time.monotonic() - work.started)
        remove_weights(self._plan, self._study)
        summary = write_state(self._plan, self._study, "running")
        told = f"failed: {reason.splitlines()[0]}" if state == "failed" and reason else state
        if value is not None:
            best = " (the best so far)" if summary["best"] == number else ""
            told = f"{metric_name(summary)} {shown_value(summary, value)}{best}"
        self._display.say(
            f"trial {number}, {len(self._told)}/{self._plan.trials}: {told}; "
            f"{drawn_in_words(work.draw.drawn)}" + (f"; {left}" if (left := self._left()) else "")
        )

    def _shown(self) -> Table:
        under_way = list(self._work.values())
        return shown(under_way, len(self._told), self._plan.trials, self._left())

    def _left(self) -> str:
        """The time left, in words."""
        now = time.monotonic()
        left = seconds_left(
            self._took,
            [now - one.started for one in self._work.values()],
            waiting=self._plan.trials - len(self._told) - len(self._work),
            jobs=self._jobs,
        )
        return left_in_words(None if left is None else (left, True)) if left else ""
