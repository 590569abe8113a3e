"""What a matrix comes to: which runs, from which recipes, in which order."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ferkit.recipe_merge import lay_over
from ferkit.sections import MatrixSection

FIRST = "first"
"""Name of the shared first models in the plan, and of their folder."""


@dataclass(frozen=True)
class PlannedRun:
    """One run of a matrix.

    Args:
        variant: its name in the recipe, or "first".
        seed: the run's seed.
        folder: of the run, below the matrix folder.
        document: its whole recipe, as a plain mapping.
        needs: folder of the run that must be done before, or None.
    """

    variant: str
    seed: int
    folder: Path
    document: Mapping[str, Any]
    needs: Path | None = None

    @property
    def label(self) -> str:
        return f"{self.variant}, seed {self.seed}"


def plan_matrix(document: Mapping[str, Any], matrix: MatrixSection) -> list[PlannedRun]:
    """All runs of a matrix, first models before those that start from them.

    Args:
        document: the recipe without its `matrix:`.
    """
    runs = []
    starts_from_first = [name for name in matrix.variants if name not in matrix.from_scratch]
    for seed in matrix.seeds:
        if matrix.first is not None and starts_from_first:
            runs.append(_planned(document, FIRST, matrix.first, seed, None))
    for seed in matrix.seeds:
        for variant, fragment in matrix.variants.items():
            needs = (
                Path(FIRST) / f"seed{seed}"
                if matrix.first is not None and variant in starts_from_first
                else None
            )
            runs.append(_planned(document, variant, fragment, seed, needs))
    return runs


def _planned(
    document: Mapping[str, Any],
    variant: str,
    fragment: Mapping[str, Any],
    seed: int,
    needs: Path | None,
) -> PlannedRun:
    laid = dict(lay_over(dict(document), dict(fragment)))
    laid["seed"] = seed
    laid["name"] = f"{document.get('name', 'run')}-{variant}"
    if needs is not None:
        # Relative to the folder the recipe is written to: `plan/` beside the runs.
        laid["init"] = (Path("..") / needs).as_posix()
    return PlannedRun(variant, seed, Path(variant) / f"seed{seed}", laid, needs)


def default_jobs(device: str, runs: int) -> int:
    """How many runs go side by side: one per core on a CPU, one at a time on a GPU."""
    if device != "cpu":
        return 1
    return max(1, min(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1, runs))


def ready(
    waiting: Sequence[PlannedRun], done: set[Path], failed: set[Path]
) -> tuple[PlannedRun | None, list[PlannedRun]]:
    """The next run that can start, and those that never can because what they need failed."""
    hopeless = [run for run in waiting if run.needs in failed]
    for run in waiting:
        if run not in hopeless and (run.needs is None or run.needs in done):
            return run, hopeless
    return None, hopeless
