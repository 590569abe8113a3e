"""What is shown of a sweep under way, and how long the rest will take."""

from __future__ import annotations

import pytest
from rich.console import Console

from ferkit.running.sweep_progress import Work, seconds_left, shown
from ferkit.running.sweep_study import Draw


def test_time_left_is_that_of_the_trials_that_ended() -> None:
    assert seconds_left([], [3.0], waiting=5, jobs=1) is None
    # 20 s a trial: 15 s are left of the one under way, and three wait.
    assert seconds_left([10.0, 30.0], [5.0], waiting=3, jobs=1) == 75.0
    assert seconds_left([20.0], [5.0, 30.0], waiting=3, jobs=2) == 37.5
    assert seconds_left([20.0], [0.0, 0.0], waiting=0, jobs=2) == 20.0


def test_every_trial_under_way_has_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    work = Work(Draw(7, {"training.optimiser.lr": 0.00123}))
    assert work.next_seed((2, 5)) == 2
    work.begin(2)
    work.hear({"begin": "supervised", "total": 40, "unit": "step"})
    work.hear({"done": 12, "detail": "epoch 2"})
    work.values[2] = 0.5
    assert work.next_seed((2, 5)) == 5
    Console(width=120).print(shown([work], 6, 30, "about 2 min left"))
    text = capsys.readouterr().out
    assert "6 of 30 trials" in text
    assert "about 2 min left" in text
    assert "trial 7, seed 2" in text
    assert "supervised 12/40 epoch 2" in text
    assert "training.optimiser.lr 0.00123" in text
