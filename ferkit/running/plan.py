"""What a matrix comes to: which runs, from which recipes, in which order."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ferkit.matrix_section import MatrixSection
from ferkit.recipe_merge import lay_over

FIRST = "first"
"""Name of the shared first models in the plan, and of their folder."""


@dataclass(frozen=True)
class PlannedRun:
    """One run of a matrix.

    Args:
        variant: its name in the recipe, or "first".
        seed: the run's seed.
        folder: of the run, below the matrix folder.
        needs: folder of the run that must be done before, or None.
    """

    variant: str
    seed: int
    folder: Path
    needs: Path | None = None

    @property
    def label(self) -> str:
        return f"{self.variant}, seed {self.seed}"

    @property
    def plan_file(self) -> Path:
        """Its own recipe, below the matrix folder."""
        return Path(".plan") / f"{self.variant}-seed{self.seed}.yaml"


def plan_runs(matrix: MatrixSection) -> list[PlannedRun]:
    """All runs of a matrix, first models before those that start from them."""
    with_first = matrix.first is not None and set(matrix.variants) - set(matrix.from_scratch)
    runs = []
    if with_first:
        runs += [PlannedRun(FIRST, seed, _folder(FIRST, seed)) for seed in matrix.seeds]
    for seed in matrix.seeds:
        for variant in matrix.variants:
            starts = with_first and variant not in matrix.from_scratch
            needs = _folder(FIRST, seed) if starts else None
            runs.append(PlannedRun(variant, seed, _folder(variant, seed), needs))
    return runs


def _folder(variant: str, seed: int) -> Path:
    return Path(variant) / f"seed{seed}"


def run_document(
    document: Mapping[str, Any], matrix: MatrixSection, run: PlannedRun, *, name: str, root: Path
) -> dict[str, Any]:
    """The recipe of one run as a plain mapping.

    Args:
        document: the recipe; its key `matrix` is left out.
        name: of the recipe. root: the matrix folder.
    """
    rest = {key: value for key, value in document.items() if key != "matrix"}
    fragment = matrix.first if run.variant == FIRST else matrix.variants[run.variant]
    laid = lay_over(rest, fragment or {})
    laid |= {"seed": run.seed, "name": f"{name}-{run.variant}"}
    if run.needs is not None:
        laid["init"] = str((root / run.needs).absolute())
    return laid


def default_jobs(device: str, runs: int) -> int:
    """How many runs go side by side: one per core on a CPU, one at a time on a GPU."""
    if device != "cpu":
        return 1
    return max(1, min(available_cores(), runs))


def available_cores() -> int:
    """Cores this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)  # not on macOS
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def ready(
    waiting: Sequence[PlannedRun], done: set[Path], failed: set[Path]
) -> tuple[PlannedRun | None, list[PlannedRun]]:
    """The next run that can start, and those that never can because what they need failed."""
    hopeless = [run for run in waiting if run.needs in failed]
    for run in waiting:
        if run not in hopeless and (run.needs is None or run.needs in done):
            return run, hopeless
    return None, hopeless
