"""The phases of a loop, checked."""

from __future__ import annotations

from ferkit.contracts.training import Phase, SSLLoop
from ferkit.errors import FerkitError


def phases_of(
    loop: SSLLoop, *, has_validation: bool, smoke: bool, has_init: bool = True
) -> list[Phase]:
    """The loop's phases; in a smoke run each has one epoch.

    Args:
        has_init: whether the recipe gives weights to start from.
    Raises: FerkitError: there are none, names repeat, one stops by a validation loss that does
        not exist, one stands for a model that is not given, or one contradicts itself or another.
    """
    phases = list(loop.phases())
    name = type(loop).__name__
    if not phases:
        raise FerkitError(f"{name} has no phases.", where="loop")
    names = [phase.name for phase in phases]
    twice = sorted({word for word in names if names.count(word) > 1})
    if twice:
        raise FerkitError(f"{name} has several phases named {', '.join(twice)}.", where="loop")
    for phase in phases:
        if phase.patience is not None and not has_validation:
            raise FerkitError(
                f"phase '{phase.name}' stops by the validation loss (patience), and there are no "
                "validation samples.",
                where="loop.patience",
                hint="Set data.split.validation above 0, or patience: null.",
            )
        if phase.initial == "only" and not has_init:
            raise FerkitError(
                f"phase '{phase.name}' is left to the recipe's first model, and it gives none.",
                where="init",
                hint="Set it to a run folder or its weights, or let the loop train that phase.",
            )
        if phase.predictions == "phase" and phase.teacher != "previous":
            raise FerkitError(
                f"phase '{phase.name}' of {name} predicts once, and its teacher changes.",
                where="loop",
            )
    _check_rounds(phases, name, networks=loop.networks, has_validation=has_validation)
    if smoke:  # every phase is run
        return [phase._replace(epochs=1, rounds_patience=None) for phase in phases]
    return phases


def _check_rounds(phases: list[Phase], name: str, *, networks: int, has_validation: bool) -> None:
    scored = [phase for phase in phases if phase.score is not None]
    if len({phase.score for phase in scored}) > 1:
        raise FerkitError(f"{name} scores its rounds in two ways.", where="loop")
    if scored and networks > 1:
        raise FerkitError(
            f"{name} trains several networks and scores its rounds, which hand on one.",
            where="loop",
        )
    for phase in phases:
        if phase.rounds_patience is None:
            continue
        if phase.score is None:
            raise FerkitError(
                f"phase '{phase.name}' of {name} waits for a better score, and has none.",
                where="loop",
            )
        if not has_validation:
            raise FerkitError(
                f"phase '{phase.name}' is left out where rounds bring no better validation score, "
                "and there are no validation samples.",
                where="loop.rounds_patience",
                hint="Set data.split.validation above 0, or rounds_patience: null.",
            )
