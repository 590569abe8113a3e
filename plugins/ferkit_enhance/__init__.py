"""The enhancers that need no weights: `clahe`, `gamma` and `none`."""

from __future__ import annotations

from collections.abc import Sequence

from ferkit.plugin import Component, hookimpl


@hookimpl
def ferkit_enhancers() -> Sequence[Component]:
    """Enhancers that need no weights."""
    return [
        Component(
            name="clahe",
            summary="contrast-limited adaptive histogram equalisation of the lightness",
            factory="ferkit_enhance.clahe:Clahe",
            params="ferkit_enhance.params:ClaheParams",
            source="Zuiderveld, Graphics Gems IV (1994), as in kornia",
        ),
        Component(
            name="gamma",
            summary="one exponent per image, so that its median brightness comes to a target",
            factory="ferkit_enhance.gamma:Gamma",
            params="ferkit_enhance.params:GammaParams",
        ),
        Component(
            name="none",
            summary="images as they are",
            factory="ferkit_enhance.unchanged:Unchanged",
        ),
    ]
