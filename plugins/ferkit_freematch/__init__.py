"""FreeMatch: thresholds that follow how sure the predictions are, and a penalty for unfair ones."""

from __future__ import annotations

from ferkit.plugin import Component, hookimpl


@hookimpl
def ferkit_sample_weightings() -> list[Component]:
    """Self-adaptive thresholds with the fairness penalty."""
    return [
        Component(
            name="freematch",
            summary="thresholds that follow the mean confidence, by class; penalises unfairness",
            factory="ferkit_freematch.freematch:make_freematch",
            params="ferkit_freematch.params:FreeMatchParams",
            source="Wang et al., FreeMatch, arXiv:2205.07246, section 4",
        )
    ]
