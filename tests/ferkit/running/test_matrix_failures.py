"""What is told of failed runs: a cause is told once, not once for each of its runs."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from ferkit.catalogue import catalogue
from ferkit.errors import BlockedError, RunError
from ferkit.files import told_plainly
from ferkit.plugins import load
from ferkit.recipe import read_recipe
from ferkit.running import children
from ferkit.running.folder import read_json
from ferkit.running.matrix import run_matrix
from ferkit.running.matrix_failures import failed, note_failure
from ferkit.running.matrix_plan import write_plan
from ferkit.running.matrix_state import Outcome
from ferkit.running.plan import PlannedRun
from ferkit.running.progress import LineDisplay
from ferkit.running.under_way import Message, UnderWay


def run(seed: int) -> PlannedRun:
    return PlannedRun("wide", seed, Path(f"wide/seed{seed}"))


def full(seed: int) -> str:
    return f"/out/wide/seed{seed}/run.json: the disk is full."


def test_a_cause_is_told_once() -> None:
    outcome = Outcome()
    plan: Any = SimpleNamespace(work=list(range(12)), root=Path("/out"))
    said = [note_failure(outcome, run(seed), full(seed)) for seed in range(8)]
    assert said[0] == "failed: wide, seed 0: /out/wide/seed0/run.json: the disk is full."
    assert said[1] == "failed: wide, seed 1, as wide, seed 0 did"
    other = note_failure(outcome, run(9), "the loss is nan.")
    assert other == "failed: wide, seed 9: the loss is nan."
    logged = note_failure(outcome, run(10), "boom; see /out/.plan/wide/seed10.log")
    assert logged.endswith("seed10.log")
    same = note_failure(outcome, run(11), "boom; see /out/.plan/wide/seed11.log")
    assert same == "failed: wide, seed 11, as wide, seed 10 did"
    assert outcome.failures["wide, seed 7"] == full(7)

    text = str(failed(plan, outcome))
    assert text.count("the disk is full") == 1
    assert "11 of 12 runs failed: wide, seed 0: /out/wide/seed0/run.json: the disk is full" in text
    so_did = "; ".join(f"wide, seed {seed}" for seed in range(1, 6))
    assert f" (so did {so_did}; 2 more); " in text
    assert "; wide, seed 9: the loss is nan; wide, seed 10: boom" in text
    assert text.endswith("'ferkit run --resume /out' tries them again.")


def test_no_more_than_a_few_causes_are_told() -> None:
    outcome = Outcome()
    plan: Any = SimpleNamespace(work=list(range(8)), root=Path("/out"))
    for seed in range(7):
        note_failure(outcome, run(seed), f"cause {seed}.")
    text = str(failed(plan, outcome))
    assert "cause 4; and of 2 more causes, see matrix.json." in text
    assert "cause 5" not in text


class FullDisk:
    """An engine on whose disk no run finds room."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self._under_way: list[UnderWay] = []

    def places(self) -> int:
        return 2

    def start(self, run: PlannedRun) -> UnderWay:
        self.begun.append(run.label)
        self._under_way.append(UnderWay(run))
        return self._under_way[-1]

    def messages(self, timeout: float) -> Iterator[tuple[UnderWay, Message | None]]:
        for one in list(self._under_way):
            yield one, {"error": f"{one.run.folder}: the disk is full.", "full": True}
            self._under_way.remove(one)
            one.ended = False
            yield one, None

    def stop(self) -> None:
        self._under_way.clear()


def test_a_full_disk_stops_a_matrix(
    tiny_matrix: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    components = catalogue(load())
    loaded = read_recipe(str(tiny_matrix), catalogue=components)
    assert loaded.matrix is not None
    root = tmp_path / "out"
    root.mkdir()
    plan = write_plan(loaded, loaded.matrix, components, root=root, jobs=2, smoke=False)
    engine = FullDisk()
    with pytest.raises(RunError) as caught:
        run_matrix(
            plan,
            wanted={run.folder for run in plan.work},
            engine=engine,
            display=LineDisplay(Console(width=100)),
            console=Console(quiet=True),
            live=False,
        )
    assert len(plan.work) == 6
    assert len(engine.begun) == 2  # both places; the other four are left alone
    assert "The 4 runs that are left are not begun." in capsys.readouterr().out
    assert "2 of 6 runs failed" in str(caught.value)
    assert "4 more were not begun" in str(caught.value)
    assert str(caught.value).endswith(f"Make room; 'ferkit run --resume {root}' goes on.")
    state = read_json(root / "matrix.json")
    assert state["status"] == "failed"
    assert list(state["failures"]) == engine.begun


@pytest.mark.parametrize("full", [True, False])
def test_a_run_says_whether_the_disk_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, full: bool
) -> None:
    def begin(*args: object, **options: object) -> None:
        with told_plainly(tmp_path / "run.json"):
            raise OSError(errno.ENOSPC if full else errno.EACCES, "no")

    said: list[dict[str, Any]] = []
    monkeypatch.setattr("ferkit.running.start.begin_one", begin)
    monkeypatch.setattr(children.os, "setsid", lambda: None)
    monkeypatch.setattr(children.os, "dup2", lambda *given: None)
    order = children.Order(tmp_path / "r.yaml", tmp_path / "r", tmp_path / "log", smoke=False)
    sending: Any = SimpleNamespace(send=said.append)
    with pytest.raises(BlockedError):  # status 1: the traceback goes to the log
        children._run(order, sending)
    assert [message["full"] for message in said] == [full]
    one = UnderWay(run(0))
    one.hear(said[0])
    assert one.full is full
