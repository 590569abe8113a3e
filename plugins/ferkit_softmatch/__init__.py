"""SoftMatch: weights that fall off below the mean confidence as a normal distribution does."""

from __future__ import annotations

from ferkit.plugin import Component, hookimpl


@hookimpl
def ferkit_sample_weightings() -> list[Component]:
    """The truncated Gaussian."""
    return [
        Component(
            name="softmatch",
            summary="full weight above the mean confidence, less and less below it",
            factory="ferkit_softmatch.softmatch:make_softmatch",
            params="ferkit_softmatch.params:SoftMatchParams",
            source="Chen et al., SoftMatch, arXiv:2301.10921, section 3",
        )
    ]
