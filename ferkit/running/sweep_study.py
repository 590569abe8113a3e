"""What a sweep asks Optuna for: which values come next, and which trials are not worth finishing.

All of it stands in `sweep.db`, so that a sweep goes on after a kill. Every trial is drawn with
random numbers of its own, keyed by the sweep's seed and the trial's number: which trials come
after a stop does not depend on the stop.
"""

from __future__ import annotations

import inspect
import math
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.pruners import BasePruner, HyperbandPruner, MedianPruner, NopPruner
from optuna.samplers import BaseSampler, RandomSampler, TPESampler
from optuna.trial import FrozenTrial, Trial, TrialState

from ferkit.errors import FerkitError
from ferkit.sweep_section import PruningSection, SweepSection
from ferkit.sweep_space import Dimension, Drawn, Range, grid

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

    Args:
        folder: of the sweep; `sweep.db` in it is made if it is not there.
        sweep, space: of the recipe.
        jobs: trials side by side.
    Raises: FerkitError: `sweep.db` is no database of a sweep.
    """

    def __init__(
        self, folder: Path, sweep: SweepSection, space: Mapping[str, Dimension], *, jobs: int
    ) -> None:
        self._sweep = sweep
        self._distributions = {key: distribution(each) for key, each in space.items()}
        self._combinations = grid(space) if sweep.sampler == "grid" else []
        self._jobs = jobs
        self._live: dict[int, Trial] = {}
        with _quiet(), _told_plainly(folder / DATABASE):
            self._study = optuna.create_study(
                storage=optuna.storages.RDBStorage(
                    f"sqlite:///{(folder / DATABASE).absolute()}",
                    engine_kwargs={"connect_args": {"timeout": 60}},
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
        number = len(self._study.get_trials(deepcopy=False))
        with _quiet():
            self._study.sampler = self._sampler(number)
            trial = self._study.ask(self._distributions)
        self._live[trial.number] = trial
        return Draw(trial.number, self._drawn(trial.params))

    def under_way(self) -> list[Draw]:
        """Trials that were asked for and not told of: those of a sweep that was stopped."""
        frozen = self._study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
        for one in frozen:
            if one.number not in self._live:
                self._live[one.number] = Trial(self._study, one._trial_id)
        return [Draw(one.number, self._drawn(one.params)) for one in frozen]

    def report(self, number: int, epoch: int, value: float) -> bool:
        """Note the value of an epoch; one that is known already changes nothing.

        Returns: whether the trial is not worth finishing.
        """
        trial = self._live[number]
        known = self._frozen(number).intermediate_values
        if epoch in known or not math.isfinite(value):
            return False
        with _quiet():
            trial.report(value, epoch)
            return bool(trial.should_prune())

    def note(self, number: int, **about: Any) -> None:
        """Keep JSON values with a trial under way."""
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
        return [
            Told(
                number=one.number,
                state=_STATES[one.state],
                drawn=self._drawn(one.params),
                value=one.value if one.state == TrialState.COMPLETE else None,
                epochs=sorted(one.intermediate_values.items()),
                about=one.user_attrs,
            )
            for one in self._study.get_trials(deepcopy=False)
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
        with _quiet():
            evaluator = make(**{name: GOOD})
            found = optuna.importance.get_param_importances(self._study, evaluator=evaluator)
        return {key: float(share) for key, share in found.items()}

    def _sampler(self, number: int) -> BaseSampler:
        if self._sweep.sampler == "grid":
            return InOrder(self._combinations)
        seed = int(np.random.SeedSequence([self._sweep.seed, number]).generate_state(1)[0])
        if self._sweep.sampler == "random":
            return RandomSampler(seed=seed)
        return TPESampler(seed=seed, constant_liar=self._jobs > 1)

    def _drawn(self, params: Mapping[str, Any]) -> dict[str, Drawn]:
        return {key: params[key] for key in self._distributions if key in params}

    def _frozen(self, number: int) -> FrozenTrial:
        return self._study.get_trials(deepcopy=False)[number]

    def _tell(self, number: int, state: TrialState, value: float | None = None) -> None:
        with _quiet():
            self._study.tell(number, value, state=state)
        self._live.pop(number, None)


class InOrder(BaseSampler):
    """Gives trial n the n-th of some combinations.

    Args:
        combinations: of all keys.
    """

    def __init__(self, combinations: Sequence[Mapping[str, Drawn]]) -> None:
        self._combinations = combinations

    def infer_relative_search_space(
        self, study: optuna.Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        return {}

    def sample_relative(
        self,
        study: optuna.Study,
        trial: FrozenTrial,
        search_space: dict[str, BaseDistribution],
    ) -> dict[str, Any]:
        return {}

    def sample_independent(
        self,
        study: optuna.Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Drawn:
        return self._combinations[trial.number % len(self._combinations)][param_name]


def distribution(of: Dimension) -> BaseDistribution:
    """A dimension in Optuna's words."""
    if not isinstance(of, Range):
        return CategoricalDistribution(list(of.values))
    if of.whole:
        step = 1 if of.step is None else round(of.step)
        return IntDistribution(round(of.low), round(of.top), log=of.log, step=step)
    return FloatDistribution(float(of.low), float(of.top), log=of.log, step=of.step)


def pruner(section: PruningSection) -> BasePruner:
    """What ends trials early."""
    if section.by == "median":
        return MedianPruner(
            n_startup_trials=section.startup_trials,
            n_warmup_steps=section.warmup_epochs,
            interval_steps=section.every,
        )
    if section.by == "hyperband":
        return HyperbandPruner(
            min_resource=section.warmup_epochs,
            max_resource="auto" if section.epochs is None else section.epochs,
            reduction_factor=section.reduction,
        )
    return NopPruner()


@contextmanager
def _quiet() -> Iterator[None]:
    """Without Optuna's messages on every trial and on what it calls experimental."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        optuna.logging.set_verbosity(before)


@contextmanager
def _told_plainly(path: Path) -> Iterator[None]:
    """Errors of the database in one line."""
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (SQLAlchemyError, RuntimeError) as error:
        reason = str(getattr(error, "orig", None) or error).splitlines()[0]
        raise FerkitError(
            f"can't be used as the database of a sweep ({reason}).",
            where=str(path),
            hint="Begin the sweep anew in another folder.",
        ) from error
