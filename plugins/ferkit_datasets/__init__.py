"""Public data sets of facial expressions, read as they are distributed."""

from __future__ import annotations

from ferkit.plugin import Component, hookimpl


@hookimpl
def ferkit_datasets() -> list[Component]:
    """Every one reads the distributed layout and maps classes by their names."""
    return [
        Component(
            name="raf_db",
            summary="RAF-DB, basic emotions: 12271 and 3068 photographs",
            factory="ferkit_datasets.raf_db:make_raf_db",
            params="ferkit_datasets.params:RafDbParams",
            source="Li, Deng, Du (2017); row A18",
        ),
    ]
