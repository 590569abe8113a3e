"""What the validation split says of a network."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor

from ferkit.contracts.policies import Progress
from ferkit.training.losses import cross_entropy_of_probs
from ferkit.training.policies import SplitPolicies


class Validation(NamedTuple):
    """loss: mean cross-entropy, unweighted. accuracy: in [0, 1], of samples with a label."""

    loss: float
    accuracy: float | None


def start_targets(policies: SplitPolicies) -> Tensor | None:
    """What `start` updates make of a split's labels: (N, K) on the CPU (A10).

    Args:
        policies: of this split, the updates that act at the start alone.
    """
    policies.begin(Progress("", 0, 0, 0, 0, 0, ()), adaptive=False)
    return None if policies.targets is None else policies.targets.cpu()


def measure(probs: Tensor, targets: Tensor, given: Tensor) -> Validation:
    """Loss against the targets, and accuracy against the labels.

    Args:
        probs, targets: (N, K). given: (N,) int64 labels, -1 where there is none.
    """
    loss = cross_entropy_of_probs(probs, targets).double().mean()
    labelled = given >= 0
    right = probs.argmax(-1) == given
    accuracy = right[labelled].double().mean().item() if bool(labelled.any()) else None
    return Validation(loss.item(), accuracy)
