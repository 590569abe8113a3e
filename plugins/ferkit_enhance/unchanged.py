"""`none`: images as they are, for recipes that say so."""

from __future__ import annotations

from torch import Tensor

from ferkit.plugin import Context, NoParams


class Unchanged:
    """The enhancer `none`."""

    changes_nothing = True

    def __init__(self, params: NoParams, context: Context) -> None:
        pass

    def __call__(self, images: Tensor) -> Tensor:
        """(B, 3, H, W) float in [0, 1] -> the same tensor."""
        return images
