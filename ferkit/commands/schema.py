"""`ferkit schema`: the recipe format for editors (JSON Schema) and for people (Markdown)."""

from __future__ import annotations

import json

import click

from ferkit.catalogue import catalogue
from ferkit.plugins import load
from ferkit.recipe_reference import json_schema, recipe_reference


@click.command()
@click.option(
    "--format",
    "form",
    type=click.Choice(["json", "markdown"]),
    default="json",
    show_default=True,
    help="json: JSON Schema for editors; markdown: a reference of all keys and parameters.",
)
def schema(form: str) -> None:
    """Print the recipe format with the parameters of all installed components."""
    components = catalogue(load())
    if form == "markdown":
        click.echo(recipe_reference(components), nl=False)
    else:
        click.echo(json.dumps(json_schema(components), indent=2))
