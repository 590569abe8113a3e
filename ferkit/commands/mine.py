"""`ferkit mine`: videos to the parts that show one face, large enough."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from ferkit.sections import FacesSection

SOURCE = "ferkit mine"
"""What messages call the recipe that the options make."""
FAILED_TOLD = 5
"""Videos that failed of which the reason is told on the terminal; the file has all of them."""


@click.command("mine", short_help="Find the parts of videos that show one face.")
@click.argument("videos", type=click.Path(path_type=Path), nargs=-1, required=True)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="Folder for clips, manifest.csv and findings.",
)
@click.option(
    "--min-frames",
    type=click.IntRange(min=1),
    default=30,
    show_default=True,
    help="Shortest run, frames.",
)
@click.option(
    "--min-area",
    type=click.FloatRange(0, 1),
    default=0.05,
    show_default=True,
    help="Smallest box, fraction of the frame's area, in more than half of a run.",
)
@click.option(
    "--min-score",
    type=click.FloatRange(0, 1),
    help="Faces below do not count. Default: the recipe's, or the detector's own.",
)
@click.option("--no-clips", is_flag=True, help="Write no clips, only the manifest.")
@click.option("--recipe", help="Take the section 'faces' of this recipe (a file or a name).")
@click.option("--detector", help="Face detector.")
@click.option("--reader", help="Video reader.")
@click.option(
    "--track", is_flag=True, help="Faster: follow faces; a newcomer is seen at the next keyframe."
)
@click.option(
    "--set", "settings", multiple=True, metavar="KEY=VALUE", help="Such as faces.tracking.cut=0.1."
)
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda, cuda:N, mps.")
@click.option(
    "--jobs",
    type=click.IntRange(min=0),
    help="Processes. Default: one per core on a CPU, else 1. 0: none but this one.",
)
@click.pass_context
def mine(
    context: click.Context,
    videos: tuple[Path, ...],
    out: Path,
    min_frames: int,
    min_area: float,
    min_score: float | None,
    no_clips: bool,
    recipe: str | None,
    detector: str | None,
    reader: str | None,
    track: bool,
    settings: tuple[str, ...],
    device: str,
    jobs: int | None,
) -> None:
    """Find the parts of VIDEOS that show exactly one face, large enough.

    VIDEOS are files, and folders that are searched at any depth. Runs of consecutive frames
    with one face become clips in DIR/clips, listed in DIR/manifest.csv; a scene cut ends a run.
    What was found in a video is kept: a call that was interrupted goes on with the next video,
    and other values of --min-frames, --min-area and --min-score take no time.

    The exit status is 1 if no part was found, or if a program failed at a video ("unexpected
    error" and "process ended" in DIR/failures.csv); videos that can't be read are only listed.
    """
    from rich.console import Console

    from ferkit.catalogue import catalogue
    from ferkit.commands.prepare import read_choices
    from ferkit.faces.from_recipe import crop_settings, fingerprints, make_steps, plan_steps
    from ferkit.mining.look import Means
    from ferkit.mining.mine import FAILURES
    from ferkit.mining.mine import mine as mine_videos
    from ferkit.mining.report import summary_table
    from ferkit.mining.rule import Rule
    from ferkit.plugin import Context
    from ferkit.plugins import load
    from ferkit.running.progress import make_display
    from ferkit.training.devices import choose_device

    components = catalogue(load())
    whole = read_choices(
        components,
        data=videos[0],
        dataset="unlabelled_folder",  # stands for the videos; nothing reads it
        recipe=recipe,
        faces=_faces_options(detector=detector, reader=reader, track=track, min_score=min_score),
        settings=settings,
        source=SOURCE,
    )
    _require_every_frame(whole.faces)
    where = Context(device=str(choose_device(device)), folder=Path.cwd())
    tracking = whole.faces.tracking
    rule = Rule(
        min_frames=min_frames,
        min_area=min_area,
        min_score=whole.faces.min_score,
        cut=Rule().cut if tracking is None else tracking.cut,
    )
    out = out.absolute()
    means = Means.of(plan_steps(whole.faces, components, where))
    # Built here once, for what they say of the files that they read, such as weights.
    steps = make_steps(whole.faces, components, where)
    found_by = _detection(crop_settings(whole.faces, components) | fingerprints(steps))
    mined = mine_videos(
        videos,
        out=out,
        means=means,
        settings=found_by,
        rule=rule,
        clips=not no_clips,
        jobs=jobs,
        progress=make_display("auto", Console(stderr=True)),
    )
    console = Console()

    def tell(text: str) -> None:
        console.print(text, soft_wrap=True, highlight=False, markup=False)

    tell(f"{', '.join(str(path) for path in videos)} -> {out / 'manifest.csv'}")
    console.print(summary_table(mined, clips=not no_clips))
    if mined.others:
        sources = len({row.source for row in mined.others})
        tell(f"What was mined from {sources} videos not given or not readable now stays.")
    if mined.problems:
        tell(f"What is left out, and why: {out / FAILURES}")
    for outcome in mined.failed[:FAILED_TOLD]:
        tell(f"{outcome.video.path}: {outcome.failure}")
    if len(mined.failed) > FAILED_TOLD:
        tell(f"... and {len(mined.failed) - FAILED_TOLD} videos more that failed.")
    if mined.failed:
        tell("The same call tries them again; what the others gave stays.")
    if mined.failed or not mined.rows:
        context.exit(1)


def _faces_options(
    *, detector: str | None, reader: str | None, track: bool, min_score: float | None
) -> dict[str, Any]:
    chosen: dict[str, Any] = {"sampling": {"mode": "all"}}
    if detector is not None:
        chosen["detector"] = None if detector == "none" else {"use": detector}
    if reader is not None:
        chosen["reader"] = {"use": reader}
    if track:
        chosen["tracking"] = {}
    if min_score is not None:
        chosen["min_score"] = min_score
    return chosen


def _require_every_frame(faces: FacesSection) -> None:
    from ferkit.errors import FerkitError

    if faces.sampling.mode != "all":
        raise FerkitError(
            f"faces.sampling.mode is {faces.sampling.mode!r}; mining looks at every frame.",
            where=SOURCE,
            hint="Leave it out.",
        )


def _detection(settings: dict[str, Any]) -> dict[str, Any]:
    """Of what crops depend on, what findings do."""
    chosen = {name: settings[name] for name in ("detector", "reader", "tracking")}
    parts = ["detector", "reader"]
    chosen["enhancer"] = None
    if settings["enhance"] == "frames":
        chosen["enhancer"] = settings["enhancer"]
        parts.append("enhancer")
    files = [f"{part}_files" for part in parts]
    return chosen | {name: settings[name] for name in files if name in settings}
