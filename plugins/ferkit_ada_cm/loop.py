"""The loop `ada_cm`."""

from __future__ import annotations

from ferkit.contracts.data import Clips
from ferkit.contracts.training import Batch, Parts, Prediction, Split, StepResult
from ferkit.plugin import Context
from ferkit.training.losses import weighted_cross_entropy
from ferkit.training.paired import PairedLoop, unlabelled_factor
from ferkit.training.steps import labelled_loss, predict_joined
from ferkit_ada_cm.equations import contrastive_loss
from ferkit_ada_cm.params import AdaCmParams

UNLABELLED = ("weak", "weak2", "strong")


class AdaCmLoop(PairedLoop):
    """Sure unlabelled samples are learnt on a strong view, the others by contrast.

    Args:
        params: see `AdaCmParams`.
        seed: of the run.
    """

    params: AdaCmParams

    def __init__(self, params: AdaCmParams, *, seed: int) -> None:
        views: dict[Split, tuple[str, ...]] = {"labelled": ("weak",), "unlabelled": UNLABELLED}
        super().__init__("ada_cm", params, seed=seed, views=views)

    def step(self, batch: Batch, parts: Parts) -> StepResult:
        """The three losses, added up with their factors; one forward for all views.

        Labels are of the mean prediction of both weak views. Samples of weight 0 are those that
        are learnt by contrast.
        """
        labelled, unlabelled = batch
        clips: dict[str, Clips] = {}
        if len(labelled.ids):
            clips["labelled"] = labelled.views["weak"]
        if len(unlabelled.ids):
            clips |= {view: unlabelled.views[view] for view in UNLABELLED}
        students = predict_joined(parts, clips)
        mine: dict[Split, Prediction] = {}
        if len(labelled.ids):
            mine["labelled"] = students["labelled"]
        supervised = labelled_loss(labelled, mine, parts)
        loss = self.params.labelled_weight * supervised
        if not len(unlabelled.ids):
            return StepResult(loss, {"labelled_loss": supervised})
        first, second, strong = (students[view] for view in UNLABELLED)
        probs = (first.logits.softmax(-1) + second.logits.softmax(-1)) / 2
        decision = parts.decide("unlabelled", unlabelled.ids, probs=probs, student=strong)
        learnt = weighted_cross_entropy(
            strong.logits, decision, class_weight=parts.class_weight
        ).mean()
        rest = decision.weight == 0
        contrast = contrastive_loss(
            first.features, second.features, rest, temperature=self.params.temperature
        )
        loss = loss + unlabelled_factor(self.params, parts) * learnt
        return StepResult(
            loss + self.params.contrast * contrast,
            {
                "labelled_loss": supervised,
                "unlabelled_loss": learnt,
                "contrastive_loss": contrast,
                "contrasted": rest.float().mean(),
            },
        )


def make_ada_cm(params: AdaCmParams, context: Context) -> AdaCmLoop:
    """Factory of the loop `ada_cm`."""
    return AdaCmLoop(params, seed=context.seed)
