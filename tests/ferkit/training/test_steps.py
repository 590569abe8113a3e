"""What steps of several loops share, on given outputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch.nn.functional import cross_entropy

from ferkit.contracts.training import Phase, Split, StepResult
from ferkit.testing.given_step import given_step
from ferkit.training.steps import label_joined, mean_over_both


class All:
    """A loop whose step is the mean over both splits."""

    views: Mapping[Split, tuple[str, ...]] = {"labelled": ("weak",), "unlabelled": ("strong",)}
    networks = 1

    def phases(self) -> Sequence[Phase]:
        return (Phase("all", 1),)

    def step(self, batch, parts) -> StepResult:
        return mean_over_both(batch, parts, probs="student")


def test_a_mean_over_all_samples_alike() -> None:
    generator = torch.Generator().manual_seed(1)
    logits = {
        "labelled.weak": torch.randn(2, 3, generator=generator),
        "unlabelled.strong": torch.randn(4, 3, generator=generator),
    }
    given = torch.tensor([2, 0])
    found = given_step(All(), given=given, logits=logits)
    mine = zip(logits["labelled.weak"], given, strict=True)
    losses = [cross_entropy(one[None], label[None]) for one, label in mine]
    for one in logits["unlabelled.strong"]:  # their own prediction is their target
        p = one.softmax(-1)
        losses.append(-(p * p.log()).sum())
    torch.testing.assert_close(found.loss, torch.stack(losses).mean(), rtol=0, atol=1e-6)


def test_a_split_without_samples_counts_nothing() -> None:
    logits = {"labelled.weak": torch.zeros(2, 3)}
    found = given_step(All(), given=torch.tensor([2, 0]), logits=logits)
    torch.testing.assert_close(found.loss, torch.tensor(3.0).log())


def test_no_clips_no_labels() -> None:
    assert label_joined(None, {}) == {}
