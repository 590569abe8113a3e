"""What is wrong with the data, counted: for the terminal and for run.json."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ferkit.contracts.data import Problem

FEW_VALIDATION_SAMPLES = 50
"""With fewer, which epoch or variant is best is mostly chance."""

_Z95 = 1.959964  # normal quantile of a 95 % interval


@dataclass(frozen=True)
class ProblemSummary:
    """All problems of one kind.

    count: how many. dropped: rows left out because of them. examples: the first few, as
        "where: what".
    """

    kind: str
    count: int
    dropped: int
    examples: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """For run.json."""
        return {**asdict(self), "examples": list(self.examples)}

    def line(self) -> str:
        """For the terminal: "missing file: 12, all left out. labels.csv:7: there is ..."."""
        if self.dropped == self.count:
            fate = ", left out" if self.count == 1 else ", all left out"
        else:
            fate = f", {self.dropped} left out" if self.dropped else ""
        more = f" (and {self.count - 1} more)" if self.count > 1 else ""
        return f"{self.kind}: {self.count}{fate}. {self.examples[0]}{more}"


def summarise(problems: Sequence[Problem], *, examples: int = 5) -> list[ProblemSummary]:
    """Count problems by kind, those that cost most rows first.

    Args:
        problems: of all data sets, splits and preparation.
        examples: kept of each kind, the first ones.
    """
    by_kind: dict[str, list[Problem]] = {}
    for problem in problems:
        by_kind.setdefault(problem.kind, []).append(problem)
    summaries = [
        ProblemSummary(
            kind=kind,
            count=len(found),
            dropped=sum(problem.dropped for problem in found),
            examples=tuple(f"{problem.where}: {problem.what}" for problem in found[:examples]),
        )
        for kind, found in by_kind.items()
    ]
    return sorted(summaries, key=lambda one: (-one.dropped, -one.count, one.kind))


def wilson_half_width(n: int, accuracy: float = 0.5) -> float:
    """Half of the width of Wilson's 95 % interval of an accuracy measured on n samples.

    Args:
        n: samples, at least 1.
        accuracy: measured; .5 gives the widest interval.
    Source: E. B. Wilson, "Probable inference, the law of succession, and statistical
        inference", Journal of the American Statistical Association 22 (1927).
    """
    spread = accuracy * (1 - accuracy) / n + _Z95**2 / (4 * n * n)
    return float(_Z95 / (1 + _Z95**2 / n) * spread**0.5)


def few_validation_samples(n: int) -> Problem | None:
    """The warning that a validation set is too small to choose by, or None."""
    if n >= FEW_VALIDATION_SAMPLES:
        return None
    if n == 0:
        what = "there is no validation sample: nothing can be chosen by it."
    else:
        width = 100 * wilson_half_width(n)
        what = (
            f"{n} validation samples: an accuracy of 50 % on them is uncertain by"
            f" +-{width:.0f} points (95 % interval), too much to choose an epoch or a variant by."
        )
    return Problem("few validation samples", "data.split.validation", what, dropped=False)
