"""The enhancer `enlightengan`."""

from __future__ import annotations

from collections.abc import Sequence

from ferkit.plugin import Component, hookimpl


@hookimpl
def ferkit_enhancers() -> Sequence[Component]:
    """EnlightenGAN's generator with the public weights."""
    return [
        Component(
            name="enlightengan",
            summary="EnlightenGAN's generator, an attention-guided U-Net; needs its weights",
            factory="ferkit_enlightengan.enhancer:EnlightenGan",
            params="ferkit_enlightengan.params:EnlightenGanParams",
            source="Jiang et al., arXiv:1906.06972; Kumar et al., section 3.1",
        )
    ]
