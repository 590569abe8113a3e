"""Loads plugins by their entry points, and keeps a broken one from breaking the rest."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

import pluggy

from ferkit import hookspecs, suggest
from ferkit.contracts.running import Run
from ferkit.errors import FerkitError
from ferkit.plugin import PROJECT, Component, Kind
from ferkit.plugin_checks import PluginFault, offered_components

SELECTION = "FERKIT_PLUGINS"
"""Environment variable: names of the only plugins to load, separated by commas."""


@dataclass(frozen=True)
class LoadedPlugin:
    """A plugin that works.

    name: of its entry point. version, distribution: of the package it came with.
    module: what the entry point names, usually a module. package: its import name.
    """

    name: str
    version: str
    distribution: str
    module: object
    package: str

    @property
    def recipes(self) -> Path | None:
        """Its folder of recipes, if it has one."""
        for folder in getattr(sys.modules.get(self.package), "__path__", ()):
            if (recipes := Path(folder) / "recipes").is_dir():
                return recipes
        return None


@dataclass(frozen=True)
class BrokenPlugin:
    """A plugin that could not be loaded; `error` is a sentence that says why."""

    name: str
    version: str
    error: str


@dataclass(frozen=True)
class Offer:
    """A component and who offers it."""

    kind: Kind
    component: Component
    plugin: LoadedPlugin


@dataclass(frozen=True)
class Loaded:
    """All plugins of this environment.

    manager: a pluggy manager of its own, with the working plugins registered.
    left_out: installed plugins that `FERKIT_PLUGINS` does not name.
    """

    manager: pluggy.PluginManager
    plugins: tuple[LoadedPlugin, ...]
    broken: tuple[BrokenPlugin, ...]
    offers: tuple[Offer, ...]
    left_out: tuple[str, ...]


def load(names: Collection[str] | None = None) -> Loaded:
    """Load the plugins of the entry-point group `ferkit`.

    Args:
        names: only these; None: those that `FERKIT_PLUGINS` names, or all where it is not set.
    Raises: FerkitError: `names` or `FERKIT_PLUGINS` names a plugin that is not installed.
    """
    # By more than the name, so that nothing depends on the order of the import path.
    found = sorted(entry_points(group=PROJECT), key=lambda each: (each.name, _owner(each)))
    counts = Counter(point.name for point in found)
    wanted = _wanted(names, {point.name for point in found})
    manager = _manager()
    plugins: list[LoadedPlugin] = []
    broken: list[BrokenPlugin] = []
    offers: list[Offer] = []
    for point in found:
        if wanted is not None and point.name not in wanted:
            continue
        try:
            if counts[point.name] > 1:
                raise _same_name([each for each in found if each.name == point.name])
            plugin, offered = _load_one(point)
        except PluginFault as fault:
            broken.append(BrokenPlugin(point.name, _version(point), str(fault)))
            continue
        manager.register(plugin.module, name=plugin.name)
        plugins.append(plugin)
        offers += [Offer(kind, component, plugin) for kind, component in offered]
    left_out: set[str] = set()
    if names is None and wanted is not None:
        left_out = {point.name for point in found} - wanted
    return Loaded(manager, tuple(plugins), tuple(broken), tuple(offers), tuple(sorted(left_out)))


def _wanted(names: Collection[str] | None, installed: set[str]) -> set[str] | None:
    """Names to load, None for all."""
    where = None
    if names is None:
        text = os.environ.get(SELECTION, "")
        names = [name.strip() for name in text.split(",") if name.strip()]
        where = SELECTION
        if not names:
            return None
    for name in names:
        if name not in installed:
            raise FerkitError(
                f"no plugin {name!r} is installed.",
                where=where,
                hint=suggest.hint(name, installed, label="Installed"),
            )
    return set(names)


def _manager() -> pluggy.PluginManager:
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(hookspecs)
    return manager


def _owner(point: EntryPoint) -> str:
    """Name of the package that an entry point came with."""
    return point.dist.name if point.dist else ""


def _same_name(points: Sequence[EntryPoint]) -> PluginFault:
    """None of them is used: which one was meant can't be known."""
    owners = " and ".join(repr(_owner(point)) for point in points)
    return PluginFault(
        f"the packages {owners} have a plugin of this same name; uninstall all but one of them"
    )


def _version(point: EntryPoint) -> str:
    return point.dist.version if point.dist else ""


def _load_one(point: EntryPoint) -> tuple[LoadedPlugin, list[tuple[Kind, Component]]]:
    """Import one plugin and ask it, in a manager of its own, what it offers.

    Raises: PluginFault: it can't be used, and why.
    """
    try:
        with stdout_aside():
            module = point.load()
    except (Exception, SystemExit) as error:
        raise PluginFault(f"importing {point.value!r} failed: {describe(error)}") from error
    plugin = LoadedPlugin(
        name=point.name,
        version=_version(point),
        distribution=_owner(point),
        module=module,
        package=point.module,
    )
    with stdout_aside():
        return plugin, offered_components(_manager(), point.name, module)


@contextmanager
def stdout_aside() -> Iterator[None]:
    """What plugins print while they are imported goes to stderr: stdout may be JSON."""
    with redirect_stdout(sys.stderr):
        yield


def describe(error: BaseException) -> str:
    """An exception in one line: its type and first line of text."""
    text = str(error).strip().partition("\n")[0]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


class Observers:
    """Tells the observing plugins what happens in a run.

    An observer that raises never ends the run: `on_error` gets a sentence about it, once per
    plugin and hook, and the other observers are still told.

    Args:
        loaded: whose plugins are told.
        on_error: called with the warning.
    """

    def __init__(self, loaded: Loaded, on_error: Callable[[str], None]) -> None:
        self._loaded = loaded
        self._on_error = on_error
        self._reported: set[tuple[str, str]] = set()

    def run_started(self, run: Run) -> None:
        self._notify("ferkit_run_started", run=run)

    def epoch_finished(self, run: Run, row: Mapping[str, Any]) -> None:
        self._notify("ferkit_epoch_finished", run=run, row=row)

    def run_finished(self, run: Run) -> None:
        self._notify("ferkit_run_finished", run=run)

    def _notify(self, hook: str, **told: Any) -> None:
        for plugin, error in notify(self._loaded, hook, **told):
            if (plugin, hook) not in self._reported:
                self._reported.add((plugin, hook))
                self._on_error(f"plugin {plugin!r} failed in {hook}: {describe(error)}")


def notify(loaded: Loaded, hook: str, **told: Any) -> list[tuple[str, Exception | SystemExit]]:
    """Call an observing hook, each plugin apart.

    Args:
        loaded: whose plugins are told.
        hook: name of the hook.
        told: its arguments.
    Returns: the plugins that raised, with what they raised.
    """
    failures = []
    modules = [plugin.module for plugin in loaded.plugins]
    for plugin in loaded.plugins:
        others = [module for module in modules if module is not plugin.module]
        try:
            loaded.manager.subset_hook_caller(hook, others)(**told)
        except (Exception, SystemExit) as error:
            failures.append((plugin.name, error))
    return failures
