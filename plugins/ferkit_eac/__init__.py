"""Erasing attention consistency (EAC): class maps of a mirrored image are mirror images."""

from __future__ import annotations

from ferkit.plugin import Component, hookimpl


@hookimpl
def ferkit_ssl_loops() -> list[Component]:
    """The loop, on the labelled samples."""
    return [
        Component(
            name="eac",
            summary="holds the class maps of erased images and of their mirror images together",
            factory="ferkit_eac.loop:make_eac",
            params="ferkit_eac.params:EacParams",
            requires=("class_maps",),
            source="Zhang et al., Learn From All: Erasing Attention Consistency, arXiv:2207.10299",
        )
    ]
