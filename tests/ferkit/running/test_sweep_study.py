"""Drawing, reporting and going on, as Optuna does it for a sweep."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from ferkit.errors import BlockedError, FerkitError
from ferkit.running import sweep_study
from ferkit.running.sweep_study import Draw, SweepStudy
from ferkit.sweep_section import SweepSection
from ferkit.sweep_space import dimensions

SPACE = {
    "lr": {"low": 1e-5, "high": 1e-1, "log": True},
    "tau": {"low": 0.5, "high": 0.93, "step": 0.05},
    "dim": {"low": 8, "high": 64, "step": 8},
    "width": {"low": 1, "high": 64, "log": True},
    "net": {"choices": {"a": {"use": "a"}, "b": None}},
}


def study(folder: Path, *, jobs: int = 1, **given: object) -> SweepStudy:
    section = SweepSection.model_validate({"space": SPACE, **given})
    return SweepStudy(folder, section, dimensions(section), jobs=jobs)


@pytest.mark.parametrize("sampler", ["tpe", "random"])
def test_draws_do_not_depend_on_a_stop(tmp_path: Path, sampler: str) -> None:
    def draws(folder: Path, *, stops: bool) -> list[Draw]:
        folder.mkdir()
        found = []
        one = study(folder, sampler=sampler, seed=3)
        for number in range(12):
            draw = one.ask()
            if stops and number > 9:  # tpe has learnt from those before by now
                one.close()
                one = study(folder, sampler=sampler, seed=3)
                assert one.under_way() == [draw]
            found.append(draw)
            one.complete(draw.number, number / 12)
        one.close()
        return found

    whole = draws(tmp_path / "one", stops=False)
    assert len({str(draw.drawn) for draw in whole}) > 5
    for draw in whole:
        assert draw.drawn["dim"] in range(8, 65, 8)
        assert isinstance(draw.drawn["dim"], int)
        assert isinstance(draw.drawn["width"], int)
        assert draw.drawn["net"] in ("a", "b")
        assert 0.5 <= float(draw.drawn["tau"]) <= 0.9 + 1e-9
    assert draws(tmp_path / "two", stops=True) == whole


def test_what_is_reported_stays(tmp_path: Path) -> None:
    one = study(tmp_path, metric="loss", pruning={"by": "median", "startup_trials": 1,
                                                  "warmup_epochs": 2})  # fmt: skip
    good = one.ask().number
    for epoch in range(1, 5):
        assert not one.report(good, epoch, 1.0 / epoch)
    one.complete(good, 0.25)
    bad = one.ask().number
    assert not one.report(bad, 1, 9.0)
    assert not one.report(bad, 1, 9.0)  # told again after a stop
    assert not one.report(bad, 2, float("nan"))
    assert one.report(bad, 2, 8.0)
    assert not one.report(bad, 1, 9.0)
    assert one.report(bad, 2, 8.0)  # stopped before the answer was heard: the same answer
    one.note(bad, epochs=2)
    one.prune(bad)
    lost = one.ask().number
    one.fail(lost, "out of memory")
    first, second, third = one.trials()
    assert (first.state, first.value) == ("complete", 0.25)
    assert (second.state, second.value, second.about) == ("pruned", None, {"epochs": 2})
    assert second.epochs == [(1, 9.0), (2, 8.0)]
    assert (third.state, third.about) == ("failed", {"reason": "out of memory"})
    one.close()


def test_hyperband_thins_out(tmp_path: Path) -> None:
    one = study(
        tmp_path,
        sampler="random",
        space={"tau": {"low": 0.0, "high": 1.0}},
        pruning={"by": "hyperband", "warmup_epochs": 1, "epochs": 4, "reduction": 2},
    )
    states = []
    for number in range(8):
        trial = one.ask().number
        ended = any(one.report(trial, epoch, 1.0 / (number + 1)) for epoch in range(1, 5))
        one.prune(trial) if ended else one.complete(trial, 1.0 / (number + 1))
        states.append(ended)
    assert not states[0]
    assert any(states)
    one.close()


def test_importance_names_the_key_that_matters(tmp_path: Path) -> None:
    space = {"tau": {"low": 0.0, "high": 1.0}, "lr": {"low": 0.0, "high": 1.0}}
    one = study(tmp_path, sampler="random", space=space)
    assert one.importance() is None
    for _ in range(20):
        draw = one.ask()
        one.complete(draw.number, -abs(float(draw.drawn["tau"]) - 0.6))
    shares = one.importance()
    assert shares is not None
    assert set(shares) == set(space)
    assert max(shares, key=lambda key: shares[key]) == "tau"
    assert sum(shares.values()) == pytest.approx(1.0)
    one.close()


def test_a_damaged_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "sweep.db").write_text("no database")
    with pytest.raises(FerkitError, match="can't be used as the database of a sweep"):
        study(tmp_path)


def test_a_full_disk_is_told_and_what_was_kept_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = study(tmp_path, sampler="random")
    kept = one.ask()
    one.close()

    def with_no_room(path: Path) -> sqlite3.Connection:
        """SQLite's own error of a full disk comes where the file may not grow."""
        connection = sqlite3.connect(path, check_same_thread=False)
        connection.execute("pragma max_page_count = 1")  # as many as there are
        return connection

    with monkeypatch.context() as patched:
        patched.setattr(sweep_study, "connect", with_no_room)
        full = study(tmp_path, sampler="random")
        assert full.under_way() == [kept]
        with pytest.raises(BlockedError, match=r"sweep\.db: the disk is full\. Make room\."):
            full.note(kept.number, reason="so many words " * 10_000)
        full.close()
    again = study(tmp_path, sampler="random")
    assert again.under_way() == [kept]
    again.note(kept.number, epochs=1)
    again.complete(kept.number, 0.5)
    assert again.trials()[0].about == {"epochs": 1}
    again.close()


@pytest.mark.parametrize("sampler", ["tpe", "random"])
def test_a_trial_whose_drawing_was_cut_off_is_drawn_as_it_would_have_been(
    tmp_path: Path, sampler: str
) -> None:
    one = study(tmp_path, sampler=sampler)
    for number in range(11):
        one.complete(one.ask().number, number / 11)
    whole = one.ask()
    one.close()
    with sqlite3.connect(tmp_path / "sweep.db") as database:
        gone = "delete from trial_params where trial_id = 12 and param_name in ('tau', 'net')"
        assert database.execute(gone).rowcount == 2
    database.close()
    again = study(tmp_path, sampler=sampler)
    assert again.under_way() == [whole]
    again.complete(whole.number, 0.5)
    assert again.trials()[-1].drawn == whole.drawn
    again.close()
