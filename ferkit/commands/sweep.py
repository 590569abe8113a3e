"""`ferkit sweep`: search for better values of a recipe, by its validation split."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ferkit.commands.shared_options import PROGRESS, refuse_beside_resume

if TYPE_CHECKING:
    from ferkit.running.progress import Style


@click.command("sweep", help="Search over the values that a recipe's key 'sweep' gives.")
@click.argument("recipe", required=False)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of the sweep; must be empty. Default: runs/<recipe>-sweep-<time>.",
)
@click.option(
    "--resume",
    type=click.Path(path_type=Path, file_okay=False),
    help="Go on with the sweep in this folder; of one that is done, show the table.",
)
@click.option(
    "--trials",
    type=click.IntRange(min=1),
    help="Trials in all, instead of the recipe's number; with --resume a larger one goes on.",
)
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    help="Trials side by side. Default: 1 by tpe, which learns from those before; else by device.",
)
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="KEY=VALUE",
    help="Override a key, such as sweep.sampler=random. May be repeated.",
)
@click.option(
    "--smoke", is_flag=True, help="At most 3 trials, one batch through every phase of each."
)
@PROGRESS
def sweep(
    recipe: str | None,
    out: Path | None,
    resume: Path | None,
    trials: int | None,
    jobs: int | None,
    settings: tuple[str, ...],
    smoke: bool,
    progress: Style,
) -> None:
    """RECIPE is a file or the name of a recipe that ships ('ferkit recipes' lists them)."""
    from ferkit.errors import FerkitError
    from ferkit.running import sweep_start

    if resume is not None:
        others = {"RECIPE": recipe, "--out": out, "--set": settings, "--smoke": smoke}
        refuse_beside_resume("a sweep", others)
        sweep_start.resume(resume, trials=trials, jobs=jobs, progress=progress)
        return
    if recipe is None:
        raise FerkitError("name a recipe.", where="ferkit sweep", hint="docs/sweep.md shows one.")
    sweep_start.begin(
        recipe,
        out=out,
        settings=settings,
        trials=trials,
        jobs=jobs,
        smoke=smoke,
        progress=progress,
    )
