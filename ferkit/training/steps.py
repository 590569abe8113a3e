"""What the steps of several loops have in common: one forward for both splits, and losses against
what the policies decided."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeVar

import torch
from torch import Tensor

from ferkit.contracts.data import Clips
from ferkit.contracts.training import Batch, Part, Parts, Prediction, Split, StepResult
from ferkit.training.joined import join_clips, split_prediction
from ferkit.training.losses import weighted_cross_entropy

Name = TypeVar("Name")


def predict_joined(parts: Parts, clips: Mapping[Name, Clips]) -> dict[Name, Prediction]:
    """The student's predictions of several batches of clips, in one forward.

    So batch statistics are of all of them.
    """
    lengths = [len(one.valid) for one in clips.values()]
    joined = parts.predict(join_clips(list(clips.values())))
    return dict(zip(clips, split_prediction(joined, lengths), strict=True))


def label_joined(parts: Parts, clips: Mapping[Name, Clips]) -> dict[Name, Tensor]:
    """What the labelling network says of several batches of clips: (n, K) each, in one forward."""
    if not clips:
        return {}
    lengths = [len(one.valid) for one in clips.values()]
    said = torch.split(parts.label(join_clips(list(clips.values()))), lengths)
    return dict(zip(clips, said, strict=True))


def decided_losses(
    split: Split,
    part: Part,
    student: Prediction,
    parts: Parts,
    *,
    probs: Tensor | Literal["student"] | None = "student",
) -> Tensor:
    """(n,) cross-entropies of a part against what the policies of its split decide.

    Args: `probs`: see `ferkit.contracts.training.Parts.decide`.
    """
    decision = parts.decide(split, part.ids, probs=probs, student=student)
    return weighted_cross_entropy(student.logits, decision, class_weight=parts.class_weight)


def labelled_loss(part: Part, students: Mapping[Split, Prediction], parts: Parts) -> Tensor:
    """() mean of a step's labelled samples, by what the student says itself; 0 without any, as in a
    piece of a step (`training.accumulate`)."""
    if not len(part.ids):
        return parts.class_weight.new_zeros(())
    return decided_losses("labelled", part, students["labelled"], parts).mean()


def mean_over_both(batch: Batch, parts: Parts, *, probs: Literal["student"] | None) -> StepResult:
    """The mean over the samples of both splits, all alike, of their cross-entropies.

    Args:
        batch: each part that has samples has one view.
        probs: what the policies are told: what the student says in this step, or None: what was
            predicted once in the phase.
    """
    split: Split
    present: dict[Split, Part] = {}
    for split, part in (("labelled", batch.labelled), ("unlabelled", batch.unlabelled)):
        if len(part.ids):
            present[split] = part
    students = predict_joined(parts, {split: _only(part) for split, part in present.items()})
    losses = [
        decided_losses(split, part, students[split], parts, probs=probs)
        for split, part in present.items()
    ]
    return StepResult(torch.cat(losses).mean(), {})


def _only(part: Part) -> Clips:
    (clips,) = part.views.values()
    return clips
