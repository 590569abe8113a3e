"""`ferkit run`: train, evaluate and report a recipe, or all runs of its matrix."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from ferkit.running.progress import Style


@click.command("run", help="Train, evaluate and report a recipe.")
@click.argument("recipe", required=False)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of the run; must be empty. Default: runs/<recipe>-<time>.",
)
@click.option(
    "--resume",
    type=click.Path(path_type=Path, file_okay=False),
    help="Go on with the run or matrix in this folder, by the recipe it began with.",
)
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="KEY=VALUE",
    help="Override a key. Another 'use' drops the parameters beside it, which is told.",
)
@click.option("--smoke", is_flag=True, help="One batch through every phase, on a few samples.")
@click.option(
    "--jobs", type=click.IntRange(min=1), help="Runs of a matrix side by side. Default: by device."
)
@click.option(
    "--only",
    multiple=True,
    metavar="SETTING[/VARIANT]",
    help="Of a matrix run just these now (without settings: VARIANT); may hold * and ?. "
    "May be repeated.",
)
@click.option(
    "--progress",
    type=click.Choice(["auto", "lines", "json", "none"]),
    default="auto",
    show_default=True,
    help="auto: bars on a terminal, lines elsewhere.",
)
def run(
    recipe: str | None,
    out: Path | None,
    resume: Path | None,
    settings: tuple[str, ...],
    smoke: bool,
    jobs: int | None,
    only: tuple[str, ...],
    progress: Style,
) -> None:
    """RECIPE is a file or the name of a recipe that ships ('ferkit recipes' lists them)."""
    from ferkit.errors import FerkitError
    from ferkit.running import start

    if resume is not None:
        given = [
            name
            for name, value in (("RECIPE", recipe), ("--out", out), ("--set", settings))
            if value
        ]
        if given:
            raise FerkitError(
                f"--resume goes on with a run as it was; {', '.join(given)} can't be given with it."
            )
        start.resume(resume, jobs=jobs, progress=progress, only=only)
        return
    if recipe is None:
        raise FerkitError("name a recipe.", where="ferkit run", hint="Try 'ferkit run quickstart'.")
    start.begin(
        recipe,
        out=out,
        settings=settings,
        smoke=smoke,
        jobs=jobs,
        progress=progress,
        only=only,
    )
