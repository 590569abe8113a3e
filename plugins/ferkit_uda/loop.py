"""The loop `uda`."""

from __future__ import annotations

from ferkit.plugin import Context
from ferkit.training.consistency import ConsistencyLoop
from ferkit_uda.params import UdaParams


def make_uda(params: UdaParams, context: Context) -> ConsistencyLoop:
    """Factory of the component `uda`: labels from the weak view, learnt on the strong one."""
    return ConsistencyLoop("uda", params, seed=context.seed, learnt="strong", labelled_on="weak")
