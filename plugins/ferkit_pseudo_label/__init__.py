"""Pseudo-label: the network's own likeliest classes are learnt as if they were true."""

from __future__ import annotations

from ferkit.plugin import Component, hookimpl


@hookimpl
def ferkit_ssl_loops() -> list[Component]:
    """The loop, with hard labels and a threshold."""
    return [
        Component(
            name="pseudo_label",
            summary="learns its own likeliest classes of the unlabelled samples",
            factory="ferkit_pseudo_label.loop:make_pseudo_label",
            params="ferkit_pseudo_label.params:PseudoLabelParams",
            requires=("unlabelled",),
            source="Lee, Pseudo-Label, ICML workshop 2013, eq. 14 to 16",
            policies={
                "unlabelled.label_updates": ["hard"],
                "unlabelled.weightings": [{"use": "confidence", "threshold": 0.95}],
            },
        )
    ]
