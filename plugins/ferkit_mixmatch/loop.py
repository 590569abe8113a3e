"""The loop `mixmatch`."""

from __future__ import annotations

import torch
from torch import Tensor

from ferkit.contracts.training import Batch, Decision, Parts, Prediction, StepResult
from ferkit.plugin import Context
from ferkit.training.consistency import weighted_squares
from ferkit.training.joined import join_clips, split_prediction
from ferkit.training.losses import weighted_cross_entropy
from ferkit.training.paired import PairedLoop, unlabelled_factor
from ferkit_mixmatch.mixing import drawn_mixing, mixed_answers, mixed_clips
from ferkit_mixmatch.params import MixMatchParams


class MixMatchLoop(PairedLoop):
    """Mixtures of all samples of a step, those of one split with those of both.

    Args:
        params: see `MixMatchParams`.
        seed: of the run.
    """

    def __init__(self, params: MixMatchParams, *, seed: int) -> None:
        shown = ("weak", *(f"weak{number}" for number in range(2, params.views + 1)))
        super().__init__(
            "mixmatch", params, seed=seed, views={"labelled": ("weak",), "unlabelled": shown}
        )
        self.alpha, self.shown = params.alpha, shown

    def step(self, batch: Batch, parts: Parts) -> StepResult:
        """Cross-entropy of mixtures whose first sample is labelled, squared differences of others.

        One forward for all mixtures, so that batch statistics are of all of them.
        """
        labelled, unlabelled = batch
        count, others = len(labelled.ids), len(unlabelled.ids)
        shown = [labelled.views["weak"]]
        if others:
            shown += [unlabelled.views[name] for name in self.shown]
        clips = join_clips(shown)
        probs = parts.label(clips)
        mixing = drawn_mixing(len(clips.valid), self.alpha)
        mixtures, share = mixed_clips(clips, mixing)
        lengths = [count, len(clips.valid) - count]
        students = split_prediction(parts.predict(mixtures), lengths)
        decisions = [
            parts.decide("labelled", labelled.ids, probs=probs[:count], student=students[0])
        ]
        if others:
            views = len(self.shown)
            decision = parts.decide(
                "unlabelled",
                unlabelled.ids,
                probs=probs[count:].unflatten(0, (views, others)).mean(0),
                student=_mean_of_views(students[1], views, others),
            )
            decisions.append(_for_each_view(decision, views))
        target, weight = mixed_answers(
            torch.cat([one.target for one in decisions]),
            torch.cat([one.weight for one in decisions]),
            share.to(probs),
            mixing.partner.to(probs.device),
        )
        mixed = [
            one._replace(target=mine, weight=counts)
            for one, mine, counts in zip(
                decisions,
                torch.split(target, lengths),
                torch.split(weight, lengths),
                strict=False,
            )
        ]
        supervised = weighted_cross_entropy(
            students[0].logits, mixed[0], class_weight=parts.class_weight
        ).mean()
        if not others:
            return StepResult(supervised, {"labelled_loss": supervised})
        consistency = weighted_squares(students[1].logits, mixed[1]).mean()
        factor = unlabelled_factor(self.params, parts)
        return StepResult(
            supervised + factor * consistency,
            {"labelled_loss": supervised, "unlabelled_loss": consistency},
        )


def _mean_of_views(student: Prediction, views: int, count: int) -> Prediction:
    """(views * n, ...) -> (n, ...): what the policies are told of a sample."""

    def mean(tensor: Tensor) -> Tensor:
        return tensor.unflatten(0, (views, count)).mean(0)

    return Prediction(mean(student.logits), mean(student.features), mean(student.penalty))


def _for_each_view(decision: Decision, views: int) -> Decision:
    """(n, ...) -> (views * n, ...): the same for all views of a sample."""
    scale = decision.logit_scale
    return decision._replace(
        target=decision.target.repeat(views, 1),
        weight=decision.weight.repeat(views),
        logit_scale=None if scale is None else scale.repeat(views),
    )


def make_mixmatch(params: MixMatchParams, context: Context) -> MixMatchLoop:
    """Factory of the component `mixmatch`."""
    return MixMatchLoop(params, seed=context.seed)
