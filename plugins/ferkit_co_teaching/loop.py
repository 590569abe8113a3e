"""The loop `co_teaching`."""

from __future__ import annotations

import torch

from ferkit.contracts.training import Batch, Decision, Parts, StepResult
from ferkit.plugin import Context
from ferkit.training.labelled import LabelledLoop
from ferkit.training.losses import soft_cross_entropy, weighted_cross_entropy
from ferkit_co_teaching.equations import kept_count, kept_share, smallest
from ferkit_co_teaching.params import CoTeachingParams

VIEWS = {"shared": ("weak", "weak"), "own": ("weak", "weak2")}
"""What each of the two networks sees."""


class CoTeachingLoop(LabelledLoop):
    """Two networks side by side; the first is the one that is validated and handed on.

    Policies of the recipe are told what the first network says, and their targets and weights are
    those of both. A factor of the logits, which a policy reads off the first network's features, is
    of that network alone.
    """

    def __init__(self, params: CoTeachingParams) -> None:
        shown = VIEWS[params.views]
        super().__init__("co_teaching", params, views=tuple(dict.fromkeys(shown)), networks=2)
        self.params, self.shown = params, shown

    def step(self, batch: Batch, parts: Parts) -> StepResult:
        """The sum of the two networks' mean losses, each over what the other one chose.

        Chosen are the smallest cross-entropies against the targets, whatever a sample or a class
        weighs; the losses that are learnt have these weights.
        """
        ids, views = batch.labelled
        first, second = (
            parts.predict(views[view], network=number) for number, view in enumerate(self.shown)
        )
        decision = parts.decide("labelled", ids, probs="student", student=first)
        others = decision._replace(logit_scale=None)
        pairs = ((first.logits, decision), (second.logits, others))
        params = self.params
        share = kept_share(
            parts.progress.epoch,
            forget_rate=params.forget_rate,
            gradual=params.gradual,
            exponent=params.exponent,
        )
        count = kept_count(share, len(ids))
        chosen = [smallest(_plain_losses(*pair), count) for pair in pairs]
        losses = [
            weighted_cross_entropy(*pair, class_weight=parts.class_weight)[rows].mean()
            for pair, rows in zip(pairs, reversed(chosen), strict=True)
        ]
        alike = torch.isin(chosen[0], chosen[1]).float().mean()
        return StepResult(
            losses[0] + losses[1],
            {
                "first_loss": losses[0],
                "second_loss": losses[1],
                "kept": count / len(ids),
                "chosen_alike": alike,
            },
        )


def _plain_losses(logits: torch.Tensor, decision: Decision) -> torch.Tensor:
    """(n,) cross-entropies that samples are chosen by."""
    if decision.logit_scale is not None:
        logits = logits * decision.logit_scale[:, None]
    return soft_cross_entropy(logits.detach(), decision.target)


def make_co_teaching(params: CoTeachingParams, context: Context) -> CoTeachingLoop:
    """Factory of the component `co_teaching`."""
    return CoTeachingLoop(params)
