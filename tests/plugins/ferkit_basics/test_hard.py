"""The label update `hard` (B16)."""

from __future__ import annotations

import torch
from ferkit_basics.hard import HardTargets, hard_labels

from ferkit.contracts.policies import Progress
from ferkit.training.job import PolicyChain
from ferkit.training.policies import SplitPolicies


def test_the_likeliest_class_and_equal_ones_share() -> None:
    target = torch.tensor([[0.2, 0.5, 0.3], [0.4, 0.4, 0.2], [1 / 3, 1 / 3, 1 / 3]])
    third = torch.full((3,), 1 / 3)
    expected = torch.stack([torch.tensor([0.0, 1, 0]), torch.tensor([0.5, 0.5, 0]), third])
    torch.testing.assert_close(hard_labels(target), expected)


def test_on_the_unlabelled_split_predictions_become_hard() -> None:
    policies = SplitPolicies(
        "unlabelled",
        PolicyChain([HardTargets()]),
        given=torch.full((2,), -1),
        given_probs=torch.zeros(2, 2),
        device=torch.device("cpu"),
    )
    progress = Progress("student1", 1, 0, 1, 0, 1, ())
    policies.begin(progress, adaptive=True)
    policies.act(policies.beliefs(torch.tensor([[0.6, 0.4], [0.1, 0.9]])), progress, {"epoch"})
    assert policies.targets.tolist() == [[1, 0], [0, 1]]
