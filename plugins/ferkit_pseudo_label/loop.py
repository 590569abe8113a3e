"""The loop `pseudo_label`."""

from __future__ import annotations

from ferkit.plugin import Context
from ferkit.training.consistency import ConsistencyLoop
from ferkit_pseudo_label.params import PseudoLabelParams


def make_pseudo_label(params: PseudoLabelParams, context: Context) -> ConsistencyLoop:
    """Factory of the component `pseudo_label`: what the student says itself is what it learns."""
    return ConsistencyLoop(
        "pseudo_label", params, seed=context.seed, learnt="weak", labelled_on=None
    )
