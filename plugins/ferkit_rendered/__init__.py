"""Faces drawn from a seed: a labelled data set without a file."""

from __future__ import annotations

from ferkit.plugin import Component, hookimpl


@hookimpl
def ferkit_datasets() -> list[Component]:
    return [
        Component(
            name="rendered",
            summary="faces drawn from a seed, stills or clips, with the whole ground truth",
            factory="ferkit_rendered.dataset:RenderedDataset",
            params="ferkit_rendered.params:RenderedParams",
            source="own renderer; action units by the EMFACS prototypes",
        )
    ]
