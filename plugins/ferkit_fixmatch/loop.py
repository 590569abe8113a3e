"""The loop `fixmatch`."""

from __future__ import annotations

from ferkit.plugin import Context
from ferkit.training.consistency import ConsistencyLoop
from ferkit_fixmatch.params import FixMatchParams


def make_fixmatch(params: FixMatchParams, context: Context) -> ConsistencyLoop:
    """Factory of the component `fixmatch`: labels from the weak view, learnt on the strong one."""
    return ConsistencyLoop(
        "fixmatch", params, seed=context.seed, learnt="strong", labelled_on="weak"
    )
