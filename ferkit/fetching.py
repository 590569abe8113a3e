"""Weights into the cache: downloaded or taken from a file, and nothing unverified unsaid."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from glob import escape
from pathlib import Path

from ferkit.downloading import Patience, discard, download
from ferkit.errors import FerkitError
from ferkit.files import TEMPORARY, replacing, told_plainly
from ferkit.known_weights import KnownWeights
from ferkit.locking import locked
from ferkit.web import DownloadError
from ferkit.weights import (
    Record,
    by_hand,
    check,
    digest,
    read_record,
    record_path,
    refuse_broken,
    remember,
    wrong_hash,
)

CHUNK = 1 << 20


@dataclass(frozen=True)
class Arrived:
    """Weights that are in their place.

    Attributes:
        path: the file.
        sha256: of its content.
        new: it came just now; False: it was there.
    """

    path: Path
    sha256: str
    new: bool


def present(
    known: KnownWeights, say: Callable[[str], None], *, sources: Sequence[str] | None = None
) -> Arrived | None:
    """The weights if they are in their place and right.

    Args:
        sources: addresses where others can be had; None: those that are known.
    Raises: FerkitError: another file is there, and there is no source or no published hash that
        says that a new one is right.
    """
    sources = known.sources if sources is None else sources
    if not known.place.is_file():
        return None
    try:
        return Arrived(known.place, check(known), new=False)
    except FerkitError as error:
        if known.sha256 is None or not sources:
            raise
        say(f"{error.where}: {error.what} It is fetched anew.")
        return None


def fetch(
    known: KnownWeights,
    sources: Sequence[str],
    *,
    progress: Callable[[int, int | None], None],
    say: Callable[[str], None],
    patience: Patience | None = None,
) -> Arrived:
    """Download weights, verify them and put them in their place.

    A second process that wants the same waits and finds them there.

    Args:
        sources: addresses, tried one after the other.
        progress, say, patience: see `ferkit.downloading.download`.
    Raises:
        FerkitError: there is no source, or one that can't be downloaded from.
        RunError: no source gives the right file, or it can't be written.
    """
    if not sources:
        raise FerkitError(f"ferkit can't download the weights {known.name!r}.", hint=by_hand(known))
    with _alone(known, say):
        arrived = present(known, say, sources=sources)
        if arrived is not None:
            return arrived
        for number, url in enumerate(sources, start=1):
            try:
                return _from_source(known, url, progress=progress, say=say, patience=patience)
            except DownloadError as error:
                if number == len(sources):
                    hint = " ".join(text for text in (error.hint, by_hand(known)) if text)
                    raise DownloadError(error.what, where=error.where, hint=hint) from error
                say(f"{error} The next source is tried.")
    raise AssertionError("the last source returns or raises")


def take(known: KnownWeights, file: Path, *, say: Callable[[str], None]) -> Arrived:
    """Copy a file that the user has into the cache, if it is the right one.

    Weights that an installed package brings need no copy, as long as the package's file is right.

    Raises:
        FerkitError: it can't be read or is another file.
        RunError: the copy can't be written.
    """
    with suppress(FerkitError):
        if known.bundled:
            return Arrived(known.bundled, check(known), new=False)
    _refuse_no_file(known, file)
    with _alone(known, say):
        wanted = _wanted(known)
        with suppress(OSError):
            if file.samefile(known.in_cache):
                return Arrived(known.in_cache, check(known), new=True)
        hasher = hashlib.sha256()
        with told_plainly(known.in_cache), replacing(known.in_cache) as copy:
            for chunk in _read(file):
                hasher.update(chunk)
                copy.write(chunk)
            found = hasher.hexdigest()
            if found != (wanted or found):
                raise wrong_hash(file, found=found, wanted=wanted or "", hint=_advice(known))
            _hold_to_size(known, file, copy.tell())  # a pipe's is known only now
            if wanted is None:
                copy.flush()
                refuse_broken(Path(copy.name), file)
        return _arrived(known, found)


def _from_source(
    known: KnownWeights,
    url: str,
    *,
    progress: Callable[[int, int | None], None],
    say: Callable[[str], None],
    patience: Patience | None,
) -> Arrived:
    part, wanted = _part(known), _wanted(known)
    download(
        url,
        part,
        size=known.entry.bytes,
        verified=wanted is not None,
        progress=progress,
        say=say,
        patience=patience,
    )
    if wanted is None:
        try:
            refuse_broken(part, part)
        except FerkitError as error:
            discard(part)
            raise DownloadError(error.what, where=url) from error
    found = digest(part)
    if found != (wanted or found):
        discard(part)
        raise DownloadError(
            f"not the right file: its sha256 is {found}, it must be {wanted}; it was removed.",
            where=url,
            hint=_advice(known),
        )
    with part.open("r+b") as file:
        os.fsync(file.fileno())
    part.replace(known.in_cache)
    return _arrived(known, found)


def _arrived(known: KnownWeights, sha256: str) -> Arrived:
    discard(_part(known))  # also that of a download that was given up for a file
    found = known.in_cache.stat()
    remember(known, Record(sha256, found.st_size, found.st_mtime_ns))
    return Arrived(known.in_cache, sha256, new=True)


def _part(known: KnownWeights) -> Path:
    return known.in_cache.with_name(f".{known.in_cache.name}.part")


def _wanted(known: KnownWeights) -> str | None:
    """The published hash, or else that of the file that was there before; None: neither."""
    if known.sha256 is not None:
        return known.sha256
    remembered = read_record(known)
    return remembered.sha256 if remembered else None


def _advice(known: KnownWeights) -> str | None:
    if known.sha256 is not None:
        return None
    return f"That was the first that came here; to accept another one remove {record_path(known)}."


def _refuse_no_file(known: KnownWeights, file: Path) -> None:
    """Refuse what is not worth a copy, or has no end.

    Raises: FerkitError: it is not there, is no file, or has not the registered size; where a hash
        is published, that alone decides.
    """
    try:
        found = file.stat()
    except OSError as error:
        raise FerkitError(f"can't be read: {error.strerror}.", where=str(file)) from error
    if stat.S_ISDIR(found.st_mode):
        raise FerkitError("it is a folder.", where=str(file), hint="Name the file in it.")
    if stat.S_ISREG(found.st_mode):
        _hold_to_size(known, file, found.st_size)
    elif not stat.S_ISFIFO(found.st_mode):
        raise FerkitError("it is no file.", where=str(file))


def _hold_to_size(known: KnownWeights, file: Path, size: int) -> None:
    wanted = known.entry.bytes
    if known.sha256 is None and wanted not in (None, size):
        raise FerkitError(
            f"not the right file: it has {size} bytes, not {wanted}.", where=str(file)
        )


def _read(file: Path) -> Iterator[bytes]:
    try:
        with file.open("rb") as opened:
            while chunk := opened.read(CHUNK):
                yield chunk
    except OSError as error:
        raise FerkitError(f"can't be read: {error.strerror}.", where=str(file)) from error


@contextmanager
def _alone(known: KnownWeights, say: Callable[[str], None]) -> Iterator[None]:
    folder = known.in_cache.parent
    with told_plainly(folder):
        folder.mkdir(parents=True, exist_ok=True)
        lock = folder / f".{known.in_cache.name}.lock"
        with locked(lock, what=f"the file of the weights {known.name!r}", waiting=say):
            for left in folder.glob(f".{escape(known.in_cache.name)}-*{TEMPORARY}"):
                left.unlink(missing_ok=True)  # of a copy that was killed
            yield
