"""The video reader `decord`."""

from __future__ import annotations

from collections.abc import Sequence

from ferkit.plugin import Component, hookimpl


@hookimpl
def ferkit_video_readers() -> Sequence[Component]:
    """Videos through decord."""
    return [
        Component(
            name="decord",
            summary="decord (FFmpeg): exactly the frames asked for",
            factory="ferkit_decord.reader:DecordReader",
            params="ferkit_decord.params:DecordParams",
            source="https://github.com/dmlc/decord",
        )
    ]
