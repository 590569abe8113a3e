"""What a policy or a loop learns besides the network."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from ferkit_basics.params import SupervisedParams
from ferkit_basics.supervised import SupervisedLoop
from torch import nn

from ferkit.contracts.policies import Weights
from ferkit.contracts.training import Phase
from ferkit.testing.tiny import tiny_job, tiny_split
from ferkit.training.job import PolicyChain, TrainingJob
from ferkit.training.trainer import train


class Attending:
    """Scales logits by a layer of its own."""

    every = "step"

    def __init__(self) -> None:
        self.module: nn.Linear | None = None
        self.made: list[torch.Tensor] = []
        self.steps = 0
        self.stop_at: int | None = None

    def make_module(self, dim: int, classes: int) -> nn.Module:
        self.module = nn.Linear(dim, 1)
        self.made.append(self.module.weight.detach().clone())
        return self.module

    def scale_logits(self, features):
        return self.module(features).sigmoid().flatten()

    def weigh(self, beliefs, targets, progress):
        self.steps += 1
        if self.steps == self.stop_at:
            raise KeyboardInterrupt
        return Weights(torch.ones(len(targets)), torch.zeros(()))


class Twice(SupervisedLoop):
    """Two phases."""

    def __init__(self, start: str) -> None:
        super().__init__(SupervisedParams(epochs=2, patience=None, keep="last"))
        self.start = start

    def phases(self):
        first = self.phase._replace(adaptive=True)
        return first, first._replace(name="second", start=self.start, round=1)


def job(folder: Path, policy: Attending, start: str = "previous") -> TrainingJob:
    return tiny_job(
        Twice(start),
        folder,
        labelled=tiny_split(9),
        labelled_policies=PolicyChain((), (policy,)),
    )


@pytest.mark.parametrize(("start", "times"), [("previous", 1), ("fresh", 2)])
def test_it_is_trained_and_starts_anew_with_the_network(start, times, tmp_path: Path) -> None:
    policy = Attending()
    train(job(tmp_path, policy, start))
    assert len(policy.made) == times
    assert not torch.equal(policy.module.weight, policy.made[-1])
    if times == 2:
        assert not torch.equal(*policy.made)


@pytest.mark.parametrize("stop_at", [2, 5])
def test_a_resumed_training_ends_alike(stop_at: int, tmp_path: Path) -> None:
    whole = Attending()
    expected = train(job(tmp_path / "whole", whole))
    stopped = Attending()
    stopped.stop_at = stop_at
    with pytest.raises(KeyboardInterrupt):
        train(job(tmp_path / "stopped", stopped))
    resumed = Attending()
    found = train(job(tmp_path / "stopped", resumed), resume=True)
    assert torch.equal(resumed.module.weight, whole.module.weight)
    assert torch.equal(found.model.head.weight, expected.model.head.weight)


def test_phases_name_no_average_by_default() -> None:
    assert Phase(name="x", epochs=1).average is None
