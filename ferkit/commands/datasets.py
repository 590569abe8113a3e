"""`ferkit datasets`: the public data sets that ferkit reads; `check` looks at a copy of one."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from ferkit.commands.datasets_check import WIDE, check

if TYPE_CHECKING:
    from rich.table import Table

    from ferkit.catalogue import Catalogue
    from ferkit.registry import DatasetEntry

_form = click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json"]),
    default="table",
    show_default=True,
    help="Of the list.",
)


@click.group(invoke_without_command=True)
@_form
@click.pass_context
def datasets(context: click.Context, form: str) -> None:
    """List the data sets ferkit knows; 'check NAME PATH' looks whether a copy is whole."""
    if context.invoked_subcommand is None:
        context.invoke(list_datasets, form=form)


@datasets.command("list")
@_form
def list_datasets(form: str) -> None:
    """List data sets: plugin, licence, page, and how to get access."""
    from rich.console import Console

    from ferkit.catalogue import catalogue
    from ferkit.plugins import load
    from ferkit.registry import read_registry

    rows = listed(read_registry().datasets, catalogue(load()))
    if form == "json":
        click.echo(json.dumps(rows, indent=2, ensure_ascii=False))
    else:
        console = Console(markup=False, highlight=False)
        if not console.is_terminal:
            console.width = WIDE
        console.print(_listing(rows))


datasets.add_command(check)


def listed(entries: Sequence[DatasetEntry], components: Catalogue) -> list[dict[str, Any]]:
    """The registry's data sets, by name; `plugin` is null where none offers the component."""
    from ferkit.plugin import Kind

    plugins = {entry.name: entry.plugin for entry in components.entries(Kind.DATASET)}
    return [
        {
            "name": entry.name,
            "plugin": plugins.get(entry.name),
            "licence": entry.licence,
            "homepage": entry.homepage,
            "access": entry.access,
            "classes": list(entry.classes),
            "expected": entry.expected,
        }
        for entry in sorted(entries, key=lambda one: one.name)
    ]


def _listing(rows: Sequence[Mapping[str, Any]]) -> Table:
    from rich.table import Table

    columns = {"name": "name", "plugin": "plugin", "licence": "licence"}
    columns |= {"homepage": "page", "access": "access"}
    table = Table(*columns.values(), box=None, pad_edge=False)
    for column in table.columns:
        column.overflow = "fold"
    for row in rows:
        table.add_row(*(row[key] or "-" for key in columns))
    return table
