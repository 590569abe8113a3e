"""Fixtures for the plugin host and recipes: real tiny packages with entry points on sys.path."""

from __future__ import annotations

import hashlib
import importlib
import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from ferkit.catalogue import Catalogue, catalogue
from ferkit.downloading import Patience, download
from ferkit.fetching import Arrived, fetch
from ferkit.known_weights import look_up
from ferkit.plugins import load
from ferkit.web import DownloadError

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


@dataclass
class Download:
    """Calls `download` and keeps what it tells."""

    part: Path
    waits: list[float] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    seen: list[tuple[int, int | None]] = field(default_factory=list)

    def __call__(
        self,
        url: str,
        *,
        size: int | None = None,
        verified: bool = True,
        attempts: int = 5,
        timeout_s: float = 20,
    ) -> bytes:
        download(
            url,
            self.part,
            size=size,
            verified=verified,
            progress=lambda done, total: self.seen.append((done, total)),
            say=self.said.append,
            patience=Patience(attempts=attempts, timeout_s=timeout_s, pause=self.waits.append),
        )
        return self.part.read_bytes()


@pytest.fixture
def get(tmp_path: Path) -> Download:
    return Download(tmp_path / "net.part")


@pytest.fixture
def half(get: Download, file_server) -> Callable[..., None]:
    """Leaves the first 100 000 bytes there, as a download that was killed does."""

    def break_off() -> None:
        file_server.cuts = [100_000]
        with pytest.raises(DownloadError, match="ended after 100000 of 307200 bytes"):
            get(file_server.url, attempts=1)
        file_server.asked.clear()

    return break_off


@pytest.fixture
def sha256(file_server) -> str:
    return hashlib.sha256(file_server.content).hexdigest()


@pytest.fixture
def net(register, file_server, sha256):
    """Weights whose hash is published."""
    register(name="net", url=f"{file_server.url}/net.pth", sha256=sha256, bytes=307_200)
    return look_up("net")


@pytest.fixture
def loose(register, file_server):
    """Weights whose hash nobody published."""
    register(name="loose", url=f"{file_server.url}/loose.pth")
    return look_up("loose")


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def fetched(said) -> Callable[..., Arrived]:
    def call(known, *sources) -> Arrived:
        return fetch(
            known,
            sources or known.sources,
            progress=lambda done, total: None,
            say=said.append,
            patience=Patience(attempts=2, pause=lambda wait_s: None),
        )

    return call
