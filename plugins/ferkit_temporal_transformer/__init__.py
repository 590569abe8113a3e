"""A small transformer over the frames of a clip."""

from __future__ import annotations

from ferkit.plugin import Component, hookimpl


@hookimpl
def ferkit_aggregations() -> list[Component]:
    """The encoder."""
    return [
        Component(
            name="temporal_transformer",
            summary="over frames: a small transformer, read at a class token or as a mean",
            factory="ferkit_temporal_transformer.aggregation:make_temporal_transformer",
            params="ferkit_temporal_transformer.params:TemporalTransformerParams",
            provides=("slot=frames",),
            source="Vaswani et al., arXiv:1706.03762; layers and token as in arXiv:2010.11929",
        )
    ]
