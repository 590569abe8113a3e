"""FlexMatch: a threshold for each class, lower for those that are seldom predicted surely."""

from __future__ import annotations

from ferkit.plugin import Component, hookimpl


@hookimpl
def ferkit_sample_weightings() -> list[Component]:
    """Curriculum pseudo-labelling."""
    return [
        Component(
            name="flexmatch",
            summary="a threshold per class, lower where fewer samples are predicted surely",
            factory="ferkit_flexmatch.flexmatch:make_flexmatch",
            params="ferkit_flexmatch.params:FlexMatchParams",
            source="Zhang et al., FlexMatch, arXiv:2110.08263, section 3",
        )
    ]
