"""The weights that can be had: those of ferkit's registry and of the user's own registry file."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

import platformdirs

from ferkit import suggest
from ferkit.cache import cache_folder
from ferkit.errors import FerkitError
from ferkit.registry import WeightsEntry, checked, parse, read_registry

VARIABLE = "FERKIT_REGISTRY"
"""Environment variable that names the user's registry file."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_SUFFIX = re.compile(r"\.(bin|npz|onnx|pickle|pkl|pt|pth|safetensors|tar|zip)", re.IGNORECASE)
_SHA256 = re.compile(r"[0-9a-f]{64}")
_BUNDLED = re.compile(r"bundled: (\w+)/([^,]+)")


@dataclass(frozen=True)
class KnownWeights:
    """A file of weights and where to get it.

    Attributes:
        entry: as registered: by ferkit if it knows the name, else by the user.
        sources: addresses in the order of trying; empty where there are only instructions.
        sha256: what the file must have; None: nobody published it.
        overruled: another sha256 in the user's registry, which ferkit's own overrules.
    """

    entry: WeightsEntry
    sources: tuple[str, ...]
    sha256: str | None
    overruled: str | None = None

    @property
    def name(self) -> str:
        return self.entry.name

    @property
    def place(self) -> Path:
        """Where the file is: in the cache, else in a package that brings it, else nowhere yet."""
        return self.bundled or self.in_cache

    @property
    def in_cache(self) -> Path:
        """Where the file is kept when it is fetched."""
        return cache_folder("weights").absolute() / f"{self.name}{self._suffix()}"

    @property
    def bundled(self) -> Path | None:
        """The file in an installed package; None: there is none, or one in the cache goes first.

        Another version of the package may bring another file, or none: so the user's goes first.
        """
        if self.in_cache.is_file():
            return None
        match = _BUNDLED.match(self.entry.instructions or "")
        spec = find_spec(match[1]) if match else None
        if match is None or spec is None or spec.origin is None:
            return None
        file = Path(spec.origin).parent / match[2].strip()
        return file if file.is_file() else None

    def held_to(self, sha256: str) -> KnownWeights:
        """The same, held to a hash that the user knows.

        Args:
            sha256: 64 hex digits.
        Raises: FerkitError: that is no hash, or another one is published.
        """
        wanted = sha256.strip().lower()
        if not _SHA256.fullmatch(wanted):
            raise FerkitError("a sha256 has 64 hex digits.", where=sha256)
        if self.sha256 not in (None, wanted):
            raise FerkitError(
                f"the published sha256 of {self.name!r} is {self.sha256}.", where=sha256
            )
        return replace(self, sha256=wanted)

    def _suffix(self) -> str:
        # Of the registered address only: a mirror must not move the file in the cache.
        suffix = PurePosixPath(urlsplit(self.entry.url or "").path).suffix
        return suffix.lower() if _SUFFIX.fullmatch(suffix) else ""


def user_registry() -> Path | None:
    """The user's registry file: named by FERKIT_REGISTRY, or in the folder of his settings."""
    named = os.environ.get(VARIABLE)
    if named:
        return Path(named).expanduser()
    usual = Path(platformdirs.user_config_dir("ferkit")) / "registry.toml"
    return usual if usual.is_file() else None


def known_weights(registry: Path | None = None) -> dict[str, KnownWeights]:
    """All weights by name.

    Args:
        registry: the user's registry file; None: `user_registry()`.
    Raises: FerkitError, FerkitErrors: a registry can't be read, or is wrong.
    """
    own = {entry.name: entry for entry in read_registry().weights}
    known = {name: _known(entry) for name, entry in own.items()}
    path = user_registry() if registry is None else registry
    if path is not None:
        for entry in _user_entries(path, own):
            known[entry.name] = _merged(own.get(entry.name), entry)
    return known


def look_up(name: str, registry: Path | None = None) -> KnownWeights:
    """The weights of that name.

    Raises: FerkitError: there are none, or a registry is wrong.
    """
    known = known_weights(registry)
    if name not in known:
        hint = f"{suggest.hint(name, known)} See 'ferkit fetch'.".lstrip()
        raise FerkitError(f"no weights {name!r}.", hint=hint)
    return known[name]


def _known(entry: WeightsEntry) -> KnownWeights:
    sources = () if entry.url is None else (entry.url,)
    return KnownWeights(entry, sources, entry.sha256)


def _merged(own: WeightsEntry | None, users: WeightsEntry) -> KnownWeights:
    """What holds: the user says where to get a file first, ferkit what the file is."""
    if own is None:
        return _known(users)
    sources = tuple(dict.fromkeys(url for url in (users.url, own.url) if url is not None))
    if own.sha256 is None:
        return KnownWeights(own, sources, users.sha256)
    overruled = None if users.sha256 == own.sha256 else users.sha256
    return KnownWeights(own, sources, own.sha256, overruled)


def _user_entries(path: Path, own: Mapping[str, WeightsEntry]) -> tuple[WeightsEntry, ...]:
    """The user's weights; what a mirror of ferkit's weights does not say is as in ferkit's entry.

    Raises: FerkitError, FerkitErrors: it can't be read, or is wrong.
    """
    content = parse(path)
    listed = content.get("weights")
    if isinstance(listed, list):
        content["weights"] = [_completed(each, own) for each in listed]
    entries = checked(content, path).weights
    names = [entry.name for entry in entries]
    for name in names:
        if not _NAME.fullmatch(name):
            raise FerkitError(
                f"weights can't be called {name!r}.",
                where=str(path),
                hint="Use letters, digits, '.', '_' and '-'; the first a letter or digit.",
            )
        if names.count(name) > 1:
            raise FerkitError(f"weights {name!r} stand there twice.", where=str(path))
    return entries


def _completed(given: Any, own: Mapping[str, WeightsEntry]) -> Any:
    name = given.get("name") if isinstance(given, dict) else None
    if not isinstance(name, str) or name not in own:
        return given
    known = own[name].model_dump(exclude_none=True)
    if "url" in given or "instructions" in given:
        known = {key: known[key] for key in known if key not in ("url", "instructions")}
    return known | given
