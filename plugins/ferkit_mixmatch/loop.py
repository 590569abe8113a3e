"""The loop `mixmatch`."""

from __future__ import annotations

from collections.abc import Sequence

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
        shown = [labelled.views["weak"]]
        if len(unlabelled.ids):
            shown += [unlabelled.views[name] for name in self.shown]
        clips = join_clips(shown)
        probs = parts.label(clips)
        mixing = drawn_mixing(len(clips.valid), self.alpha)
        mixtures, share = mixed_clips(clips, mixing)
        lengths = [len(labelled.ids), len(clips.valid) - len(labelled.ids)]
        students = split_prediction(parts.predict(mixtures), lengths)
        decisions = self._decide(batch, probs, students, parts)
        target, weight = mixed_answers(
            torch.cat([one.target for one in decisions]),
            torch.cat([one.weight for one in decisions]),
            share.to(probs),
            mixing.partner.to(probs.device),
        )
        answers = zip(torch.split(target, lengths), torch.split(weight, lengths), strict=True)
        first, *second = (
            one._replace(target=mine, weight=counts)
            for one, (mine, counts) in zip(decisions, answers, strict=False)
        )
        supervised = weighted_cross_entropy(
            students[0].logits, first, class_weight=parts.class_weight
        ).mean()
        if not second:
            return StepResult(supervised, {"labelled_loss": supervised})
        consistency = weighted_squares(students[1].logits, second[0]).mean()
        factor = unlabelled_factor(self.params, parts)
        return StepResult(
            supervised + factor * consistency,
            {"labelled_loss": supervised, "unlabelled_loss": consistency},
        )

    def _decide(
        self, batch: Batch, probs: Tensor, students: Sequence[Prediction], parts: Parts
    ) -> list[Decision]:
        """Of the labelled samples, and of all views of the others, if there are any.

        Args:
            probs: (N, K) of all, before the mixing. students: of the mixtures, of both splits.
        """
        (mine, others), views = batch, len(self.shown)
        count = len(mine.ids)
        decisions = [parts.decide("labelled", mine.ids, probs=probs[:count], student=students[0])]
        if len(others.ids):
            decision = parts.decide(
                "unlabelled",
                others.ids,
                probs=_mean_of_views(probs[count:], views),
                student=_over_views(students[1], views),
            )
            decisions.append(_for_each_view(decision, views))
        return decisions


def _mean_of_views(tensor: Tensor, views: int) -> Tensor:
    """(views * n, ...) -> (n, ...)."""
    return tensor.reshape(views, -1, *tensor.shape[1:]).mean(0)


def _over_views(student: Prediction, views: int) -> Prediction:
    """What the policies are told of the student on a sample: means over its views."""
    means = (_mean_of_views(tensor, views) for tensor in student[:3])
    return Prediction(*means)


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
