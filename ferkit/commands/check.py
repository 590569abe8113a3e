"""`ferkit check`: validates a recipe, without torch and without touching data."""

from __future__ import annotations

import click

from ferkit.catalogue import catalogue, spoken
from ferkit.compatibility import chosen_parts
from ferkit.matrix_words import matrix_lines
from ferkit.plugins import load
from ferkit.recipe import LoadedRecipe, read_recipe


@click.command()
@click.argument("recipe", metavar="RECIPE")
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="KEY=VALUE",
    help="Change a value, such as --set training.batch_size=16. May be repeated. Another 'use' "
    "drops the parameters beside it, which is told.",
)
def check(recipe: str, settings: tuple[str, ...]) -> None:
    """Say whether RECIPE, a file or the name of one that ships, is right.

    Reports every error at once, each as file:line:column; files of weights must be there.
    """
    read = read_recipe(recipe, overrides=settings, catalogue=catalogue(load()), look=True)
    for line in read.dropped:
        click.echo(line, err=True)
    for line in summary(read):
        click.echo(line)


def summary(read: LoadedRecipe) -> list[str]:
    """What a recipe that is right amounts to, in a few lines."""
    lines = [f"{read.path.name} is right."]
    by_kind: dict[str, list[str]] = {}
    for part in chosen_parts(read.recipe):
        names = by_kind.setdefault(spoken(part.kind), [])
        if part.name not in names:
            names.append(part.name)
    lines += [f"  {kind}: {', '.join(names)}" for kind, names in by_kind.items()]
    if read.matrix is not None:
        seeds = len(read.matrix.seeds)
        variants = ", ".join(read.matrix.variants)
        lines.append(f"  matrix: {variants}; {seeds} {'seed' if seeds == 1 else 'seeds'}")
        lines += [f"  {line}" for line in matrix_lines(read.matrix)]
        if read.matrix.pretrain is not None:
            fresh = ", ".join(read.matrix.not_pretrained)
            lines.append(f"  pretrained: once{f'; not for {fresh}' if fresh else ''}")
    if read.sweep is not None:
        drawn = ", ".join(read.sweep.space)
        lines.append(f"  sweep by {read.sweep.sampler} over {drawn}")
    used = ", ".join(f"{name} {version}" for name, version in sorted(read.plugins_used.items()))
    lines.append(f"  plugins: {used}")
    return lines
