"""Fixtures for the plugin host and recipes: real tiny packages with entry points on sys.path."""

from __future__ import annotations

import importlib
import json
import re
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from ferkit.catalogue import Catalogue, catalogue
from ferkit.plugins import load

InstallPlugin = Callable[..., str]

FAKE_HOOKS = """
from ferkit.plugin import Component, hookimpl

PARAMS = "fake_parts.params:"
FACTORY = "fake_parts.never_imported:Factory"


def part(name, params="Nothing", **more):
    return Component(
        name=name, summary=f"a {name}", factory=FACTORY, params=PARAMS + params, **more
    )


@hookimpl
def ferkit_datasets():
    return [
        part("things", "Things"),
        part("votes", "Path", provides=("votes",)),
        part("face", "Nothing"),
    ]


@hookimpl
def ferkit_face_detectors():
    return [part("mtcnn")]


@hookimpl
def ferkit_region_croppers():
    return [
        part("face", "Cropper", provides=("regions=1",)),
        part("three", provides=("regions=3",)),
    ]


@hookimpl
def ferkit_video_readers():
    return [part("decord")]


@hookimpl
def ferkit_enhancers():
    return [part("clahe")]


@hookimpl
def ferkit_backbones():
    return [part("small_cnn", "Net", provides=("maps",)), part("resnet", "Net"), part("blind")]


@hookimpl
def ferkit_aggregations():
    return [
        part("mean"),
        part("attention", requires=("maps",)),
        part("across", requires=("regions>=2",)),
    ]


@hookimpl
def ferkit_label_updates():
    return [part("fixed", "Fixed"), part("voting", requires=("votes",))]


@hookimpl
def ferkit_sample_weightings():
    return [part("uniform"), part("trend", requires=("validation",))]


@hookimpl
def ferkit_ssl_loops():
    return [part("supervised", "Loop"), part("self_training", "Loop", requires=("unlabelled",))]
"""

FAKE_PARAMS = """
from enum import Enum
from typing import Literal

from pydantic import Field, field_validator

from ferkit.plugin import DataPath, Params


class Nothing(Params):
    pass


class Speed(Enum):
    FAST = "fast"
    SLOW = "slow"


class Path(Params):
    path: DataPath = Field(description="where they lie")


class Things(Params):
    path: DataPath = Field(description="where they lie")
    count: int = Field(3, ge=1, description="how many")
    share: float = Field(0.5, gt=0, le=1, description="fraction of them")
    labelled: bool = Field(True, description="whether the labels are shown")
    mode: Literal["fast", "slow"] = "fast"
    speed: Speed = Speed.FAST
    size: int | Literal["auto"] = Field("auto", description="pixels")
    names: dict[str, str] = Field(default_factory=dict)
    odd: int = Field(1, alias=None)

    @field_validator("odd")
    @classmethod
    def _is_odd(cls, value):
        if value % 2 == 0:
            raise ValueError(f"{value} is even")
        return value


class Net(Params):
    depth: Literal[18, 34] = Field(18, description="number of layers")
    width: float = Field(1.0, gt=0, description="factor of all channels")


class Cropper(Params):
    face: int = Field(0, ge=0)
    size: int = Field(224, ge=8)


class Fixed(Params):
    eps: float = Field(0.05, ge=0, le=1, description="probability of the other classes")


class Loop(Params):
    epochs: int = Field(3, ge=1)
"""


@pytest.fixture
def install_plugin(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[InstallPlugin]:
    """Install a plugin for this test: `install_plugin("name", hooks, files={...}) -> name`.

    It is a package with its own `.dist-info`, in a folder on `sys.path`, so that the real
    mechanism of entry points finds it.
    """
    made: list[str] = []

    def install(
        name: str,
        hooks: str,
        *,
        files: Mapping[str, str] | None = None,
        module: str | None = None,
        version: str = "1.2",
        distribution: str | None = None,
    ) -> str:
        site = tmp_path_factory.mktemp("site")
        module = module or f"fake_{name}"
        distribution = distribution or f"dist-{name}"
        package = site / module
        for path, text in {"__init__.py": hooks, **(files or {})}.items():
            target = package / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(textwrap.dedent(text), encoding="utf-8")
        info = site / f"{distribution.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n"
        )
        (info / "entry_points.txt").write_text(f"[ferkit]\n{name} = {module}\n")
        monkeypatch.syspath_prepend(site)
        importlib.invalidate_caches()
        made.append(module)
        return name

    yield install
    for module in made:
        for loaded in [key for key in sys.modules if key.partition(".")[0] == module]:
            del sys.modules[loaded]


@pytest.fixture
def parts(install_plugin: InstallPlugin) -> Catalogue:
    """A catalogue of made-up components only, among them all that recipes have as defaults."""
    install_plugin("parts", FAKE_HOOKS, files={"params.py": FAKE_PARAMS})
    return catalogue(load(["parts"]))


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
        self.ranges = self.length = True
        self.statuses: list[int] = []
        self.cuts: list[int | None] = []
        self.redirects: dict[str, str] = {}
        self.odd_range: str | None = None
        self.hold = threading.Event()
        self.hold.set()
        self.half_sent = threading.Event()
        self.url = ""

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
            headers["Content-Range"] = self.odd_range or usual
        if self.length:
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
