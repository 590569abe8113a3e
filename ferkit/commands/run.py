"""`ferkit run`: train, evaluate and report a recipe, or all runs of its matrix."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from ferkit.commands.shared_options import PROGRESS, refuse_beside_resume

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
    "--engine",
    type=click.Choice(["local", "ray"]),
    default="local",
    show_default=True,
    help="Who does the runs of a matrix: this machine, or a Ray cluster.",
)
@click.option("--ray-address", help="Of an existing cluster. Default: one on this machine.")
@click.option(
    "--gpus-per-run",
    type=click.FloatRange(min=0, min_open=True),
    help="GPUs of the Ray cluster for each run, such as 0.5. Default: 1 where there are any.",
)
@click.option(
    "--cpus-per-run",
    type=click.IntRange(min=1),
    help="CPUs of the Ray cluster for each run. Default: as many as its threads.",
)
@click.option(
    "--only",
    multiple=True,
    metavar="SETTING[/VARIANT]",
    help="Of a matrix run just these now (without settings: VARIANT); may hold * and ?. "
    "May be repeated.",
)
@click.option(
    "--dry-run",
    is_flag=True,
    help="Say what would be run, how much it is and how long it takes; nothing is written.",
)
@PROGRESS
def run(
    recipe: str | None,
    out: Path | None,
    resume: Path | None,
    settings: tuple[str, ...],
    smoke: bool,
    jobs: int | None,
    engine: Literal["local", "ray"],
    ray_address: str | None,
    gpus_per_run: float | None,
    cpus_per_run: int | None,
    only: tuple[str, ...],
    dry_run: bool,
    progress: Style,
) -> None:
    """RECIPE is a file or the name of a recipe that ships ('ferkit recipes' lists them)."""
    from ferkit.errors import FerkitError

    if engine == "local" and (ray_address or gpus_per_run or cpus_per_run):
        raise FerkitError("--ray-address, --gpus-per-run and --cpus-per-run need --engine ray.")
    if engine == "ray":
        from ferkit.ray_cluster import import_ray

        import_ray()  # before a folder is made
    from rich.console import Console

    from ferkit.running import dry_run as tell_plan
    from ferkit.running import start
    from ferkit.running.under_way import EngineChoice

    choice = EngineChoice(engine, jobs, ray_address, gpus_per_run, cpus_per_run)
    if resume is not None:
        others = {"RECIPE": recipe, "--out": out, "--set": settings, "--smoke": smoke}
        refuse_beside_resume("a run", others)
        if dry_run:
            tell_plan.dry_resume(resume, choice=choice, only=only, console=Console())
            return
        start.resume(resume, progress=progress, choice=choice, only=only)
        return
    if recipe is None:
        raise FerkitError("name a recipe.", where="ferkit run", hint="Try 'ferkit run quickstart'.")
    if dry_run:
        tell_plan.dry_run(
            recipe,
            out=out,
            settings=settings,
            smoke=smoke,
            choice=choice,
            only=only,
            console=Console(),
        )
        return
    start.begin(
        recipe,
        out=out,
        settings=settings,
        smoke=smoke,
        progress=progress,
        choice=choice,
        only=only,
    )
