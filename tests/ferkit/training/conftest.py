"""A loop for the trainer's own tests."""

from __future__ import annotations

import pytest
import torch

from ferkit.contracts.training import EpochPlan, Phase, StepResult
from ferkit.training.joined import join_clips, split_prediction
from ferkit.training.losses import weighted_cross_entropy
from ferkit.training.plans import mixed_batches


class EverythingLoop:
    """Trains on both splits at once.

    Where there are beliefs, its pool is the half of the unlabelled samples that is surest.

    Args:
        phases: of the loop.
        clean: labels the unlabelled samples by `parts.label` on the clean view.
    """

    def __init__(self, *phases: Phase, clean: bool = False, networks: int = 1) -> None:
        self._phases = phases or (Phase("only", 3, keep="last"),)
        self.clean, self.networks = clean, networks
        self.views = {"labelled": ("weak",), "unlabelled": ("clean", "weak")}

    def phases(self):
        return self._phases

    def plan_epoch(self, phase, sizes, beliefs, *, batch_size, epoch, generator):
        labelled, unlabelled = torch.arange(sizes.labelled), torch.arange(sizes.unlabelled)
        pool = None
        if beliefs.unlabelled is not None:
            order = beliefs.unlabelled.probs.amax(-1).argsort(descending=True, stable=True)
            pool = order[: sizes.unlabelled // 2]
        return EpochPlan(
            mixed_batches(labelled, unlabelled, batch_size=batch_size, generator=generator),
            {"chosen": float(len(unlabelled))},
            pool,
        )

    def step(self, batch, parts):
        present = [
            (name, part)
            for name, part in zip(("labelled", "unlabelled"), batch, strict=True)
            if len(part.ids)
        ]
        losses = []
        for network in range(self.networks):
            joined = parts.predict(
                join_clips([part.views["weak"] for _, part in present]), network=network
            )
            each = split_prediction(joined, [len(part.ids) for _, part in present])
            for (name, part), student in zip(present, each, strict=True):
                probs = student.logits.detach().softmax(-1)
                if self.clean and name == "unlabelled":
                    probs = parts.label(part.views["clean"], network=network)
                decision = parts.decide(name, part.ids, probs=probs, student=student)
                losses.append(
                    weighted_cross_entropy(
                        student.logits, decision, class_weight=parts.class_weight
                    )
                )
        loss = torch.cat(losses).mean()
        return StepResult(loss, {"step_loss": loss.detach()})


@pytest.fixture(scope="session")
def make_loop():
    """Makes an EverythingLoop."""
    return EverythingLoop
