"""FAN: which frames of a clip count, each looked at alone and beside the whole clip."""

from __future__ import annotations

from ferkit.plugin import Component, hookimpl


@hookimpl
def ferkit_aggregations() -> list[Component]:
    """Frame attention, both published forms."""
    return [
        Component(
            name="fan",
            summary="over frames: weighted by a gate on each, and one beside their weighted mean",
            factory="ferkit_fan.aggregation:make_fan",
            params="ferkit_fan.params:FanParams",
            provides=("slot=frames",),
            source="Meng et al., Frame Attention Networks, arXiv:1907.00193, section 2.2",
        )
    ]
