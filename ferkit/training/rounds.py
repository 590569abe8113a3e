"""Rounds of which the best counts, and when further ones are not worth their time (B16)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import takewhile
from typing import Any, NamedTuple

from ferkit.contracts.training import Phase


class Round(NamedTuple):
    """A phase that was run. score: higher is better; None where it has none."""

    summary: Mapping[str, Any]
    score: float | None


def rounds_so_far(summaries: Sequence[Mapping[str, Any]], phases: Sequence[Phase]) -> list[Round]:
    """The scored phases that were run last, one after the other; [] if the last has no score.

    Args:
        summaries: of the phases that were run, as `PhaseSummary.as_dict` gives them.
        phases: all of the loop.
    """
    kinds = {phase.name: phase.score for phase in phases}
    latest = list(takewhile(lambda summary: kinds[summary["name"]], reversed(summaries)))
    return [Round(each, _score(each, kinds[each["name"]])) for each in reversed(latest)]


def _score(summary: Mapping[str, Any], kind: str | None) -> float | None:
    value = summary["validation_accuracy" if kind == "accuracy" else "validation_loss"]
    if value is None:
        return None
    return float(value) if kind == "accuracy" else -float(value)


def best_round(rounds: Sequence[Round]) -> int | None:
    """The place of the highest score, of equal ones the first; the last where none has one."""
    scored = [place for place, each in enumerate(rounds) if each.score is not None]
    if not scored:
        return len(rounds) - 1 if rounds else None
    return max(scored, key=lambda place: (rounds[place].score, -place))


def best_so_far(rounds: Sequence[Round]) -> list[int]:
    """For each round the place of the best among it and those before: what would have counted
    had it been the last."""
    places = [best_round(rounds[: place + 1]) for place in range(len(rounds))]
    return [place for place in places if place is not None]


def rounds_since_best(rounds: Sequence[Round]) -> int:
    """How many rounds came after the best one; 0 where there are none."""
    best = best_round(rounds)
    return 0 if best is None else len(rounds) - 1 - best


def told(rounds: Sequence[Round], kind: str) -> str:
    """The scores for a sentence, such as "teacher 61.0 %, student1 64.2 %"."""

    def number(score: float | None) -> str:
        if score is None:
            return "not known"
        return f"{score:.1%}" if kind == "accuracy" else f"{-score:.4f}"

    return ", ".join(f"{each.summary['name']} {number(each.score)}" for each in rounds)
