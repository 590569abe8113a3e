"""The loop `mean_teacher`."""

from __future__ import annotations

from ferkit.plugin import Context
from ferkit.training.consistency import ConsistencyLoop
from ferkit_mean_teacher.params import MeanTeacherParams


def make_mean_teacher(params: MeanTeacherParams, context: Context) -> ConsistencyLoop:
    """Factory of the component `mean_teacher`: squared differences from a moving average."""
    return ConsistencyLoop(
        "mean_teacher",
        params,
        seed=context.seed,
        learnt=params.learnt,
        labelled_on="weak2",
        teacher="ema",
        loss="squared",
        labelled_too=params.labelled_too,
    )
