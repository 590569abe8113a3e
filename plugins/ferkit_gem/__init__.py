"""Generalised-mean pooling: between the mean of a map and its maximum."""

from __future__ import annotations

from ferkit.plugin import Component, hookimpl


@hookimpl
def ferkit_aggregations() -> list[Component]:
    """GeM."""
    return [
        Component(
            name="gem",
            summary="over space: generalised mean of the last feature map, with a learnt power",
            factory="ferkit_gem.aggregation:make_gem",
            params="ferkit_gem.params:GemParams",
            requires=("maps",),
            provides=("slot=space",),
            source="Radenovic et al., arXiv:1711.02512, eq. 3",
        )
    ]
