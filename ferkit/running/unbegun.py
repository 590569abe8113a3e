"""A folder in which a run, matrix or sweep was stopped before its first step serves for the next.

A data folder that is not there, or more labels asked for than there are, is found out when the
folder is made already. It then holds the recipe and what went wrong, and nothing worth keeping.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from ferkit.errors import FerkitError
from ferkit.files import told_plainly
from ferkit.running.changed_recipe import RECIPE
from ferkit.running.folder import LOCK, held, new_folder, read_state, refuse_occupied
from ferkit.running.matrix_plan import read_run
from ferkit.running.seen_pictures import FILE as SAMPLES

if TYPE_CHECKING:
    from ferkit.running.progress import Display

_STATES = {
    "run.json": {SAMPLES},
    "matrix.json": {"report.html"},
    "sweep.json": {"report.html"},
}
"""What says how something stands -> what may lie beside it before the first step."""


def unbegun_files(folder: Path) -> list[Path] | None:
    """The files of a run, matrix or sweep that came to no step.

    Returns: all files in the folder; None where one of them was not written by ferkit, was
        changed, or comes of training, or where the folder is a link.
    """
    if folder.is_symlink() or not any((folder / name).is_file() for name in _STATES):
        return None
    planned = _planned(folder)
    found: list[Path] = []
    for name, folders, files in os.walk(folder):
        here = Path(name)
        paths = [here / each for each in files]
        if any(path.is_symlink() for path in [*paths, *(here / each for each in folders)]):
            return None
        names = _known(here)
        if any(path.name not in names and path not in planned for path in paths):
            return None
        found += paths
    return found


def _planned(root: Path) -> set[Path]:
    """Where a matrix keeps the recipes of its runs and what they said.

    A sweep's are left out: it has its database before them, and is begun.
    """
    try:
        runs = [read_run(entry) for entry in read_state(root / "matrix.json")["runs"]]
        recipes = [root / run.plan_file for run in runs if not run.is_shared]
    except (FerkitError, KeyError, TypeError, ValueError):
        return set()
    return {*recipes, *(path.with_suffix(".log") for path in recipes)}


def _known(folder: Path) -> set[str]:
    """Names that files in one folder may have."""
    names = {LOCK}
    for name, beside in _STATES.items():
        if not (folder / name).is_file():
            continue
        try:
            state = read_state(folder / name)
        except FerkitError:
            return set()
        if state.get("status") == "done":
            return set()
        names |= {name} | beside
        with suppress(OSError, TypeError, KeyError):
            if state["recipe"]["sha256"] == _digest(folder / RECIPE):
                names.add(RECIPE)
    return names


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@contextmanager
def held_anew(out: Path | None, name: str, display: Display) -> Iterator[Path]:
    """Make and hold the folder of a new run; one that came to no step is cleared for it.

    Args:
        out, name: as of `new_folder`. display: told where something was cleared.
    Raises: FerkitError: the folder holds something else. RunError: another process uses it.
    """
    occupied = out is not None and unbegun_files(out) is not None
    folder = new_folder(out, name, occupied=occupied)
    with held(folder):
        left = unbegun_files(folder)  # again: another process may have been faster
        if left is None:
            refuse_occupied(folder)
        else:
            _clear(folder, left)
            display.say(f"{folder}: came to no step before, and is begun anew.")
        yield folder


def _clear(folder: Path, files: list[Path]) -> None:
    """Remove files, but for the lock that is held, and the folders that this empties.

    What tells that nothing was begun goes last, so that the rest can still be cleared after a kill.

    Raises: BlockedError: one can't be removed.
    """
    for path in sorted(files, key=lambda each: (-len(each.parts), each.name in _STATES)):
        if path != folder / LOCK:
            with told_plainly(path):
                path.unlink()
    emptied = {parent for path in files for parent in path.relative_to(folder).parents}
    for parent in sorted(emptied - {Path()}, key=lambda each: -len(each.parts)):
        with suppress(OSError):  # there is a folder in it that ferkit did not make
            (folder / parent).rmdir()
