"""Self-cure network (SCN): an attention over samples, and labels that it corrects."""

from __future__ import annotations

from ferkit.plugin import Component, hookimpl

PAPER = "Wang et al., SCN, arXiv:2002.10392"


@hookimpl
def ferkit_sample_weightings() -> list[Component]:
    """The attention, ranked."""
    return [
        Component(
            name="scn",
            summary="scales logits by a learnt attention, ranked so that it tells samples apart",
            factory="ferkit_scn.weighting:make_scn",
            params="ferkit_scn.params:ScnParams",
            source=f"{PAPER}, section 3",
        )
    ]


@hookimpl
def ferkit_label_updates() -> list[Component]:
    """The relabelling."""
    return [
        Component(
            name="scn_relabel",
            summary="gives a sample the predicted class once its label is clearly less likely",
            factory="ferkit_scn.label_update:make_scn_relabel",
            params="ferkit_scn.params:ScnRelabelParams",
            source=f"{PAPER}, section 3",
        )
    ]
