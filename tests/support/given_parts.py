"""Components that a test names or chooses."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ferkit.catalogue import catalogue
from ferkit.contracts.policies import Beliefs, Progress, Weights
from ferkit.plugin import Context, Kind
from ferkit.plugins import load
from ferkit.recipe_models import pick_model
from ferkit.testing.tiny import CLASSES

KNOWN = catalogue(load())


def built(kind: Kind, name: str, **params: Any) -> Any:
    """An installed component as a recipe would make it, for the classes of a tiny split."""
    chosen = pick_model(KNOWN, kind, name)(use=name, **params)
    return KNOWN.build(kind, chosen, Context(seed=1, classes=CLASSES))


class GivenWeighting:
    """Weights, and factors of the logits, that a test chooses."""

    every = "step"

    def __init__(self, weight: Tensor, scale: Tensor | None = None) -> None:
        self.weight, self.scale = weight, scale

    def weigh(self, beliefs: Beliefs, targets: Tensor, progress: Progress) -> Weights:
        return Weights(self.weight, torch.zeros(()), self.scale)
