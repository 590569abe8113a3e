"""Pi-model: two random views of a sample are to be answered alike."""

from __future__ import annotations

from ferkit.plugin import Component, hookimpl


@hookimpl
def ferkit_ssl_loops() -> list[Component]:
    """The loop; it needs no policies."""
    return [
        Component(
            name="pi_model",
            summary="two random views of a sample are to be answered alike",
            factory="ferkit_pi_model.loop:make_pi_model",
            params="ferkit_pi_model.params:PiModelParams",
            requires=("unlabelled",),
            source="Laine and Aila, Temporal Ensembling, arXiv:1610.02242, algorithm 1",
        )
    ]
