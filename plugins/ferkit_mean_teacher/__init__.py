"""Mean teacher: the moving average of the network says what it is to answer on another view."""

from __future__ import annotations

from ferkit.plugin import Component, hookimpl


@hookimpl
def ferkit_ssl_loops() -> list[Component]:
    """The loop; it needs no policies."""
    return [
        Component(
            name="mean_teacher",
            summary="learns what a moving average of its weights says on another view",
            factory="ferkit_mean_teacher.loop:make_mean_teacher",
            params="ferkit_mean_teacher.params:MeanTeacherParams",
            requires=("unlabelled",),
            source="Tarvainen and Valpola, Mean teachers, arXiv:1703.01780",
        )
    ]
