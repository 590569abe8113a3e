"""The video reader `pyav`."""

from __future__ import annotations

from collections.abc import Sequence

from ferkit.plugin import Component, hookimpl


@hookimpl
def ferkit_video_readers() -> Sequence[Component]:
    """Videos through PyAV."""
    return [
        Component(
            name="pyav",
            summary="PyAV (FFmpeg): every container that FFmpeg knows; extra ferkit[pyav]",
            factory="ferkit_pyav.reader:PyAVReader",
            params="ferkit_pyav.params:PyAVParams",
            source="https://github.com/PyAV-Org/PyAV",
        )
    ]
