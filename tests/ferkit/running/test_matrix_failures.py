"""What is told of failed runs: a cause is told once, not once for each of its runs."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from ferkit.running.matrix_failures import failed, note_failure
from ferkit.running.matrix_state import Outcome
from ferkit.running.plan import PlannedRun


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
