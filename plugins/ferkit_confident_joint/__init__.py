"""Which labels are likely wrong, by classes' own confidence thresholds."""

from __future__ import annotations

from ferkit.plugin import Component, hookimpl

SOURCE = "Northcutt et al., Confident Learning, arXiv:1911.00068, eq. 1-2, as cleanlab counts"


@hookimpl
def ferkit_sample_weightings() -> list[Component]:
    """Candidates for errors weigh less, or nothing."""
    return [
        Component(
            name="confident_joint",
            summary="leaves out samples that are confidently of another class than their label",
            factory="ferkit_confident_joint.weighting:make_confident_joint",
            params="ferkit_confident_joint.params:ConfidentJointParams",
            provides=("split=labelled",),
            source=SOURCE,
        )
    ]


@hookimpl
def ferkit_label_updates() -> list[Component]:
    """Candidates for errors are learnt as what they seem to be."""
    return [
        Component(
            name="confident_joint_relabel",
            summary="relabels samples that are confidently of another class than their label",
            factory="ferkit_confident_joint.label_update:make_confident_joint_relabel",
            params="ferkit_confident_joint.params:RelabelParams",
            provides=("split=labelled",),
            source=SOURCE,
        )
    ]
