"""MixMatch: samples and their targets are mixed, across both splits."""

from __future__ import annotations

from ferkit.plugin import Component, hookimpl


@hookimpl
def ferkit_ssl_loops() -> list[Component]:
    """The loop, with sharpened targets."""
    return [
        Component(
            name="mixmatch",
            summary="learns mixtures of samples and of their targets, across both splits",
            factory="ferkit_mixmatch.loop:make_mixmatch",
            params="ferkit_mixmatch.params:MixMatchParams",
            requires=("unlabelled",),
            source="Berthelot et al., MixMatch, arXiv:1905.02249, algorithm 1",
            policies={"unlabelled.label_updates": [{"use": "sharpen", "temperature": 0.5}]},
        )
    ]
