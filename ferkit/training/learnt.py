"""What policies and a loop learn besides the network, such as an attention over samples."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from ferkit.training.devices import seed_device
from ferkit.training.job import TrainingJob


class Learnt:
    """The modules of a training, by the name of who learns them.

    Args:
        job: what is trained.
        seed: of a module's first weights, by the round and that name.
    """

    def __init__(self, job: TrainingJob, *, seed: Callable[[int, str], int]) -> None:
        self._classes, self._seed = len(job.classes), seed
        parts: dict[str, Any] = {"loop": job.loop}
        chains = {"labelled": job.labelled_policies, "unlabelled": job.unlabelled_policies}
        for split, chain in chains.items():
            for place, update in enumerate(chain.label_updates):
                parts[f"{split}_update{place}"] = update
            for place, weighting in enumerate(chain.weightings):
                parts[f"{split}_weighting{place}"] = weighting
        self._parts = {k: part for k, part in parts.items() if hasattr(part, "make_module")}
        self.modules: dict[str, nn.Module] = {}

    def begin(self, round_: int, *, dim: int, goes_on: bool) -> dict[str, nn.Module]:
        """The modules of a phase that begins. Changes torch's global generator.

        Args:
            round_: of the phase. dim: D of the features of its network.
            goes_on: whether its networks go on with the weights of the phase before.
        """
        if not (goes_on and self.modules):
            for name, part in self._parts.items():
                seed_device(self._seed(round_, name), torch.device("cpu"))
                self.modules[name] = part.make_module(dim, self._classes)
        return self.modules
