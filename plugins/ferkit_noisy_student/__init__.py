"""Noisy student (paper B): rounds of a clean teacher and a student trained under noise."""

from __future__ import annotations

from ferkit.plugin import Component, hookimpl

PAPER = (
    'Kumar, Rao, Yu, "Noisy Student Training using Body Language Dataset Improves Facial '
    'Expression Recognition"'
)


@hookimpl
def ferkit_ssl_loops() -> list[Component]:
    """A teacher, then students that learn its labels under noise and become teachers."""
    return [
        Component(
            name="noisy_student",
            summary="students learn a teacher's labels under noise, and become teachers in turn",
            factory="ferkit_noisy_student.noisy_student:make_noisy_student",
            params="ferkit_noisy_student.params:NoisyStudentParams",
            requires=("unlabelled",),
            source=f"{PAPER}, section 4.2 (B16-B20)",
        )
    ]
