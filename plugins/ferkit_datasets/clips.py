"""Clips as distributions hold them: videos, and folders with the images of a clip."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from pathlib import Path

from ferkit.faces.decode import is_video
from ferkit_datasets.gathered import Gathered
from ferkit_datasets.places import Holds, seen


def folders_in(folder: Path) -> list[Path]:
    """The folders in a folder, sorted, hidden ones left out."""
    return [path for path in seen(folder) if path.is_dir()]


def videos_in(folder: Path) -> list[Path]:
    """The videos in a folder, sorted, hidden ones left out."""
    return [path for path in seen(folder) if is_video(path) and not path.is_dir()]


def videos_below(folder: Path) -> Iterator[Path]:
    """The videos at any depth, in an order that does not depend on the file system."""
    yield from videos_in(folder)
    for inner in folders_in(folder):
        if not inner.is_symlink():  # one that leads upwards would never end
            yield from videos_below(inner)


def unpacked(found: Gathered, *names: str, holds: Holds) -> Path:
    """A folder that lies in the root, or in a folder of its own name, as some programs unpack it.

    Args:
        names: what releases call it, below the root.
        holds: how much of what is looked for a folder holds: the fullest is taken.
    Raises: FerkitError: there is none.
    """
    doubled = [f"{name}/{name.rpartition('/')[2]}" for name in names]
    return found.fullest(*names, *doubled, holds=holds)


def below_root(found: Gathered, path: Path) -> str:
    """The path below the data set's folder."""
    return path.relative_to(found.root).as_posix()


def surplus_clips(found: Gathered, clips: Iterable[Path], *, named: AbstractSet[Path]) -> None:
    """Note clips that no row names."""
    for clip in clips:
        if clip not in named:
            found.problem("surplus file", below_root(found, clip), "no row names it.")
