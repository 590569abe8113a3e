"""The loop `pi_model`."""

from __future__ import annotations

from ferkit.plugin import Context
from ferkit.training.consistency import ConsistencyLoop
from ferkit_pi_model.params import PiModelParams


def make_pi_model(params: PiModelParams, context: Context) -> ConsistencyLoop:
    """Factory of the component `pi_model`: squared differences, gradients through both views."""
    return ConsistencyLoop(
        "pi_model",
        params,
        seed=context.seed,
        learnt=params.learnt,
        labelled_on="weak2",
        loss="squared",
        both_ways=True,
        labelled_too=params.labelled_too,
    )
