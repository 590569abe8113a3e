"""Three-level attention: over the places of each feature map, over regions, over frames."""

from __future__ import annotations

from ferkit.plugin import Component, hookimpl

PAPER = (
    "Kumar, Rao, Yu, Noisy Student Training using Body Language Dataset Improves Facial "
    "Expression Recognition"
)


@hookimpl
def ferkit_aggregations() -> list[Component]:
    """The attentions of paper B (rows B8 to B12), and what its ablation holds them against."""
    return [
        Component(
            name="spatial_attention",
            summary="over space: learned weighted means of the feature maps of several stages",
            factory="ferkit_attention.spatial_attention:make_spatial_attention",
            params="ferkit_attention.params:SpatialAttentionParams",
            requires=("maps",),
            provides=("slot=space", "penalty"),
            source=f"{PAPER}, eq. 1-2 (B8, B12)",
        ),
        Component(
            name="stage_means",
            summary="over space: plain means of the feature maps of several stages",
            factory="ferkit_attention.stage_means:make_stage_means",
            params="ferkit_attention.params:StageMeansParams",
            requires=("maps",),
            provides=("slot=space",),
            source=f"{PAPER}, table 2 (B24)",
        ),
        Component(
            name="region_attention",
            summary="over regions: mean weighted by a sigmoid gate",
            factory="ferkit_attention.gated_attention:make_region_attention",
            params="ferkit_attention.params:GatedAttentionParams",
            provides=("slot=regions", "linear"),
            source=f"{PAPER}, eq. 3-4 (B9)",
        ),
        Component(
            name="frame_attention",
            summary="over frames: mean weighted by a sigmoid gate",
            factory="ferkit_attention.gated_attention:make_frame_attention",
            params="ferkit_attention.params:GatedAttentionParams",
            provides=("slot=frames", "linear"),
            source=f"{PAPER}, eq. 5-6 (B10)",
        ),
    ]
