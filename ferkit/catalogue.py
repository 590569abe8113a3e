"""From (kind, name) to a component: look-up, parameter models, construction."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from ferkit import suggest
from ferkit.errors import FerkitError, FerkitErrors
from ferkit.plugin import Component, Context, Kind, Params
from ferkit.plugins import SELECTION, Loaded, describe, stdout_aside


@dataclass(frozen=True)
class Entry:
    """A component in the catalogue, with the plugin that offers it."""

    kind: Kind
    component: Component
    plugin: str
    version: str
    distribution: str

    @property
    def name(self) -> str:
        return self.component.name

    def __str__(self) -> str:
        return f"{spoken(self.kind)} {self.name!r} of plugin {self.plugin!r}"


class Catalogue:
    """All components of the loaded plugins. Make one with `catalogue`."""

    def __init__(self, loaded: Loaded, entries: Mapping[tuple[Kind, str], Entry]) -> None:
        self.loaded = loaded
        self._entries = dict(entries)

    def entries(self, kind: Kind | None = None) -> list[Entry]:
        """All components, or those of a kind, ordered by kind and name."""
        order = list(Kind)
        return sorted(
            (entry for entry in self._entries.values() if kind in (None, entry.kind)),
            key=lambda entry: (order.index(entry.kind), entry.name),
        )

    def names(self, kind: Kind) -> list[str]:
        """Names of a kind, in order."""
        return [entry.name for entry in self.entries(kind)]

    def get(self, kind: Kind, name: str) -> Entry:
        """The component of that kind and name.

        Raises: FerkitError: there is none, with the nearest name and the plugins that broke.
        """
        try:
            return self._entries[kind, name]
        except KeyError:
            raise FerkitError(
                f"no {spoken(kind)} {name!r}.", hint=self._missing_hint(kind, name)
            ) from None

    def params_model(self, kind: Kind, name: str) -> type[Params]:
        """The parameter model of a component; imports the module that defines it.

        Raises: FerkitError: there is no such component, or its model can't be imported or is
            not one.
        """
        return params_of(self.get(kind, name))

    def build(self, kind: Kind, chosen: BaseModel, context: Context) -> Any:
        """Import a component's factory and call it.

        Args:
            kind: of the component.
            chosen: its parameters as a recipe holds them, with the name in `use`.
            context: what the factory may know besides.
        Returns: what the factory makes.
        Raises: FerkitError: there is no such component, or its factory can't be imported or
            called. What the factory itself raises passes through, with a note on whose it is.
        """
        name: str = chosen.use  # type: ignore[attr-defined]
        entry = self.get(kind, name)
        factory = _imported(entry, entry.component.factory, "factory")
        if not callable(factory):
            raise FerkitError(
                f"the factory of {entry}, {entry.component.factory!r}, is not callable."
            )
        try:
            return factory(chosen, context)
        except SystemExit as error:
            raise FerkitError(f"the factory of {entry} failed: {describe(error)}.") from error
        except Exception as error:
            error.add_note(f"while making the {entry}")
            raise

    def _missing_hint(self, kind: Kind, name: str) -> str:
        sentences = []
        others = [entry for entry in self._entries.values() if entry.name == name]
        close = suggest.nearest(name, self.names(kind))
        if close is not None:
            sentences.append(f"Did you mean {close!r}?")
        elif others:
            sentences.append(
                f"{name!r} is {' and '.join(spoken(e.kind, article=True) for e in others)}."
            )
        elif known := self.names(kind):
            sentences.append(f"Known: {', '.join(known)}.")
        else:
            sentences.append("No plugin offers one.")
        sentences += [
            f"Plugin {plugin.name!r} may offer it but is broken: {plugin.error}."
            for plugin in self.loaded.broken
        ]
        if self.loaded.left_out:
            left_out = ", ".join(self.loaded.left_out)
            sentences.append(f"Not loaded ({SELECTION} leaves them out): {left_out}.")
        sentences.append("See 'ferkit plugins'.")
        return " ".join(sentences)


def catalogue(loaded: Loaded) -> Catalogue:
    """The catalogue of the loaded plugins.

    Raises: FerkitErrors: two plugins offer a component of the same kind and name.
    """
    entries = offered(loaded)
    if errors := [error for _, error in duplicates(entries)]:
        raise FerkitErrors(errors)
    return Catalogue(loaded, {(entry.kind, entry.name): entry for entry in entries})


def offered(loaded: Loaded) -> list[Entry]:
    """All that the loaded plugins offer, also what `catalogue` would refuse as offered twice."""
    return [
        Entry(
            offer.kind,
            offer.component,
            offer.plugin.name,
            offer.plugin.version,
            offer.plugin.distribution,
        )
        for offer in loaded.offers
    ]


def duplicates(entries: Sequence[Entry]) -> list[tuple[Entry, FerkitError]]:
    """The components of a kind and name that one before them has, each with what to say of it."""
    first: dict[tuple[Kind, str], Entry] = {}
    found = []
    for entry in entries:
        other = first.setdefault((entry.kind, entry.name), entry)
        if other is not entry:
            error = FerkitError(
                f"the plugins {other.plugin!r} and {entry.plugin!r} both offer "
                f"{spoken(entry.kind, article=True)} named {entry.name!r}.",
                hint=f"Uninstall one of them, or name the plugins to load in {SELECTION}.",
            )
            found.append((entry, error))
    return found


def params_of(entry: Entry) -> type[Params]:
    """The parameter model of a component; imports the module that defines it.

    Raises: FerkitError: the model can't be imported or is not one.
    """
    model = _imported(entry, entry.component.params, "parameters")
    if not (isinstance(model, type) and issubclass(model, Params)):
        raise FerkitError(
            f"the parameters of {entry}, {entry.component.params!r}, are not a subclass of "
            "ferkit.plugin.Params."
        )
    if "use" in model.model_fields:
        raise FerkitError(
            f"the parameters of {entry} have a field 'use', which names the component in recipes.",
            hint="The plugin's author must rename it.",
        )
    return model


def spoken(kind: Kind, *, article: bool = False) -> str:
    """A kind in running text: "face detector", or "a face detector"."""
    words = "SSL loop" if kind is Kind.SSL_LOOP else kind.value.replace("_", " ")
    if not article:
        return words
    return f"{'an' if words[0] in 'aeiouS' else 'a'} {words}"


def _imported(entry: Entry, target: str, what: str) -> Any:
    """The object that "package.module:name" names."""
    module_name, _, path = target.partition(":")
    try:
        with stdout_aside():
            found: Any = importlib.import_module(module_name)
    except (Exception, SystemExit) as error:
        raise FerkitError(
            f"the {what} of {entry} can't be imported from {target!r}: {describe(error)}."
        ) from error
    try:
        for part in path.split("."):
            found = getattr(found, part)
    except AttributeError:
        raise FerkitError(
            f"the {what} of {entry} can't be imported: {module_name!r} has no {path!r}.",
            hint=suggest.hint(
                path, [n for n in dir(found) if not n.startswith("_")], label="It has"
            ),
        ) from None
    return found
