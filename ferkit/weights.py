"""Fetched weights: where they are kept, and whether they are what they should be."""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

from ferkit.errors import FerkitError, RunError
from ferkit.files import write_whole
from ferkit.known_weights import KnownWeights, look_up
from ferkit.unverified import what_is_broken


@dataclass(frozen=True)
class Record:
    """What is remembered of a file, so that it is not read again as long as it is the same.

    Attributes:
        sha256: of the content, hex.
        bytes: its size.
        mtime_ns: when it was last changed, nanoseconds since 1970.
    """

    sha256: str
    bytes: int
    mtime_ns: int


class Found(NamedTuple):
    """path: of a file of weights. sha256: of its content, hex."""

    path: Path
    sha256: str


def find_weights(name: str) -> Path:
    """The file of weights called `name` in the registry, verified; see `find_and_hash`."""
    return find_and_hash(name).path


def find_and_hash(name: str) -> Found:
    """The file of weights called `name` in the registry, verified, and its hash.

    It is hashed when it is new or has changed, else only looked at.

    Raises: FerkitError: no such weights, not fetched yet, or not the right file; the hint says
        what to do.
    """
    known = look_up(name)
    path = known.place
    if not path.is_file():
        raise FerkitError(
            f"the weights {name!r} are not here.",
            where=str(path),
            hint=f"Run 'ferkit fetch {name}'. {by_hand(known)}",
        )
    if known.sha256 is None and not known.bundled and read_record(known) is None:
        raise FerkitError(
            f"nobody published a sha256 of the weights {name!r}, so this file can't be verified.",
            where=str(path),
            hint=f"Run 'ferkit fetch {name}' to accept it as it is.",
        )
    return Found(path, check(known))


def verify(path: Path, sha256: str) -> None:
    """Hold a file to a hash.

    Args:
        path: the file.
        sha256: what it must have, 64 hex digits.
    Raises: FerkitError: it has another one, or can't be read.
    """
    hold_to(Found(path, digest(path)), sha256)


def hold_to(found: Found, sha256: str) -> None:
    """Hold a file that has been hashed to a hash.

    Raises: FerkitError: it has another one.
    """
    if found.sha256 != sha256.lower():
        raise wrong_hash(found.path, found=found.sha256, wanted=sha256.lower())


def digest(path: Path) -> str:
    """SHA-256 of a file, hex.

    Raises: FerkitError: it can't be read.
    """
    return _measured(path).sha256


def check(known: KnownWeights) -> str:
    """Hold the file in its place to the hash that is published, or else remembered.

    Returns: its sha256, remembered from now on.
    Raises: FerkitError: it is another file, or can't be read.
    """
    path, remembered = known.place, read_record(known)
    now = _stat(path)
    if remembered is None or (remembered.bytes, remembered.mtime_ns) != now:
        found = _measured(path)
    else:
        found = remembered
    if known.sha256 is None and remembered is None:
        refuse_broken(path, path)
    wanted = known.sha256 or (found.sha256 if remembered is None else remembered.sha256)
    if found.sha256 != wanted:
        hint = f"Remove it and run 'ferkit fetch {known.name}'."
        if known.bundled:
            hint = f"Another version of the package may bring another file. {by_hand(known)}"
        elif known.sha256 is None:
            hint = f"If the new one is right, remove {record_path(known)}."
        raise wrong_hash(path, found=found.sha256, wanted=wanted, hint=hint)
    if found != remembered:
        try:
            remember(known, found)
        except RunError:
            # Only costs reading it again; but without a published hash it is all there is to
            # hold the next file to.
            if known.sha256 is None:
                raise
    return found.sha256


def refuse_broken(path: Path, where: Path) -> None:
    """Refuse a file that no hash speaks for and that can't be whole.

    Args:
        where: named in the error.
    Raises: FerkitError: it is empty, a web page or cut off, or can't be read.
    """
    try:
        broken = what_is_broken(path)
    except OSError as error:
        raise _unreadable(path, error) from error
    if broken is not None:
        raise FerkitError(f"no file of weights: {broken}", where=str(where))


def whereabouts(known: KnownWeights) -> str:
    """Whether the file is here, in a word or two; its content is not read."""
    if known.bundled:
        return "in a package"
    if not known.place.is_file():
        return "no"
    record = read_record(known)
    if record is None or (record.bytes, record.mtime_ns) != _stat(known.place):
        return "not verified yet"
    return "yes" if known.sha256 in (None, record.sha256) else "a wrong file"


def by_hand(known: KnownWeights) -> str:
    """A sentence for those who can't download: what to get, where to put it."""
    got = known.entry.instructions or f"get {known.entry.url or known.sources[0]}"
    got = got.replace("bundled: ", "get ", 1)
    command = f"ferkit fetch {known.name}"
    put = f"put it at {known.in_cache} (sha256 {known.sha256})"
    if known.sha256 is None:
        put = f"put it at {known.in_cache} and run '{command}' (nobody published its sha256)"
    return f"By hand: {got.rstrip('.')}; {put}, or run '{command} --from FILE'."


def wrong_hash(path: Path, *, found: str, wanted: str, hint: str | None = None) -> FerkitError:
    """The error of a file that is another one than it should be."""
    return FerkitError(
        f"not the right file: its sha256 is {found}, it must be {wanted}.",
        where=str(path),
        hint=hint,
    )


def record_path(known: KnownWeights) -> Path:
    """The side file in the cache; files of packages have none."""
    return known.in_cache.with_name(f"{known.in_cache.name}.json")


def read_record(known: KnownWeights) -> Record | None:
    """What is remembered of the file, or None; an unreadable side file is as good as none."""
    if known.bundled:
        return None
    with suppress(OSError, ValueError, TypeError):
        return Record(**json.loads(record_path(known).read_text(encoding="utf-8")))
    return None


def remember(known: KnownWeights, record: Record) -> None:
    """Write the side file.

    Raises: RunError: it can't be written.
    """
    if not known.bundled:
        write_whole(record_path(known), json.dumps(asdict(record)) + "\n")


def _stat(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError as error:
        raise _unreadable(path, error) from error
    return found.st_size, found.st_mtime_ns


def _measured(path: Path) -> Record:
    try:
        with path.open("rb") as file:
            # Before reading: a file that is changed meanwhile is read again next time.
            before = os.fstat(file.fileno())
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise _unreadable(path, error) from error
    return Record(sha256, before.st_size, before.st_mtime_ns)


def _unreadable(path: Path, error: OSError) -> FerkitError:
    return FerkitError(f"can't be read: {error.strerror}.", where=str(path))
