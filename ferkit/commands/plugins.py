"""`ferkit plugins`: what is installed, and the parameters of one component."""

from __future__ import annotations

import json
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from ferkit import suggest
from ferkit.catalogue import Catalogue, Entry, catalogue, spoken
from ferkit.errors import FerkitError
from ferkit.hook_reference import hook_reference
from ferkit.parameters import parameters
from ferkit.plugin import Kind
from ferkit.plugins import SELECTION, load

_WIDE = 200
"""Columns where the output is not a terminal, so that nothing is cut in a pipe."""


@click.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--kind", metavar="KIND", help="Only components of this kind.")
@click.pass_context
def plugins(context: click.Context, as_json: bool, kind: str | None) -> None:
    """List installed plugins and their components; 'show KIND NAME' tells of one."""
    if context.invoked_subcommand is not None:
        return
    components = catalogue(load())
    rows = list_components(components, None if kind is None else parse_kind(kind))
    if as_json:
        click.echo(json.dumps(rows, indent=2))
    else:
        _print(_table(rows))


@plugins.command()
@click.argument("kind")
@click.argument("name")
def show(kind: str, name: str) -> None:
    """Show one component: what it is, its parameters and its source."""
    components = catalogue(load())
    entry = components.get(parse_kind(kind), name)
    for label, text in describe(entry):
        click.echo(f"{label + ':':<10} {text}")
    rows = parameters(components.params_model(entry.kind, entry.name))
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


def list_components(components: Catalogue, kind: Kind | None = None) -> list[dict[str, Any]]:
    """A row per component, and per plugin that offers none or is broken.

    A row has the keys kind, name, plugin, version, distribution, summary, source, requires,
    provides and state ("ok", or what is wrong); kind and name are null for a plugin's row.
    """
    rows = [_component_row(components, entry) for entry in components.entries(kind)]
    if kind is not None:
        return rows
    offering = {entry.plugin for entry in components.entries()}
    loaded = components.loaded
    rows += [
        _plugin_row(plugin.name, plugin.version, plugin.distribution, "ok, offers no component")
        for plugin in loaded.plugins
        if plugin.name not in offering
    ]
    rows += [
        _plugin_row(plugin.name, plugin.version, "", f"broken: {plugin.error}")
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


def _component_row(components: Catalogue, entry: Entry) -> dict[str, Any]:
    try:
        components.params_model(entry.kind, entry.name)
        state = "ok"
    except FerkitError as error:
        state = f"broken: {error}"
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
        table.add_row(*(row[column] or "-" for column in columns))
    return table


def _print(table: Table) -> None:
    console = Console(markup=False, highlight=False)
    if not console.is_terminal:
        console.width = _WIDE
    console.print(table)
