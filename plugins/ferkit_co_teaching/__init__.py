"""Co-teaching: two networks, each trained on the samples that the other finds easiest."""

from __future__ import annotations

from ferkit.plugin import Component, hookimpl


@hookimpl
def ferkit_ssl_loops() -> list[Component]:
    """The loop, on the labelled samples."""
    return [
        Component(
            name="co_teaching",
            summary="two networks, each learns the samples of the other's smallest losses",
            factory="ferkit_co_teaching.loop:make_co_teaching",
            params="ferkit_co_teaching.params:CoTeachingParams",
            source="Han et al., Co-teaching, arXiv:1804.06872, algorithm 1",
        )
    ]
