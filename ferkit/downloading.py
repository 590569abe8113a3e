"""Download one file over HTTP: in parts that survive a broken connection or a killed process."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from http.client import HTTPResponse
from pathlib import Path
from urllib.request import Request

from ferkit.files import told_plainly, write_whole
from ferkit.unverified import HEAD
from ferkit.web import (
    Answer,
    DownloadError,
    Dropped,
    address,
    ask,
    chunks,
    meaning,
    read_answer,
)


@dataclass(frozen=True)
class Patience:
    """How long to try.

    Attributes:
        attempts: in a row without a new byte.
        timeout_s: seconds without an answer.
        longest_s: most seconds between two attempts; they double from 1 s.
        pause: waits for so many seconds.
    """

    attempts: int = 5
    timeout_s: float = 30.0
    longest_s: float = 60.0
    pause: Callable[[float], None] = time.sleep


@dataclass(frozen=True)
class _Begun:
    """What is known of a part: whence, which version (ETag or date), the whole size in bytes."""

    url: str
    version: str | None
    total: int | None


def download(
    url: str,
    part: Path,
    *,
    size: int | None,
    verified: bool,
    progress: Callable[[int, int | None], None],
    say: Callable[[str], None],
    patience: Patience | None = None,
) -> None:
    """Fill `part` with the file at `url`, going on with what is there of it.

    Beside it `part`.json remembers of which version of the file it is a part.

    Args:
        url: http or https.
        size: bytes that the file must have, None if nobody knows.
        verified: the content will be held to a hash. If it is not, nothing is taken from a server
            that does not say where the file ends: a part would pass for the whole.
        progress: told the bytes that are there and those there will be, None if unknown.
        say: told in a sentence what goes wrong for now.
    Raises:
        FerkitError: the address is of another kind.
        DownloadError: it can't be had there; what came stays for the next attempt.
        RunError: it can't be written; what came before stays.
    """
    patience = Patience() if patience is None else patience
    url = address(url)
    before = most = _size(part)
    in_vain = 0
    while True:
        try:
            return _attempt(
                url,
                part,
                size=size,
                verified=verified,
                progress=progress,
                say=say,
                patience=patience,
            )
        except Dropped as error:
            here = _size(part)
            in_vain = 1 if here > most else in_vain + 1
            # A server that always begins anew must not look like progress.
            most = max(most, here)
            if in_vain >= patience.attempts or (error.hopeless and most == before):
                times = f", {in_vain} times" if in_vain > 1 else ""
                raise DownloadError(f"{error.reason}{times}.", where=url) from error
            wait_s = min(max(error.wait_s, 2.0 ** (in_vain - 1)), patience.longest_s)
            say(f"{url}: {error.reason}; trying again in {wait_s:g} s")
            patience.pause(wait_s)


def discard(part: Path) -> None:
    """Remove a part and what is remembered of it."""
    with told_plainly(part):
        part.unlink(missing_ok=True)
        _side(part).unlink(missing_ok=True)


def _attempt(
    url: str,
    part: Path,
    *,
    size: int | None,
    verified: bool,
    progress: Callable[[int, int | None], None],
    say: Callable[[str], None],
    patience: Patience,
) -> None:
    here, begun = _size(part), _read_begun(part)
    totals = {each for each in (size, begun.total if begun else None) if each is not None}
    if begun is None or begun.url != url:
        here = 0
    elif here and totals == {here}:
        return progress(here, here)
    elif begun.version is None or len(totals) > 1 or here > max(totals, default=here):
        here = 0  # nothing tells whether the rest would be of the same file
    request = Request(url)
    if here and begun is not None and begun.version is not None:
        request.add_header("Range", f"bytes={here}-")
        request.add_header("If-Range", begun.version)
    again = False
    with ask(request, timeout_s=patience.timeout_s) as response:
        answer = read_answer(response)
        if answer.status == 416 and here:
            _hold_to_size(url, answer.total, size)
            if here in (answer.total, size):
                return progress(here, here)
            again = True
        elif answer.status == 206 and not _continues(answer, here, begun):
            again = True
        elif answer.status not in (200, 203, 206):
            raise DownloadError(f"the server answers {meaning(answer.status)}.", where=url)
        elif answer.encoding not in ("", "identity"):
            raise DownloadError(f"the server sends it packed ({answer.encoding}).", where=url)
        else:
            if here and answer.status != 206:
                say(f"{url}: the server begins anew: the file has changed, or it can't resume")
                here = 0
            if size is None and here and begun is not None:
                size = begun.total  # which this answer may leave unsaid
            if answer.total is None and size is None and not (answer.chunked or verified):
                raise DownloadError(
                    "the server does not say how long the file is, and nobody published its"
                    " sha256: if the connection broke, a part would pass for the whole.",
                    where=url,
                    hint="If you know its hash, give it with --sha256.",
                )
            _receive(response, answer, url, part, here=here, size=size, progress=progress)
    if again:
        if not here:
            raise DownloadError("the server sends another part than it was asked for.", where=url)
        discard(part)
        _attempt(
            url,
            part,
            size=size,
            verified=verified,
            progress=progress,
            say=say,
            patience=patience,
        )


def _continues(answer: Answer, here: int, begun: _Begun | None) -> bool:
    """Whether a partial answer goes on right behind what is there, in the same version."""
    if answer.start != here or begun is None:
        return answer.start == here == 0
    same_size = answer.total is None or begun.total is None or answer.total == begun.total
    return same_size and answer.version in (None, begun.version)


def _receive(
    response: HTTPResponse,
    answer: Answer,
    url: str,
    part: Path,
    *,
    here: int,
    size: int | None,
    progress: Callable[[int, int | None], None],
) -> None:
    """Append the body to the part, from byte `here` on; 0 replaces it."""
    body = chunks(response)
    head = b""
    if not here:
        for chunk in body:
            head += chunk
            if len(head) >= HEAD:
                break
        if answer.shows_page(head):
            raise DownloadError(
                "the server sends a web page instead of the file.",
                where=url,
                hint="It may want a login or a click: open it in a browser and save the file.",
            )
    total = answer.total
    _hold_to_size(url, total, size)
    total = size if total is None else total
    with told_plainly(part, hint="What came so far stays."):
        part.parent.mkdir(parents=True, exist_ok=True)
        if not here:
            part.unlink(missing_ok=True)
            # Ahead of the content, so that no old content can pass for a part of the new.
            write_whole(_side(part), json.dumps(asdict(_Begun(url, answer.version, total))))
        with part.open("ab") as file:
            here += file.write(head)
            progress(here, total)
            for chunk in body:
                here += file.write(chunk)
                progress(here, total)
                if total is not None and here > total:
                    break
    if total is not None and here > total:
        discard(part)
        raise DownloadError(f"the file there has more than {total} bytes.", where=url)
    if total is not None and here < total:
        raise Dropped(f"the connection ended after {here} of {total} bytes")
    if not here:
        discard(part)
        raise DownloadError("the file there is empty.", where=url)


def _hold_to_size(url: str, total: int | None, size: int | None) -> None:
    if None not in (total, size) and total != size:
        raise DownloadError(f"the file there has {total} bytes, not {size}.", where=url)


def _size(part: Path) -> int:
    try:
        return part.stat().st_size
    except FileNotFoundError:
        return 0


def _side(part: Path) -> Path:
    return part.with_name(f"{part.name}.json")


def _read_begun(part: Path) -> _Begun | None:
    with suppress(OSError, ValueError, TypeError):
        return _Begun(**json.loads(_side(part).read_text(encoding="utf-8")))
    return None
