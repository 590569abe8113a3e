"""HTTP and nothing else: addresses, an opener that follows redirects, answers taken apart."""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPException, HTTPMessage, HTTPResponse
from typing import IO, cast
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlsplit
from urllib.request import (
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPHandler,
    HTTPRedirectHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
)

from ferkit import __version__
from ferkit.errors import BlockedError, FerkitError
from ferkit.unverified import begins_as_markup, begins_as_page

CHUNK = 1 << 16

WORTH_ANOTHER = (408, 425, 429, 500, 502, 503, 504)
"""HTTP statuses that may be gone at the next attempt."""

_NUMBER = re.compile(r"[0-9]{1,18}")
_RANGE = re.compile(rf"bytes (?:({_NUMBER.pattern})-{_NUMBER.pattern}|\*)/({_NUMBER.pattern}|\*)")


class DownloadError(BlockedError):
    """This source does not give the file; another one may."""


class Dropped(Exception):
    """An attempt failed in a way that the next one may not."""

    def __init__(self, reason: str, *, wait_s: float = 0.0, hopeless: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.wait_s = wait_s
        self.hopeless = hopeless


@dataclass(frozen=True)
class Answer:
    """What the head of an HTTP answer says.

    Attributes:
        status: HTTP's.
        start: first byte of the body within the file; None: said wrongly.
        total: bytes of the whole file, None if not said.
        chunked: the body comes in pieces, and its end is said; else it ends where the connection
            does, unless `total` is known.
        version: strong ETag, or the date of the last change; None: nothing to know it by.
        encoding: such as "gzip"; "" for none.
        kind: media type, lower case.
    """

    status: int
    start: int | None
    total: int | None
    chunked: bool
    version: str | None
    encoding: str
    kind: str

    def shows_page(self, head: bytes) -> bool:
        """Whether a body that begins so is a web page rather than a file of weights."""
        return begins_as_page(head) or (self.kind == "text/html" and begins_as_markup(head))


class _Redirects(HTTPRedirectHandler):
    """Follows to http and https only, and never from https to http."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> Request | None:
        before, after = urlsplit(req.full_url).scheme, urlsplit(newurl).scheme
        if after not in ("http", "https") or (before, after) == ("https", "http"):
            fp.close()
            raise DownloadError(
                f"the server redirects to {newurl}, where ferkit does not follow.",
                where=req.full_url,
            )
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def address(url: str) -> str:
    """An address to download from, with odd characters escaped.

    Raises: FerkitError: it is not http or https, not an address, or holds a password.
    """
    try:
        parts = urlsplit(url)
        host, named = parts.hostname, parts.username is not None
        _ = parts.port  # raises if it is no number
    except ValueError as error:
        raise FerkitError(f"no address to download from ({error}).", where=url) from error
    if parts.scheme not in ("http", "https") or not host:
        raise FerkitError(
            "no address that ferkit downloads from.",
            where=url,
            hint="It begins with https:// or http://; for a file that you have, use --from FILE.",
        )
    if named:
        raise FerkitError("no user names or passwords in addresses.", where=f"https://...@{host}")
    return quote(parts._replace(fragment="").geturl(), safe="!$%&'()*+,/:;=?@[]~")


def make_opener() -> OpenerDirector:
    """Opens http and https, through the proxies of the environment; no file, ftp or data."""
    opener = OpenerDirector()
    for handler in (
        ProxyHandler(),
        HTTPHandler(),
        HTTPSHandler(),
        HTTPDefaultErrorHandler(),
        _Redirects(),
        HTTPErrorProcessor(),
    ):
        opener.add_handler(handler)
    # A packed body would have another length than the file.
    opener.addheaders = [("User-Agent", f"ferkit/{__version__}"), ("Accept-Encoding", "identity")]
    return opener


def ask(request: Request, *, timeout_s: float) -> HTTPResponse:
    """The answer, whatever its status, unless another attempt is worth it.

    Raises: Dropped: no answer, or one that says to come back.
    """
    try:
        return cast(HTTPResponse, make_opener().open(request, timeout=timeout_s))
    except HTTPError as error:
        if error.code in WORTH_ANOTHER:
            with error:
                wait_s = _number(error.headers.get("Retry-After")) or 0
            reason = f"the server answers {meaning(error.code)}"
            raise Dropped(reason, wait_s=float(wait_s)) from error
        if error.code in (301, 302, 303, 307, 308):
            with error:
                circle = "infinite loop" in str(error.reason)
            where = "in a circle, or too often" if circle else "where ferkit does not follow"
            raise DownloadError(f"the server redirects {where}.", where=request.full_url) from error
        return cast(HTTPResponse, error)
    except URLError as error:
        cause = error.reason if isinstance(error.reason, OSError) else error
        unknown_host = isinstance(cause, socket.gaierror)
        mistrust = isinstance(cause, ssl.SSLCertVerificationError)
        reason = _reason(cause)
        if unknown_host:
            reason = f"{request.host} is not known ({reason}), or there is no network"
        raise Dropped(reason, hopeless=unknown_host or mistrust) from error
    except (OSError, HTTPException) as error:
        raise Dropped(_reason(error)) from error


def chunks(response: HTTPResponse) -> Iterator[bytes]:
    """The body of an answer as it comes.

    Raises: Dropped: the connection breaks.
    """
    while True:
        try:
            chunk = response.read1(CHUNK)
        except (OSError, HTTPException) as error:
            raise Dropped(_reason(error)) from error
        if not chunk:
            return
        yield chunk


def read_answer(response: HTTPResponse | HTTPError) -> Answer:
    """Take the head of an answer apart."""
    headers = response.headers
    status = response.status or 0
    start: int | None = 0
    chunked = headers.get("Transfer-Encoding", "").strip().lower() == "chunked"
    total = None if chunked else _number(headers.get("Content-Length"))
    if status in (206, 416):
        match = _RANGE.fullmatch(headers.get("Content-Range", "").strip())
        start = int(match[1]) if match and match[1] else None
        total = _number(match[2]) if match else None
    etag = headers.get("ETag")
    version = etag if etag and not etag.startswith("W/") else headers.get("Last-Modified")
    return Answer(
        status=status,
        start=start,
        total=total,
        chunked=chunked,
        version=version,
        encoding=headers.get("Content-Encoding", "").strip().lower(),
        kind=headers.get_content_type().lower(),
    )


def meaning(status: int) -> str:
    """A status in words: "404 Not Found"."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def _number(text: str | None) -> int | None:
    return int(text) if text and _NUMBER.fullmatch(text) else None


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "the server does not answer in time"
    if isinstance(error, URLError):
        return str(error.reason)
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the server's certificate is not trusted ({error.verify_message})"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror[:1].lower() + error.strerror[1:]
    return f"the connection broke ({str(error) or type(error).__name__})"
