"""What a run is going to compute: steps of its phases, and samples that it predicts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, cast

import torch

from ferkit.contracts.policies import Beliefs, LabelUpdate, SampleWeighting
from ferkit.contracts.training import BatchIds, Phase, SplitBeliefs, SplitSizes, SSLLoop
from ferkit.data.alterations import ALTERATIONS
from ferkit.plugin import Context, Kind

if TYPE_CHECKING:
    from ferkit.catalogue import Catalogue
    from ferkit.sections import PolicySection, Recipe


class Sizes(NamedTuple):
    """Samples of each split."""

    labelled: int
    unlabelled: int
    validation: int
    test: int


class PhaseWork(NamedTuple):
    """What a phase computes.

    epochs: at most. steps: of an epoch. batch: samples of both splits in its first step.
    labels: samples that the labelling network predicts in all its epochs. validated: samples that
    its own network predicts, in all. sooner: whether it may end, or be left out, before that.
    """

    phase: Phase
    epochs: int
    steps: int
    batch: tuple[int, int]
    labels: int
    validated: int
    sooner: bool


class RunWork(NamedTuple):
    """What a run computes. phases: that are run. tables: training samples that are predicted at its
    end. tested: samples of the test and validation splits that are, each as often as it is."""

    phases: tuple[PhaseWork, ...]
    tables: int
    tested: int

    @property
    def sooner(self) -> bool:
        """Whether it may end sooner."""
        return any(work.sooner for work in self.phases)


def work_of(recipe: Recipe, sizes: Sizes, catalogue: Catalogue, context: Context) -> RunWork:
    """The work of a run.

    Args:
        context: with the run's classes, regions and image size.
    """
    loop = cast(SSLLoop, catalogue.build(Kind.SSL_LOOP, recipe.loop, context))
    cadences = {
        split: _cadences(section, catalogue, context)
        for split, section in (("labelled", recipe.labelled), ("unlabelled", recipe.unlabelled))
    }
    run = [phase for phase in loop.phases() if not (phase.initial and recipe.init is not None)]
    phases = tuple(
        _phase_work(recipe, loop, phase, sizes, cadences, classes=len(context.classes))
        for phase in run
    )
    passes = 1 + (recipe.evaluation.epochs and any(phase.keep == "best" for phase in run))
    if recipe.evaluation.rounds:
        scored = sum(phase.score is not None for phase in run)
        passes += scored - 1 if scored > 1 else 0
    if recipe.evaluation.stability:
        passes += len(ALTERATIONS)
    return RunWork(
        phases=phases,
        tables=sizes.labelled + sizes.unlabelled,
        tested=passes * sizes.test + sizes.validation,
    )


def _cadences(
    section: PolicySection, catalogue: Catalogue, context: Context
) -> dict[str, set[str]]:
    """When the policies of a split act, and when those of them that weigh do."""
    updates: list[LabelUpdate] = [
        catalogue.build(Kind.LABEL_UPDATE, one, context) for one in section.label_updates
    ]
    weightings: list[SampleWeighting] = [
        catalogue.build(Kind.SAMPLE_WEIGHTING, one, context) for one in section.weightings
    ]
    weighing: set[str] = {weighting.every for weighting in weightings}
    return {"any": weighing | {update.every for update in updates}, "weightings": weighing}


def _phase_work(
    recipe: Recipe,
    loop: SSLLoop,
    phase: Phase,
    sizes: Sizes,
    cadences: dict[str, dict[str, set[str]]],
    *,
    classes: int,
) -> PhaseWork:
    plan = first_epoch(recipe, loop, phase, sizes, classes=classes)
    epochs, labels = phase.epochs, 0
    for number in {0, 1} if epochs > 1 else {0}:
        acting = ({"round", "epoch"} if number == 0 else {"epoch"}) if phase.adaptive else set()
        wanted = {
            name: phase.beliefs or bool(each["any"] & acting) for name, each in cadences.items()
        }
        once = sizes.labelled if wanted["labelled"] or wanted["unlabelled"] else 0
        if wanted["unlabelled"] and sizes.unlabelled:
            part = phase.unlabelled_part if phase.beliefs else 1.0
            once += max(1, round(part * sizes.unlabelled))
        if phase.predictions == "phase" and number:
            once = 0
        labels += once * (1 if number == 0 else epochs - 1)
    validated = epochs * sizes.validation
    if phase.predictions == "phase" and phase.adaptive:
        validated += epochs * sizes.labelled * ("epoch" in cadences["labelled"]["weightings"])
    return PhaseWork(
        phase=phase,
        epochs=epochs,
        steps=len(plan),
        batch=(len(plan[0].labelled), len(plan[0].unlabelled)),
        labels=labels,
        validated=validated,
        sooner=phase.patience is not None or phase.rounds_patience is not None,
    )


def first_epoch(
    recipe: Recipe, loop: SSLLoop, phase: Phase, sizes: Sizes, *, classes: int
) -> Sequence[BatchIds]:
    """The steps of an epoch, where the labelling network is sure of every sample."""
    beliefs = SplitBeliefs(None, None)
    if phase.beliefs:
        beliefs = SplitBeliefs(
            sure(sizes.labelled, classes),
            sure(sizes.unlabelled, classes) if sizes.unlabelled else None,
        )
    plan = loop.plan_epoch(
        phase,
        SplitSizes(sizes.labelled, sizes.unlabelled),
        beliefs,
        batch_size=recipe.training.batch_size,
        epoch=0,
        generator=torch.Generator().manual_seed(0),
    )
    return list(plan.batches) or [BatchIds(torch.arange(sizes.labelled), torch.arange(0))]


def sure(count: int, classes: int) -> Beliefs:
    """Beliefs over samples of all classes in turn, each all but certain."""
    label = torch.arange(count) % classes
    probs = torch.full((count, classes), 0.01 / max(1, classes - 1))
    probs[torch.arange(count), label] = 0.99
    return Beliefs(
        ids=torch.arange(count),
        given=label,
        given_probs=torch.nn.functional.one_hot(label, classes).float(),
        probs=probs,
        targets=probs,
        losses=torch.full((count,), 0.01),
    )
