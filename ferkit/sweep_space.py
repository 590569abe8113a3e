"""What a sweep draws from: the key `sweep.space` of a recipe, read."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

import yaml

from ferkit.sweep_section import ChoicesSection, RangeSection, SweepSection

DEFAULT_TRIALS = 30
"""Where the recipe says nothing, and there is no grid."""

Drawn = int | float | str
"""A value as it is drawn: a number of a range, or the name of a choice."""

_DIGITS = 12
"""Kept of a number that is drawn, so that 0.1 + 0.2 is 0.3."""


@dataclass(frozen=True)
class Range:
    """Numbers from `low` to `high`; with `step` low, low + step, ... that are not above `high`.

    whole: whether they are whole numbers. step: None where every number between may be drawn.
    """

    low: float
    high: float
    log: bool
    step: float | None
    whole: bool

    @property
    def top(self) -> float:
        """The largest number that can be drawn."""
        steps = self.steps()
        return (
            self.high if steps is None else self.number(self.low + (steps - 1) * (self.step or 1))
        )

    def steps(self) -> int | None:
        """How many numbers there are; None where they can't be counted."""
        if self.step is None:
            return None
        return math.floor((self.high - self.low) / self.step + 1e-9) + 1

    def number(self, drawn: float) -> int | float:
        """A number as the recipe has it."""
        return round(drawn) if self.whole else float(f"{drawn:.{_DIGITS}g}")

    def value(self, drawn: Drawn) -> Any:
        """What the recipe gets."""
        return self.number(float(drawn))

    def grid(self) -> list[Drawn]:
        """All values, if they can be counted."""
        step = self.step or 1
        return [self.number(self.low + i * step) for i in range(self.steps() or 0)]


@dataclass(frozen=True)
class Choices:
    """Values by name."""

    values: Mapping[str, Any]

    def value(self, drawn: Drawn) -> Any:
        """What the recipe gets."""
        return self.values[str(drawn)]

    def grid(self) -> list[Drawn]:
        """All names."""
        return list(self.values)


Dimension = Range | Choices


def dimension(given: Any) -> Dimension:
    """What stands below a key of `sweep.space`.

    Args:
        given: a plain value.
    Raises: pydantic.ValidationError: it is neither a range nor choices.
    """
    if isinstance(given, list) or (isinstance(given, Mapping) and "choices" in given):
        found = {"choices": given} if isinstance(given, list) else given
        choices = ChoicesSection.model_validate(found).choices
        if isinstance(choices, dict):
            return Choices(choices)
        return Choices({name_of(value): value for value in choices})
    section = RangeSection.model_validate(given)
    numbers = [section.low, section.high, *([] if section.step is None else [section.step])]
    whole = all(isinstance(number, int) for number in numbers)
    step = section.step if section.step is not None or section.log or not whole else 1
    return Range(section.low, section.high, section.log, step, whole)


def name_of(value: Any) -> str:
    """How a choice without a name of its own is told: as somebody would write it in YAML."""
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping) and set(value) == {"use"}:
        return str(value["use"])
    text = yaml.safe_dump(value, default_flow_style=True, sort_keys=False, width=10_000)
    return text.removesuffix("...\n").strip()


def dimensions(sweep: SweepSection) -> dict[str, Dimension]:
    """Key of the recipe -> what is drawn for it, of a sweep that was checked."""
    return {key: dimension(given) for key, given in sweep.space.items()}


def grid(space: Mapping[str, Dimension]) -> list[dict[str, Drawn]]:
    """All combinations, the last key changing first; every range has steps."""
    return [
        dict(zip(space, values, strict=True))
        for values in product(*(each.grid() for each in space.values()))
    ]


def trials_asked(sweep: SweepSection, space: Mapping[str, Dimension]) -> int:
    """How many trials a sweep has: by grid no more than there are combinations."""
    if sweep.sampler != "grid":
        return sweep.trials or DEFAULT_TRIALS
    whole = math.prod(len(each.grid()) for each in space.values())
    return min(sweep.trials or whole, whole)
