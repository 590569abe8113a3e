"""The loop `noisy_student`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import torch
from torch import Tensor

from ferkit.contracts.training import (
    Batch,
    EpochPlan,
    Parts,
    Phase,
    Split,
    SplitBeliefs,
    SplitSizes,
    StepResult,
)
from ferkit.data import keyed
from ferkit.plugin import Context
from ferkit.training.plans import mixed_steps, paired_batches
from ferkit.training.steps import mean_over_both
from ferkit_noisy_student.balancing import balanced_by_class, part_of
from ferkit_noisy_student.params import NoisyStudentParams

TEACHER = "teacher"
VIEWS = {"strong": "strong", "weak": "weak", "none": "clean"}


def student(round_: int) -> str:
    """Name of the phase of a round."""
    return f"student{round_}"


class NoisyStudentLoop:
    """A teacher on the labelled samples; then rounds in which a student learns from these and
    from the teacher's labels of the others, under noise, and becomes the teacher (B16).

    Args:
        params: see `NoisyStudentParams`.
        seed: of the run; it alone says which share of the unlabelled samples is used.
    """

    views: Mapping[Split, tuple[str, ...]] = {"labelled": ("weak",), "unlabelled": ()}
    networks = 1

    def __init__(self, params: NoisyStudentParams, *, seed: int) -> None:
        self.params, self.seed = params, seed

    def phases(self) -> Sequence[Phase]:
        """`teacher`, then `student1`, `student2`, ..., each from the first weights."""
        params = self.params
        first = Phase(
            name=TEACHER,
            epochs=params.teacher_epochs,
            patience=params.patience,
            keep=params.keep,
            start="initial",
            initial="only" if params.teacher_from_init else False,
            score=params.score,
        )
        noise = VIEWS[params.input_noise]
        students = (
            first._replace(
                name=student(number),
                epochs=params.student_epochs,
                initial=False,
                network="student",
                round=number,
                teacher="previous",
                beliefs=True,
                predictions="phase",
                label_view=noise if params.teacher_noise else "clean",
                label_dropout=params.teacher_noise,
                views={
                    "labelled": (noise if params.noise_labelled else "weak",),
                    "unlabelled": (noise,),
                },
                rounds_patience=params.rounds_patience,
            )
            for number in range(1, params.rounds + 1)
        )
        return (first, *students)

    def plan_epoch(
        self,
        phase: Phase,
        sizes: SplitSizes,
        beliefs: SplitBeliefs,
        *,
        batch_size: int,
        epoch: int,
        generator: torch.Generator,
    ) -> EpochPlan:
        """A pass over the labelled samples, or so many steps; in a student's, others go with them
        (B19, B20)."""
        labelled = torch.arange(sizes.labelled)
        if phase.round == 0 or beliefs.unlabelled is None:
            nobody = torch.arange(0)
            batches = mixed_steps(
                labelled,
                nobody,
                batch_size=batch_size,
                steps=self.params.steps,
                generator=generator,
            )
            return EpochPlan(batches, {})
        pool = self._pool(beliefs)
        size = min(batch_size, sizes.labelled)
        batches = paired_batches(
            labelled,
            pool,
            batch_size=size,
            ratio=self.params.ratio,
            steps=self.params.steps or -(-sizes.labelled // size),
            epoch=epoch,
            seed=keyed.generator(self.seed, "noisy student", phase.name).initial_seed() >> 1,
        )
        used = torch.unique(pool)
        return EpochPlan(batches, {"pool_with_repeats": len(pool)}, used)

    def _pool(self, beliefs: SplitBeliefs) -> Tensor:
        """Ids of the unlabelled samples of the round, some of them several times."""
        assert beliefs.unlabelled is not None
        probs = beliefs.unlabelled.probs.cpu()
        order = keyed.permutation(self.seed, "noisy student", n=len(probs))
        counts: Tensor | None = None
        if self.params.balance and beliefs.labelled is not None:
            counts = beliefs.labelled.given_probs.double().sum(0).cpu()
        chosen = balanced_by_class(probs, counts, order=order)
        by_class = self.params.fraction_of == "class"
        return part_of(chosen, self.params.fraction, by_class=by_class, order=order)

    def step(self, batch: Batch, parts: Parts) -> StepResult:
        """The mean over both splits' samples of weighted cross-entropy; one forward for all."""
        # In the teacher's phase the network labels itself; later the teacher has.
        own: Literal["student"] | None = "student" if parts.progress.round == 0 else None
        return mean_over_both(batch, parts, probs=own)


def make_noisy_student(params: NoisyStudentParams, context: Context) -> NoisyStudentLoop:
    """Factory of the component `noisy_student`."""
    return NoisyStudentLoop(params, seed=context.seed)
