"""`ferkit recipes`: the recipes that ship with ferkit and its plugins."""

from __future__ import annotations

from pathlib import Path

import click

from ferkit.plugins import load
from ferkit.recipe_files import copy_recipe, shipped_recipes


@click.group(invoke_without_command=True)
@click.pass_context
def recipes(context: click.Context) -> None:
    """List the recipes that ship; 'copy NAME DIR' hands one out to edit."""
    if context.invoked_subcommand is None:
        context.invoke(list_recipes)


@recipes.command("list")
def list_recipes() -> None:
    """List the recipes that ship, those in a folder under its name, as 'ferkit recipes' does."""
    found = shipped_recipes(load())
    widest = max((len(recipe.name) for recipe in found), default=0)
    origins = max((len(recipe.origin) for recipe in found), default=0)
    group = ""
    for recipe in found:
        if recipe.group != group:
            group = recipe.group
            click.echo(f"\n{group}/")
        click.echo(f"{recipe.name:<{widest}}  {recipe.origin:<{origins}}  {recipe.summary}")


@recipes.command()
@click.argument("name")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path), default=Path())
def copy(name: str, folder: Path) -> None:
    """Copy the recipe NAME into the folder DIR (here, if not given); never overwrites."""
    click.echo(f"Copied to {copy_recipe(name, folder, load())}")
