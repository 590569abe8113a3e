"""The sample weighting `scn`."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from ferkit.contracts.policies import Beliefs, Cadence, Progress, Weights
from ferkit.plugin import Context
from ferkit_scn.params import ScnParams


def ranked_means(attention: Tensor, top_share: float) -> tuple[Tensor, Tensor] | None:
    """Mean of the largest values, and of the others.

    Args:
        attention: (n,). top_share: the whole part of this share of n are the largest.
    Returns: two of (), or None where one of the groups is empty.
    """
    top = int(top_share * len(attention))
    if not 0 < top < len(attention):
        return None
    ranked = attention.sort(descending=True).values
    return ranked[:top].mean(), ranked[top:].mean()


def rank_regularisation(high: Tensor, low: Tensor, margin: Tensor | float) -> Tensor:
    """max(0, margin - (high - low)).

    Args:
        high, low: () of `ranked_means`.
    Source: Wang et al. (arXiv:2002.10392), section 3, rank regularisation.
    """
    return (margin - (high - low)).clamp(min=0)


class Attention(nn.Module):
    """sigmoid(w.x + b), one number per sample, and the margin where it is learnt.

    Args:
        dim: D.
        margin: that a learnt one starts from; None: it is not learnt.
    """

    def __init__(self, dim: int, margin: float | None) -> None:
        super().__init__()
        self.layer = nn.Linear(dim, 1)
        self.margin = None if margin is None else nn.Parameter(torch.tensor(margin))

    def forward(self, features: Tensor) -> Tensor:
        """(n, D) -> (n,) float32 in (0, 1)."""
        scores: Tensor = self.layer(features)
        return scores.float().sigmoid().flatten()


class ScnWeighting:
    """A factor of each sample's logits that its features say, and a penalty that ranks it.

    All weights are 1: a sample with little attention counts less because its scaled logits say
    less. Without the student's features it does nothing.
    """

    every: Cadence = "step"

    def __init__(self, params: ScnParams) -> None:
        self.params = params
        self._attention: Attention | None = None
        self._told: dict[str, Tensor | float] = {}

    def make_module(self, dim: int, classes: int) -> nn.Module:
        """The attention, with fresh weights."""
        margin = self.params.margin if self.params.learn_margin else None
        self._attention = Attention(dim, margin)
        return self._attention

    def scale_logits(self, features: Tensor) -> Tensor:
        """(n, D) -> (n,): the attention."""
        assert self._attention is not None
        attention: Tensor = self._attention(features)
        return attention

    def weigh(self, beliefs: Beliefs, targets: Tensor, progress: Progress) -> Weights:
        """Ones, and the rank regularisation of the step's samples."""
        ones = targets.new_ones(len(targets))
        if beliefs.student_features is None or self._attention is None or not len(ones):
            self._told = {}
            return Weights(ones, ones.new_zeros(()))
        own = self._attention.margin
        margin = self.params.margin if own is None else own
        attention = self.scale_logits(beliefs.student_features)
        penalty = attention.new_zeros(())
        self._told = {"attention": attention.detach().mean()}
        groups = ranked_means(attention, self.params.top_share)
        if groups is not None:
            penalty = self.params.factor * rank_regularisation(*groups, margin)
            self._told["attention_gap"] = (groups[0] - groups[1]).detach()
        if own is not None:
            self._told["margin"] = own.detach().clone()
        return Weights(ones, penalty)

    def scalars(self) -> Mapping[str, Tensor | float]:
        """`attention`: mean over the step's samples; `attention_gap`: between the means of both
        groups; `margin` where it is learnt."""
        return self._told


def make_scn(params: ScnParams, context: Context) -> ScnWeighting:
    """Factory of the component `scn`."""
    return ScnWeighting(params)
