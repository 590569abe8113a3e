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
        patterns: shell-style: "SETTING" or "SETTING/VARIANT" ("VARIANT" in a matrix without
            settings); none stands for everything.
    Raises: FerkitError: a pattern names nothing.
    """
    if not patterns:
        return {run.folder for run in runs}
    folders: set[Path] = set()
    for pattern in patterns:
        named = {run.folder for run in runs if _is_named(run, pattern)}
        if not named:
            raise _names_nothing(pattern, matrix)
        folders |= named
    by_folder = {run.folder: run for run in runs if not run.is_shared}
    for folder in list(folders):
        needs = by_folder[folder].needs
        while needs is not None and needs not in folders:
            folders.add(needs)
            needs = by_folder[needs].needs
    return folders


def _is_named(run: PlannedRun, pattern: str) -> bool:
    if run.setting is None:
        return fnmatchcase(run.variant, pattern)
    setting, _, variant = pattern.partition("/")
    return fnmatchcase(run.setting, setting) and fnmatchcase(run.variant, variant or "*")


def _names_nothing(pattern: str, matrix: MatrixSection) -> FerkitError:
    setting, _, variant = pattern.partition("/")
    settings, variants = list(matrix.settings or {}), list(matrix.variants)
    if matrix.settings is None:
        hint = suggest.hint(pattern, variants, label="Variants")
    elif any(fnmatchcase(name, setting) for name in settings):
        hint = suggest.hint(variant, variants, label="Variants")
    else:
        hint = suggest.hint(setting, settings, label="Settings")
    return FerkitError("names no run of this matrix.", where=f"--only {pattern}", hint=hint or None)
