"""Where the files of a distribution lie: what is passed over, and names that are not quite so."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path, PurePosixPath

from ferkit.suggest import nearest

ARCHIVES = (".zip", ".rar", ".7z", ".tar", ".tgz", ".gz", ".bz2", ".xz")
MAC = "__MACOSX"
"""What a Mac puts into archives, with a shadow of every file."""

Holds = Callable[[Path], int]
"""How much of what is looked for a folder holds."""


def seen(folder: Path) -> list[Path]:
    """What is in a folder, sorted, but for hidden things and what a Mac left.

    Raises: OSError: it can't be listed.
    """
    return sorted(
        path for path in folder.iterdir() if not path.name.startswith(".") and path.name != MAC
    )


def folders_like(pattern: str) -> Holds:
    """Counts the folders in a folder whose names match as a whole; case does not matter."""
    name = re.compile(pattern, re.IGNORECASE)

    def count(folder: Path) -> int:
        return sum(1 for path in seen(folder) if name.fullmatch(path.name) and path.is_dir())

    return count


def files_like(pattern: str) -> Holds:
    """Counts what is in a folder and no folder by its name; case does not matter."""
    name = re.compile(pattern, re.IGNORECASE)

    def count(folder: Path) -> int:
        return sum(1 for path in folder.iterdir() if name.fullmatch(path.name))

    return count


def within(folder: Path, name: str) -> Path | None:
    """The path that a list gives below a folder; None if it is empty or leads out of it."""
    path = PurePosixPath(name)
    if not path.parts or path.is_absolute() or ".." in path.parts or "\0" in name:
        return None
    return folder / name


class Names:
    """The names in folders, each folder listed once, to find a name that is written otherwise."""

    def __init__(self) -> None:
        self._known: dict[Path, dict[str, list[str]]] = {}

    def other_case(self, path: Path) -> Path | None:
        """The one file or folder beside `path` whose name differs from its name in case only."""
        folder = path.parent
        if folder not in self._known:
            names: dict[str, list[str]] = {}
            try:
                for entry in folder.iterdir():
                    names.setdefault(entry.name.casefold(), []).append(entry.name)
            except OSError:
                pass
            self._known[folder] = names
        alike = self._known[folder].get(path.name.casefold(), [])
        return folder / alike[0] if len(alike) == 1 else None


def hint_for(folder: Path, name: str) -> str | None:
    """What to do where `folder` has nothing called `name`; None: nothing there resembles it."""
    try:
        entries = sorted(folder.iterdir())
    except OSError:
        return None
    for entry in entries:
        stem = entry.name.lower()
        if stem.endswith(ARCHIVES) and stem.startswith(f"{name.lower()}.") and entry.is_file():
            return f"Unpack '{entry.name}' there."
    deeper = [entry for entry in entries if entry.is_dir() and (entry / name).exists()]
    if len(deeper) == 1 and deeper[0].name != MAC:
        return f"It is in '{deeper[0].name}': let 'path' name that folder."
    close = nearest(name, names_of(entries))
    return f"Did you mean '{close}'?" if close else None


def names_of(paths: Iterable[Path]) -> list[str]:
    """The last part of each path."""
    return [path.name for path in paths]
