"""SELC: from given labels to the mean of predictions, sample by sample."""

from __future__ import annotations

from ferkit.plugin import Component, hookimpl


@hookimpl
def ferkit_label_updates() -> list[Component]:
    """Labels that move with what is predicted."""
    return [
        Component(
            name="selc",
            summary="after some epochs, moves each label towards what is predicted of its sample",
            factory="ferkit_selc.label_update:make_selc",
            params="ferkit_selc.params:SelcParams",
            source="Lu and He, SELC, arXiv:2205.01156",
        )
    ]
