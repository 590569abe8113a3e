"""Distribution alignment: predictions are scaled until their mean is the wanted distribution."""

from __future__ import annotations

from ferkit.plugin import Component, hookimpl


@hookimpl
def ferkit_label_updates() -> list[Component]:
    """The label update, for unlabelled samples."""
    return [
        Component(
            name="distribution_alignment",
            summary="scales predictions until classes are as frequent as they should be",
            factory="ferkit_alignment.distribution_alignment:make_distribution_alignment",
            params="ferkit_alignment.params:DistributionAlignmentParams",
            provides=("split=unlabelled",),
            source="Berthelot et al., ReMixMatch, arXiv:1911.09785, section 3.1",
        )
    ]
