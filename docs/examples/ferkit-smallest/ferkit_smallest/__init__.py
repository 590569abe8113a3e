"""The smallest plugin: one sample weighting."""

from ferkit.plugin import Component, hookimpl


@hookimpl
def ferkit_sample_weightings() -> list[Component]:
    return [
        Component(
            name="balanced",
            summary="every class counts the same in sum, however many samples it has",
            factory="ferkit_smallest.balanced:Balanced",
        )
    ]
