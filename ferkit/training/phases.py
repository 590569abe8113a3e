"""The phases of a loop, checked."""

from __future__ import annotations

from ferkit.contracts.training import Phase, SSLLoop
from ferkit.errors import FerkitError


def phases_of(loop: SSLLoop, *, has_validation: bool, smoke: bool) -> list[Phase]:
    """The loop's phases; in a smoke run each has one epoch.

    Raises: FerkitError: there are none, names repeat, or one stops by a validation loss that
        does not exist.
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
    return [phase._replace(epochs=1) for phase in phases] if smoke else phases
