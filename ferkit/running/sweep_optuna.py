"""Optuna's parts as a sweep asks for them: distributions, samplers, pruners."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

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
from optuna.trial import FrozenTrial

from ferkit.sweep_section import PruningSection, SweepSection
from ferkit.sweep_space import Dimension, Drawn, Range


def sampler(
    sweep: SweepSection,
    number: int,
    combinations: Sequence[Mapping[str, Drawn]],
    *,
    jobs: int,
) -> BaseSampler:
    """What draws the values of one trial.

    Args:
        number: of the trial; keys its random numbers, with the sweep's seed.
        combinations: of a grid. jobs: trials side by side.
    """
    if sweep.sampler == "grid":
        return InOrder(combinations)
    seed = int(np.random.SeedSequence([sweep.seed, number]).generate_state(1)[0])
    if sweep.sampler == "random":
        return RandomSampler(seed=seed)
    return TPESampler(seed=seed, constant_liar=jobs > 1)


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
