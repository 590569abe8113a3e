"""FixMatch: what is predicted surely on a weak view is learnt on a strong one."""

from __future__ import annotations

from ferkit.plugin import Component, hookimpl


@hookimpl
def ferkit_ssl_loops() -> list[Component]:
    """The loop, with hard labels and a threshold."""
    return [
        Component(
            name="fixmatch",
            summary="learns on strong views what it predicts surely on weak ones",
            factory="ferkit_fixmatch.loop:make_fixmatch",
            params="ferkit_fixmatch.params:FixMatchParams",
            requires=("unlabelled",),
            source="Sohn et al., FixMatch, arXiv:2001.07685",
            policies={
                "unlabelled.label_updates": ["hard"],
                "unlabelled.weightings": [{"use": "confidence", "threshold": 0.95}],
            },
        )
    ]
