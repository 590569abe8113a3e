"""How likely a label is right, from a mixture of two Gaussians on the losses."""

from __future__ import annotations

from ferkit.plugin import Component, hookimpl


@hookimpl
def ferkit_sample_weightings() -> list[Component]:
    """DivideMix's weights."""
    return [
        Component(
            name="gmm",
            summary="weighs samples by how likely their loss is of the group with the low ones",
            factory="ferkit_gmm.weighting:make_gmm",
            params="ferkit_gmm.params:GmmParams",
            source="Li et al., DivideMix, arXiv:2002.07394, section 3.1",
        )
    ]
