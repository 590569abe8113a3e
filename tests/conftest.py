"""Fixtures shared by all tests."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import torch

torch.set_num_threads(1)

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def repository() -> Path:
    """The checkout these tests run from."""
    return REPOSITORY


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Real photographs and videos, where they lie beside the repository."""
    folder = REPOSITORY.parent / "shared" / "real"
    if not folder.is_dir():
        pytest.skip("no real photographs here: the folder shared/real is not beside the checkout")
    return folder


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keeps tests out of the user's cache, and the user's own settings out of tests."""
    monkeypatch.setenv("FERKIT_CACHE", str(tmp_path_factory.getbasetemp() / "ferkit-cache"))
    for variable in ("FERKIT_PLUGINS", "FERKIT_REGISTRY"):
        monkeypatch.delenv(variable, raising=False)


Register = Callable[..., Path]


@pytest.fixture
def register(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Register:
    """Weights in a user's registry file, and an empty cache: `register(name="net", url=...)`.

    Answers the file, which FERKIT_REGISTRY names. Call it again for more; None leaves a key out.
    """
    path = tmp_path / "settings" / "registry.toml"
    path.parent.mkdir()
    path.write_text("schema_version = 1\n", encoding="utf-8")
    monkeypatch.setenv("FERKIT_REGISTRY", str(path))
    monkeypatch.setenv("FERKIT_CACHE", str(tmp_path / "cache"))

    def add(**given: Any) -> Path:
        usual = {
            "component": "enhancer:net",
            "licence": "MIT",
            "commercial_use": True,
            "trained_on": "drawn faces",
        }
        entry = {key: value for key, value in {**usual, **given}.items() if value is not None}
        lines = [f"{key} = {json.dumps(value)}" for key, value in entry.items()]
        with path.open("a", encoding="utf-8") as file:
            file.write("\n".join(["[[weights]]", *lines, ""]))
        return path

    return add


class FileServer:
    """A file over HTTP on this machine, and all that can go wrong with it.

    Attributes:
        content: of the file, at every path.
        headers: sent with it.
        asked: headers of each request so far, with its path as "path".
        ranges: whether Range is understood.
        length: whether Content-Length is sent.
        chunked: whether the body is sent in pieces instead, as HTTP/1.1.
        total: whether Content-Range says the length of the whole file.
        statuses: of the next requests, before the file is given.
        cuts: bytes after which the bodies of the next answers break off; None: whole.
        redirects: path -> address.
        odd_range: sent as Content-Range instead of the right one.
        hold: while it is not set, a body stops half-way.
    """

    def __init__(self) -> None:
        self.content = bytes(range(256)) * 1200
        self.headers = {"ETag": '"1"', "Content-Type": "application/octet-stream"}
        self.asked: list[dict[str, str]] = []
        self.ranges = self.length = self.total = True
        self.chunked = False
        self.statuses: list[int] = []
        self.cuts: list[int | None] = []
        self.redirects: dict[str, str] = {}
        self.odd_range: str | None = None
        self.hold = threading.Event()
        self.hold.set()
        self.half_sent = threading.Event()
        self.url = ""

    @property
    def asked_ranges(self) -> list[str | None]:
        return [each.get("range") for each in self.asked]

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        asked = {key.lower(): value for key, value in request.headers.items()}
        self.asked.append(asked | {"path": request.path})
        request.close_connection = True
        if request.path in self.redirects:
            return self._head(request, 302, {"Location": self.redirects[request.path]})
        if self.statuses:
            return self._head(request, self.statuses.pop(0), self.headers)
        status, body, headers = 200, self.content, dict(self.headers)
        wanted = re.fullmatch(r"bytes=(\d+)-", asked.get("range", ""))
        if wanted and self.ranges and asked.get("if-range") == self.headers.get("ETag"):
            start, total = int(wanted[1]), len(body)
            status, body = (206, body[start:]) if start < total else (416, b"")
            usual = f"bytes {start}-{total - 1}/{total}" if body else f"bytes */{total}"
            usual = usual if self.total else re.sub(r"/\d+", "/*", usual)
            headers["Content-Range"] = self.odd_range or usual
        if self.chunked:
            headers["Transfer-Encoding"] = "chunked"
            pieces = [body[at : at + 1000] for at in range(0, len(body), 1000)]
            body = b"".join(b"%x\r\n%b\r\n" % (len(each), each) for each in [*pieces, b""])
        elif self.length:
            headers["Content-Length"] = str(len(body))
        self._head(request, status, headers)
        cut = self.cuts.pop(0) if self.cuts else None
        if not self.hold.is_set():
            request.wfile.write(body[: len(body) // 2])
            body = body[len(body) // 2 :]
            self.half_sent.set()
            self.hold.wait(20)
        request.wfile.write(body if cut is None else body[:cut])

    @staticmethod
    def _head(request: BaseHTTPRequestHandler, status: int, headers: Mapping[str, str]) -> None:
        if "Transfer-Encoding" in headers:
            request.protocol_version = "HTTP/1.1"
        request.send_response_only(status)
        for key, value in headers.items():
            request.send_header(key, value)
        request.end_headers()


@pytest.fixture
def file_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FileServer]:
    """A real HTTP server in a thread, with a file of 300 kB at any path; see `FileServer`."""
    for variable in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(variable, "*")
    served = FileServer()

    class Request(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            served.answer(self)

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            """Clients that went away are part of the tests."""

    with Server(("127.0.0.1", 0), Request) as server:
        served.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield served
        served.hold.set()
        server.shutdown()
        thread.join()
