"""Ada-CM: a confidence margin per class, and contrastive learning of the samples below it."""

from __future__ import annotations

from ferkit.plugin import Component, hookimpl

PAPER = (
    "Li et al., Towards Semi-Supervised Deep Facial Expression Recognition with An Adaptive "
    "Confidence Margin, CVPR 2022"
)


@hookimpl
def ferkit_sample_weightings() -> list[Component]:
    """The adaptive confidence margin."""
    return [
        Component(
            name="ada_cm",
            summary="a threshold per class, from labelled samples that are predicted rightly",
            factory="ferkit_ada_cm.margin:make_margin",
            params="ferkit_ada_cm.params:MarginParams",
            provides=("split=unlabelled",),
            source=PAPER,
        )
    ]


@hookimpl
def ferkit_ssl_loops() -> list[Component]:
    """The loop, with hard labels and that weighting."""
    return [
        Component(
            name="ada_cm",
            summary="learns sure samples on strong views, contrasts two weak views of the others",
            factory="ferkit_ada_cm.loop:make_ada_cm",
            params="ferkit_ada_cm.params:AdaCmParams",
            requires=("unlabelled",),
            source=PAPER,
            policies={
                "unlabelled.label_updates": ["hard"],
                "unlabelled.weightings": ["ada_cm"],
            },
        )
    ]
