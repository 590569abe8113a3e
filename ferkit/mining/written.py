"""Which clips were written from a video: what may be used again, and what may be removed."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from ferkit.files import TEMPORARY, told_plainly, write_whole
from ferkit.mining.findings import FOLDER as FINDINGS
from ferkit.mining.findings import KEPT
from ferkit.mining.manifest import CLIPS

FOLDER = "written"
LONGEST_STEM = 120  # bytes; file systems take 255 in all


def clip_name(source: Path, content: str, first: int, last: int) -> str:
    """What the clip of some frames of a video is called."""
    stem = source.stem.lstrip(".").encode()[:LONGEST_STEM].decode(errors="ignore")
    return f"{stem}-{content[:8]}-{first}-{last}.mp4"


class Written:
    """The clips of one video that are, or soon may be, in DIR/clips.

    Names are noted before clips are written, so that none is ever there unknown.

    Args:
        out: DIR. content: key of the video.
    """

    def __init__(self, out: Path, content: str) -> None:
        self._clips = out / CLIPS
        self._path = out / FOLDER / f"{content}.json"
        self._notes: dict[str, tuple[str, int]] = _read(self._path)

    def how(self, name: str) -> str:
        """How a clip was written; "" if it is not there, or not as it was."""
        how, size = self._notes.get(name, ("", -1))
        with suppress(OSError):
            if how and (self._clips / name).stat().st_size == size:
                return how
        return ""

    def plan(self, names: Iterable[str]) -> None:
        """Note clips that are about to be written."""
        new = {name: ("", 0) for name in names if not self.how(name)}
        if new:
            self._notes |= new
            self._write()

    def note(self, name: str, how: str) -> None:
        """Note a clip that is there."""
        self._notes[name] = how, (self._clips / name).stat().st_size
        self._write()

    def remove_others(self, wanted: Collection[str]) -> int:
        """Remove all clips of the video but these; how many there were."""
        others = [name for name in self._notes if name not in wanted]
        removed = 0
        with told_plainly(self._clips):
            for name in others:
                path = self._clips / name
                removed += path.exists()
                path.unlink(missing_ok=True)
                del self._notes[name]
            if not self._notes:
                self._path.unlink(missing_ok=True)
            elif others:
                self._write()
        return removed

    def _write(self) -> None:
        write_whole(self._path, json.dumps(self._notes, indent=0, sort_keys=True) + "\n")


def clips_of(folder: Path) -> set[str]:
    """Names of the clips in a folder that mining wrote into it, by what is noted beside it."""
    if folder.name != CLIPS:
        return set()
    notes = (folder.parent / FOLDER).glob("*.json")
    return {name for path in notes for name in _read(path)}


def all_written(out: Path) -> Iterator[Written]:
    """Of every video that clips were ever written from."""
    for path in sorted((out / FOLDER).glob("*.json")):
        yield Written(out, path.stem)


def make_folders(out: Path) -> None:
    """Make DIR and what is in it, and remove files that a killed process left half written.

    Raises: RunError: it can't be done.
    """
    with told_plainly(out, hint=KEPT):
        for name in (FINDINGS, FOLDER, CLIPS):
            (out / name).mkdir(parents=True, exist_ok=True)


def remove_half_written(out: Path) -> None:
    """Remove temporary files. Only where no other process writes."""
    for name in (FINDINGS, FOLDER, CLIPS):
        for path in (out / name).glob(f".*{TEMPORARY}"):
            with suppress(OSError):
                path.unlink()


def _read(path: Path) -> dict[str, tuple[str, int]]:
    """The notes; none where they can't be read: clips are then written anew."""
    try:
        notes = json.loads(path.read_text(encoding="utf-8"))
        return {
            str(name): (str(how), int(size))
            for name, (how, size) in notes.items()
            if Path(name).name == name  # a file in the folder of clips, nowhere else
        }
    except (OSError, ValueError, TypeError, AttributeError):
        return {}
