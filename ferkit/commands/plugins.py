"""`ferkit plugins`: what is installed, and the parameters of one component."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from ferkit import suggest
from ferkit.catalogue import (
    Catalogue,
    Entry,
    duplicates,
    offered,
    params_of,
    spoken,
)
from ferkit.errors import FerkitError
from ferkit.hook_reference import hook_reference
from ferkit.parameters import parameters
from ferkit.plugin import Kind
from ferkit.plugins import SELECTION, Loaded, load

_WIDE = 200
"""Columns where the output is not a terminal, so that nothing is cut in a pipe."""

_BROKEN = "broken: "
"""Opens the state of what is broken; the reason follows."""


@click.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--kind", metavar="KIND", help="Only components of this kind.")
@click.pass_context
def plugins(context: click.Context, as_json: bool, kind: str | None) -> None:
    """List installed plugins and their components; 'show KIND NAME' tells of one."""
    if context.invoked_subcommand is not None:
        return
    loaded = load()
    chosen = None if kind is None else parse_kind(kind)
    rows = list_components(loaded, chosen)
    if as_json:
        click.echo(json.dumps(rows, indent=2))
    else:
        _print(_table(rows))
        for line in _reasons(rows, loaded):
            click.echo(line)


@plugins.command()
@click.argument("kind")
@click.argument("name")
def show(kind: str, name: str) -> None:
    """Show one component: what it is, its parameters and its source."""
    loaded = load()
    entries = {(entry.kind, entry.name): entry for entry in reversed(offered(loaded))}
    # Not `catalogue`, which refuses all where two plugins offer the same: looking is allowed.
    wanted = Catalogue(loaded, entries).get(parse_kind(kind), name)
    twins = [each for each in offered(loaded) if (each.kind, each.name) == (wanted.kind, name)]
    for number, entry in enumerate(twins):
        if number:
            click.echo()
        _show(entry)


def _show(entry: Entry) -> None:
    for label, text in describe(entry):
        click.echo(f"{label + ':':<10} {text}")
    rows = parameters(params_of(entry))
    if not rows:
        click.echo("It has no parameters.")
        return
    table = Table("parameter", "value", "default", "meaning", box=None, pad_edge=False)
    for row in rows:
        table.add_row(row.name, row.type, row.default, row.description)
    click.echo()
    _print(table)


@plugins.command()
def hooks() -> None:
    """Print the hooks that a plugin may implement, as Markdown."""
    click.echo(hook_reference(), nl=False)


def parse_kind(text: str) -> Kind:
    """A kind by its name, also with '-' or spaces, or in the plural.

    Raises: FerkitError: there is no such kind.
    """
    plain = text.strip().lower().replace("-", "_").replace(" ", "_")
    for kind in Kind:
        if plain in (kind.value, f"{kind.value}s"):
            return kind
    kinds = [kind.value for kind in Kind]
    raise FerkitError(f"no kind {text!r}.", hint=suggest.hint(plain, kinds, label="Kinds"))


def list_components(loaded: Loaded, kind: Kind | None = None) -> list[dict[str, Any]]:
    """A row per component, and per plugin that offers none or is broken.

    A row has the keys kind, name, plugin, version, distribution, summary, source, requires,
    provides and state ("ok", "duplicate" where two plugins offer it, or "broken: " and why);
    kind and name are null for a plugin's row.
    """
    entries = offered(loaded)
    twice = {(entry.kind, entry.name) for entry, _ in duplicates(entries)}
    order = list(Kind)
    rows = [
        _component_row(entry, duplicate=(entry.kind, entry.name) in twice)
        for entry in sorted(entries, key=lambda each: (order.index(each.kind), each.name))
        if kind in (None, entry.kind)
    ]
    if kind is not None:
        return rows
    offering = {entry.plugin for entry in entries}
    rows += [
        _plugin_row(plugin.name, plugin.version, plugin.distribution, "ok, offers no component")
        for plugin in loaded.plugins
        if plugin.name not in offering
    ]
    rows += [
        _plugin_row(plugin.name, plugin.version, "", f"{_BROKEN}{plugin.error}")
        for plugin in loaded.broken
    ]
    rows += [_plugin_row(name, "", "", f"left out by {SELECTION}") for name in loaded.left_out]
    return rows


def describe(entry: Entry) -> list[tuple[str, str]]:
    """A component's facts, each with its label."""
    component = entry.component
    facts = [
        (spoken(entry.kind), entry.name),
        ("summary", component.summary),
        ("plugin", f"{entry.plugin} {entry.version} ({entry.distribution})"),
        ("source", component.source),
        ("needs", ", ".join(component.requires)),
        ("provides", ", ".join(component.provides)),
    ]
    return [(label, text) for label, text in facts if text]


def _component_row(entry: Entry, *, duplicate: bool) -> dict[str, Any]:
    try:
        params_of(entry)
        state = "duplicate" if duplicate else "ok"
    except FerkitError as error:
        state = f"{_BROKEN}{error}"
    component = entry.component
    return {
        "kind": entry.kind.value,
        "name": entry.name,
        "plugin": entry.plugin,
        "version": entry.version,
        "distribution": entry.distribution,
        "summary": component.summary,
        "source": component.source,
        "requires": list(component.requires),
        "provides": list(component.provides),
        "state": state,
    }


def _plugin_row(name: str, version: str, distribution: str, state: str) -> dict[str, Any]:
    return {
        "kind": None,
        "name": None,
        "plugin": name,
        "version": version,
        "distribution": distribution,
        "summary": "",
        "source": "",
        "requires": [],
        "provides": [],
        "state": state,
    }


def _table(rows: list[dict[str, Any]]) -> Table:
    columns = ("kind", "name", "plugin", "version", "summary", "state")
    table = Table(*columns, box=None, pad_edge=False)
    for column in table.columns:
        column.overflow = "fold"
    for row in rows:
        # Why something is broken may be long; it stands below the table.
        state = "broken" if row["state"].startswith(_BROKEN) else row["state"]
        table.add_row(*(row[column] or "-" for column in columns[:-1]), state)
    return table


def _reasons(rows: list[dict[str, Any]], loaded: Loaded) -> Iterator[str]:
    """Sentences about the rows that are not right, ahead of them an empty line."""
    lines = [
        f"Broken: plugin {row['plugin']!r}: {row['state'].removeprefix(_BROKEN)}"
        for row in rows
        if row["state"].startswith(_BROKEN)
    ]
    kinds = {row["kind"] for row in rows}
    lines += [
        f"Duplicate: {error}"
        for entry, error in duplicates(offered(loaded))
        if entry.kind.value in kinds
    ]
    if lines:
        yield ""
    yield from lines


def _print(table: Table) -> None:
    console = Console(markup=False, highlight=False)
    if not console.is_terminal:
        console.width = _WIDE
    console.print(table)
