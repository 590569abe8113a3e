"""The loop `mixmatch`."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ferkit.contracts.training import Batch, Decision, Parts, Prediction, Split, StepResult
from ferkit.plugin import Context
from ferkit.training.consistency import weighted_squares
from ferkit.training.joined import join_clips, split_prediction
from ferkit.training.losses import weighted_cross_entropy
from ferkit.training.paired import PairedLoop, unlabelled_factor
from ferkit_mixmatch.mixing import drawn_mixing, mixed_answers, mixed_clips
from ferkit_mixmatch.params import MixMatchParams

SPLITS: tuple[Split, ...] = ("labelled", "unlabelled")


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
        shown = [labelled.views["weak"]] if len(labelled.ids) else []
        if len(unlabelled.ids):
            shown += [unlabelled.views[name] for name in self.shown]
        clips = join_clips(shown)
        probs = parts.label(clips)
        mixing = drawn_mixing(len(clips.valid), self.alpha)
        mixtures, share = mixed_clips(clips, mixing)
        lengths = [len(labelled.ids), len(clips.valid) - len(labelled.ids)]
        students = split_prediction(parts.predict(mixtures), lengths)
        decisions = self._decide(batch, torch.split(probs, lengths), students, parts)
        target, weight = mixed_answers(
            torch.cat([one.target for one in decisions.values()]),
            torch.cat([one.weight for one in decisions.values()]),
            share.to(probs),
            mixing.partner.to(probs.device),
        )
        answers = zip(torch.split(target, lengths), torch.split(weight, lengths), strict=True)
        mixed = {
            split: decisions[split]._replace(target=mine, weight=counts)
            for split, (mine, counts) in zip(SPLITS, answers, strict=True)
            if split in decisions
        }
        supervised = parts.class_weight.new_zeros(())
        if "labelled" in mixed:
            supervised = weighted_cross_entropy(
                students[0].logits, mixed["labelled"], class_weight=parts.class_weight
            ).mean()
        if "unlabelled" not in mixed:
            return StepResult(supervised, {"labelled_loss": supervised})
        consistency = weighted_squares(students[1].logits, mixed["unlabelled"]).mean()
        factor = unlabelled_factor(self.params, parts)
        return StepResult(
            supervised + factor * consistency,
            {"labelled_loss": supervised, "unlabelled_loss": consistency},
        )

    def _decide(
        self, batch: Batch, probs: Sequence[Tensor], students: Sequence[Prediction], parts: Parts
    ) -> dict[Split, Decision]:
        """Of the splits that have samples; of the unlabelled ones for each of their views.

        Args:
            probs: before the mixing. students: of the mixtures. Both by split, labelled first.
        """
        decisions: dict[Split, Decision] = {}
        (mine, others), views = batch, len(self.shown)
        if len(mine.ids):
            decisions["labelled"] = parts.decide(
                "labelled", mine.ids, probs=probs[0], student=students[0]
            )
        if len(others.ids):
            decision = parts.decide(
                "unlabelled",
                others.ids,
                probs=_mean_of_views(probs[1], views),
                student=_over_views(students[1], views),
            )
            decisions["unlabelled"] = _for_each_view(decision, views)
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
