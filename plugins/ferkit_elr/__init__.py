"""ELR: what was said of a sample early on is held against learning a wrong label by heart."""

from __future__ import annotations

from ferkit.plugin import Component, hookimpl


@hookimpl
def ferkit_sample_weightings() -> list[Component]:
    """A penalty; all samples count the same."""
    return [
        Component(
            name="elr",
            summary="draws each sample's prediction towards the mean of its earlier ones",
            factory="ferkit_elr.weighting:make_elr",
            params="ferkit_elr.params:ElrParams",
            source="Liu et al., Early-Learning Regularization, arXiv:2007.00151, section 4",
        )
    ]
