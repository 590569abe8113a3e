"""Whether the trials of a sweep are measured on the same validation samples."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from ferkit.errors import FerkitError
from ferkit.evaluation.comparisons import readable_answers

if TYPE_CHECKING:
    from ferkit.running.sweep_plan import SweepPlan


def validation_labels(folder: Path) -> dict[str, str]:
    """Id of each labelled validation sample of a finished run -> its label.

    Raises: FerkitError: predictions.parquet does not say.
    """
    path = folder / "predictions.parquet"
    answers = readable_answers(path, "validation")
    if answers is None:
        raise FerkitError("is missing or damaged, or has no validation sample.", where=str(path))
    return {name: answer.label for name, answer in answers.items()}


def first_labels(plan: SweepPlan, numbers: Iterable[int]) -> tuple[int, dict[str, str]] | None:
    """The first of some trials whose samples are known, and these.

    Seeds of runs do not move samples, so the run with the first seed stands for its trial.
    """
    for number in sorted(numbers):
        with suppress(FerkitError):  # damaged, or it has the values of another trial and no run
            return number, validation_labels(plan.run_folder(number, plan.sweep.seeds[0]))
    return None


def refuse_others(
    found: Mapping[str, str], number: int, known: Mapping[str, str], *, where: Path
) -> None:
    """Refuse a trial that is measured on other samples or labels than one before.

    Args:
        found: `validation_labels` of the trial. known: those of trial `number`.
        where: a run folder of the trial.
    Raises: FerkitError: says how many differ.
    """
    differences = {
        "new": len(found.keys() - known.keys()),
        "missing": len(known.keys() - found.keys()),
        "of another label": sum(known[name] != found[name] for name in found.keys() & known.keys()),
    }
    if any(differences.values()):
        told = ", ".join(f"{count} {what}" for what, count in differences.items() if count)
        raise FerkitError(
            f"its validation samples are others than those of trial {number} ({told} of"
            f" {len(known)}), so the two can't be compared.",
            where=str(where),
            hint="Take the key that decides which samples there are out of sweep.space.",
        )
