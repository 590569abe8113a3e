"""A run of a trial: it never sees the test split, and is asked after each epoch."""

from __future__ import annotations

import errno
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sweeps import RECIPE, write

from ferkit.contracts.data import Clips
from ferkit.errors import BlockedError, RunError
from ferkit.running import single
from ferkit.running.folder import read_json
from ferkit.running.progress import SilentDisplay
from ferkit.running.sweep_child import GO_ON, TrialOrder, blocked, epoch_teller, run_trial
from ferkit.running.watch import EndedEarly


@pytest.fixture
def guarded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test split whose reading raises."""
    assemble = single.assemble

    def planted(*arguments: Any, **named: Any) -> Any:
        data = assemble(*arguments, **named)
        assert data.test is not None

        def read(*_: object) -> Clips:
            raise AssertionError("somebody read the test split")

        return replace(data, test=replace(data.test, read=read))

    monkeypatch.setattr(single, "assemble", planted)


def order(path: Path, folder: Path) -> TrialOrder:
    return TrialOrder(path, folder, folder / "log", smoke=False, metric="validation_accuracy")


@pytest.mark.usefixtures("guarded")
def test_a_trial_never_reads_the_test_split(tmp_path: Path) -> None:
    path = write(tmp_path, "", RECIPE.replace("bootstrap: 0", "bootstrap: 0, stability: true"))
    folder = tmp_path / "trial"
    folder.mkdir()
    run_trial(order(path, folder), display=SilentDisplay(), ask=lambda *_: GO_ON)
    results = read_json(folder / "results.json")
    assert "validation" in results
    assert "test" not in results
    state = read_json(folder / "run.json")
    assert state["without_test"] is True
    assert "was not looked at" in state["notes"][0]
    assert "was not looked at" in (folder / "report.html").read_text()

    # The guard would have noticed: the same run with its test split reads it.
    (tmp_path / "with").mkdir()
    with pytest.raises(AssertionError, match="somebody read the test split"):
        run_with_test(path, tmp_path / "with")


def run_with_test(path: Path, folder: Path) -> None:
    from ferkit import plugins
    from ferkit.catalogue import catalogue
    from ferkit.recipe import read_recipe

    components = catalogue(plugins.load())
    loaded = read_recipe(str(path), catalogue=components)
    single.run_single(
        loaded.recipe, folder=folder, recipe_folder=path.parent, catalogue=components,
        display=SilentDisplay(),
    )  # fmt: skip


def test_epochs_count_on_through_phases_and_are_told_again_after_a_stop(tmp_path: Path) -> None:
    (tmp_path / "metrics.csv").write_text(
        "phase,round,epoch,validation_accuracy\nfirst,0,1,0.2\nfirst,0,2,0.3\nsecond,1,1,0.4\n"
    )
    asked: list[tuple[int, float]] = []

    def ask(number: int, value: float) -> str:
        asked.append((number, value))
        return "end" if value > 0.8 else GO_ON

    tell = epoch_teller(tmp_path, "validation_accuracy", ask)
    for phase, round_, epoch, value in (
        ("first", 0, 2, 0.3), ("second", 1, 1, 0.4), ("second", 1, 2, 0.5), ("third", 2, 1, None),
    ):  # fmt: skip
        tell({"phase": phase, "round": round_, "epoch": epoch, "validation_accuracy": value})
    assert asked == [(2, 0.3), (3, 0.4), (4, 0.5)]
    with pytest.raises(EndedEarly):
        tell({"phase": "third", "round": 2, "epoch": 2, "validation_accuracy": 0.9})
    assert asked[-1] == (6, 0.9)


def test_a_full_disk_is_no_fault_of_a_trial() -> None:
    full = OSError(errno.ENOSPC, "No space left on device", "run/table")
    assert blocked(full) == "run/table: the disk is full."
    assert blocked(BlockedError("the disk is full.", where="run")) == "run: the disk is full."
    assert blocked(RunError("the loss is nan.")) is None
    assert blocked(FileNotFoundError(errno.ENOENT, "No such file")) is None
