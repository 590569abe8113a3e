"""The loop `rul`."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ferkit.contracts.training import Batch, Decision, Parts, StepResult
from ferkit.data import keyed
from ferkit.plugin import Context
from ferkit.training.labelled import LabelledLoop
from ferkit.training.losses import weighted_cross_entropy
from ferkit_rul.params import RulParams
from ferkit_rul.uncertainty import Uncertainty, mixed_features


def decision_of(decision: Decision, rows: Tensor) -> Decision:
    """What was decided for these rows, in this order."""
    scale = decision.logit_scale
    return decision._replace(
        target=decision.target[rows],
        weight=decision.weight[rows],
        logit_scale=None if scale is None else scale[rows],
    )


class RulLoop(LabelledLoop):
    """Each sample's features are mixed with another one's, and the mixture is to answer both.

    Args:
        params: see `RulParams`.
        seed: of the run; says who is mixed with whom.
    """

    def __init__(self, params: RulParams, *, seed: int) -> None:
        super().__init__("rul", params)
        self.params, self.seed = params, seed
        self._uncertainty: nn.Module | None = None

    def make_module(self, dim: int, classes: int) -> nn.Module:
        """The layer that says how uncertain a sample is."""
        params = self.params
        self._uncertainty = Uncertainty(
            dim, params.uncertainty_dim, dropout=params.uncertainty_dropout
        )
        return self._uncertainty

    def step(self, batch: Batch, parts: Parts) -> StepResult:
        """Half the loss of the mixture against the one sample's target, half against the other's.

        Each half has that sample's weight and factor of the logits. Policies that act every step
        are told what the student says of the samples as they are.
        """
        ids, views = batch.labelled
        student = parts.predict(views["weak"])
        decision = parts.decide("labelled", ids, probs="student", student=student)
        at, count = parts.progress, len(student.features)
        partners = keyed.permutation(self.seed, "rul", at.phase, at.step, n=count)
        partners = partners.to(student.features.device)
        uncertainty = self._of(student.features)
        mixed = mixed_features(student.features, uncertainty, partners)
        logits = parts.classify(mixed)
        halves = [
            weighted_cross_entropy(logits, each, class_weight=parts.class_weight)
            for each in (decision, decision_of(decision, partners))
        ]
        said = uncertainty.detach()
        return StepResult(
            (0.5 * halves[0] + 0.5 * halves[1]).mean(),
            {"uncertainty": said.mean(), "uncertainty_spread": said.std(correction=0)},
        )

    def _of(self, features: Tensor) -> Tensor:
        """(n,) uncertainties; one sample alone, which has no partner but itself, gets 1."""
        assert self._uncertainty is not None
        if len(features) < 2:
            return torch.ones(len(features), device=features.device)
        uncertainty: Tensor = self._uncertainty(features)
        return uncertainty


def make_rul(params: RulParams, context: Context) -> RulLoop:
    """Factory of the component `rul`."""
    return RulLoop(params, seed=context.seed)
