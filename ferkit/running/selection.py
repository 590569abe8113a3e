"""`--only`: the part of a matrix that is to be run now."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from ferkit import suggest
from ferkit.errors import FerkitError
from ferkit.matrix_section import MatrixSection
from ferkit.running.plan import PlannedRun


def selected(
    runs: Sequence[PlannedRun], patterns: Sequence[str], *, matrix: MatrixSection
) -> set[Path]:
    """Folders of the runs that patterns name, and of those that they start from.

    Args:
        runs: all of the matrix.
        patterns: shell-style: "SETTING", "SETTING/VARIANT" or "SETTING/VARIANT/RUN", where RUN is
            called like its folder, such as "seed0-fold3" (in a matrix without settings "VARIANT"
            or "VARIANT/RUN"); none stands for everything.
    Raises: FerkitError: a pattern names nothing.
    """
    if not patterns:
        return {run.folder for run in runs}
    folders: set[Path] = set()
    for pattern in patterns:
        named = {run.folder for run in runs if _is_named(run, pattern)}
        if not named:
            raise _names_nothing(pattern, runs, matrix)
        folders |= named
    by_folder = {run.folder: run for run in runs if not run.is_shared}
    for folder in list(folders):
        needs = by_folder[folder].needs
        while needs is not None and needs not in folders:
            folders.add(needs)
            needs = by_folder[needs].needs
    return folders


def _is_named(run: PlannedRun, pattern: str) -> bool:
    parts = [run.variant, run.folder.name]
    if run.setting is not None:
        parts.insert(0, run.setting)
    wanted = pattern.split("/")
    return len(wanted) <= len(parts) and all(
        fnmatchcase(part, each or "*") for part, each in zip(parts, wanted, strict=False)
    )


def _names_nothing(pattern: str, runs: Sequence[PlannedRun], matrix: MatrixSection) -> FerkitError:
    levels = [("Variants", list(matrix.variants)), ("Runs", [run.folder.name for run in runs])]
    if matrix.settings is not None:
        levels.insert(0, ("Settings", list(matrix.settings)))
    hint = ""
    for (label, known), part in zip(levels, pattern.split("/"), strict=False):
        if not any(fnmatchcase(name, part or "*") for name in known):
            hint = suggest.hint(part, dict.fromkeys(known), label=label)
            break
    return FerkitError("names no run of this matrix.", where=f"--only {pattern}", hint=hint or None)
