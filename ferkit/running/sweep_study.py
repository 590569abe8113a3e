"""What a sweep asks Optuna for: which values come next, and which trials are not worth finishing.

All of it stands in `sweep.db`, so that a sweep goes on after a kill. Every trial is drawn with
random numbers of its own, keyed by the sweep's seed and the trial's number: which trials come
after a stop does not depend on the stop.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

import optuna
from optuna.trial import FrozenTrial, Trial, TrialState

from ferkit.running.sweep_database import asked, connect
from ferkit.running.sweep_optuna import distribution, pruner, sampler
from ferkit.sweep_section import SweepSection
from ferkit.sweep_space import Dimension, Drawn, grid

DATABASE = "sweep.db"
GOOD = 1 / 3
"""Share of trials that count as good where importance is measured. Optuna's 0.1 leaves two of
twenty trials, by which it often names the wrong key."""

_NAME = "sweep"  # of the study: hyperband's rungs are drawn by it
State = Literal["complete", "pruned", "failed", "running"]
_STATES: dict[TrialState, State] = {
    TrialState.COMPLETE: "complete",
    TrialState.PRUNED: "pruned",
    TrialState.FAIL: "failed",
    TrialState.RUNNING: "running",
}


@dataclass(frozen=True)
class Draw:
    """A trial to be run. drawn: key of the recipe -> number, or name of a choice."""

    number: int
    drawn: Mapping[str, Drawn]


@dataclass(frozen=True)
class Told:
    """A trial as it stands.

    value: of a complete trial. epochs: (epoch, value of validation) as far as it came, of the run
    with the first seed. about: what was noted of it.
    """

    number: int
    state: State
    drawn: Mapping[str, Drawn]
    value: float | None
    epochs: Sequence[tuple[int, float]]
    about: Mapping[str, Any]


class SweepStudy:
    """The trials of a sweep.

    Every method raises `BlockedError` where the disk is full or the database can't be used now;
    what was kept before is not lost.

    Args:
        folder: of the sweep; `sweep.db` in it is made if it is not there.
        sweep, space: of the recipe.
        jobs: trials side by side.
    Raises: FerkitError: `sweep.db` is no database of a sweep. BlockedError: as of the methods.
    """

    def __init__(
        self, folder: Path, sweep: SweepSection, space: Mapping[str, Dimension], *, jobs: int
    ) -> None:
        self._sweep = sweep
        self._distributions = {key: distribution(each) for key, each in space.items()}
        self._combinations = grid(space) if sweep.sampler == "grid" else []
        self._jobs = jobs
        self._live: dict[int, Trial] = {}
        self._path = folder / DATABASE
        with asked(self._path, RuntimeError):  # Optuna's, of a database of another version
            self._study = optuna.create_study(
                storage=optuna.storages.RDBStorage(
                    f"sqlite:///{DATABASE}",
                    # A path in the address would be read as one: with its '?' and '%20'.
                    engine_kwargs={"creator": partial(connect, self._path.absolute())},
                ),
                study_name=_NAME,
                direction="minimize" if sweep.metric == "loss" else "maximize",
                pruner=pruner(sweep.pruning),
                load_if_exists=True,
            )
            self._id = self._study._study_id

    def close(self) -> None:
        """Let go of the database."""
        self._study._storage.remove_session()

    def ask(self) -> Draw:
        """Draw a new trial."""
        with asked(self._path):
            number = len(self._study.get_trials(deepcopy=False))
            trial = self._draw(self._study, number)
        self._live[trial.number] = trial
        return Draw(trial.number, self._drawn(trial.params))

    def under_way(self) -> list[Draw]:
        """Trials that were asked for and not told of: those of a sweep that was stopped."""
        with asked(self._path):
            for one in self._running():
                if not self._distributions.keys() <= one.params.keys():
                    self._finish_drawing(one)
                if one.number not in self._live:
                    self._live[one.number] = Trial(self._study, one._trial_id)
            return [Draw(one.number, self._drawn(one.params)) for one in self._running()]

    def report(self, number: int, epoch: int, value: float) -> bool:
        """Note the value of an epoch; one that is known already, from before a stop, stays.

        Returns: whether the trial is not worth finishing.
        """
        trial = self._live[number]
        with asked(self._path):
            known = self._frozen(number).intermediate_values
            if not math.isfinite(value) or (epoch in known and epoch < max(known)):
                return False
            if epoch not in known:
                trial.report(value, epoch)
            return bool(trial.should_prune())

    def note(self, number: int, **about: Any) -> None:
        """Keep JSON values with a trial under way."""
        with asked(self._path):
            for name, value in about.items():
                self._live[number].set_user_attr(name, value)

    def complete(self, number: int, value: float) -> None:
        self._tell(number, TrialState.COMPLETE, value)

    def prune(self, number: int) -> None:
        self._tell(number, TrialState.PRUNED)

    def fail(self, number: int, reason: str) -> None:
        self.note(number, reason=reason)
        self._tell(number, TrialState.FAIL)

    def trials(self) -> list[Told]:
        """All trials, by number."""
        with asked(self._path):
            found = self._study.get_trials(deepcopy=False)
        return [
            Told(
                number=one.number,
                state=_STATES[one.state],
                drawn=self._drawn(one.params),
                value=one.value if one.state == TrialState.COMPLETE else None,
                epochs=sorted(one.intermediate_values.items()),
                about=one.user_attrs,
            )
            for one in found
            if one.state in _STATES
        ]

    def importance(self) -> dict[str, float] | None:
        """How much each key tells good trials from others (PED-ANOVA, arXiv:2304.10255): shares.

        None where there are fewer than four complete trials, or all are equally good.
        """
        complete = [one for one in self.trials() if one.value is not None]
        if len(complete) < 4 or len({one.value for one in complete}) == 1:
            return None
        make: Any = optuna.importance.PedAnovaImportanceEvaluator
        known = inspect.signature(make).parameters  # its name has changed over the years
        name = "target_quantile" if "target_quantile" in known else "baseline_quantile"
        with asked(self._path):
            evaluator = make(**{name: GOOD})
            found = optuna.importance.get_param_importances(self._study, evaluator=evaluator)
        return {key: float(share) for key, share in found.items()}

    def _draw(self, study: optuna.Study, number: int) -> Trial:
        study.sampler = sampler(self._sweep, number, self._combinations, jobs=self._jobs)
        return study.ask(self._distributions)

    def _finish_drawing(self, trial: FrozenTrial) -> None:
        """Keep the values of a trial of which a full disk, or a kill, left some out.

        They are drawn as they were then: from the trials before it, beside the database.
        """
        beside = optuna.create_study(
            study_name=_NAME, direction=self._study.direction, pruner=pruner(self._sweep.pruning)
        )
        beside.add_trials(self._study.get_trials()[: trial.number])
        drawn = self._draw(beside, trial.number).params
        for key, each in self._distributions.items():
            if key not in trial.params:
                kept = each.to_internal_repr(drawn[key])
                self._study._storage.set_trial_param(trial._trial_id, key, kept, each)

    def _drawn(self, params: Mapping[str, Any]) -> dict[str, Drawn]:
        return {key: params[key] for key in self._distributions if key in params}

    def _running(self) -> list[FrozenTrial]:
        return self._study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))

    def _frozen(self, number: int) -> FrozenTrial:
        return self._study.get_trials(deepcopy=False)[number]

    def _tell(self, number: int, state: TrialState, value: float | None = None) -> None:
        with asked(self._path):
            self._study.tell(number, value, state=state)
        self._live.pop(number, None)
