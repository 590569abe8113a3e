"""`ferkit prepare`: photographs and videos to a prepared store."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from ferkit.catalogue import Catalogue
    from ferkit.faces.plans import StepsPlan
    from ferkit.faces.work import Engine
    from ferkit.sections import Recipe

SOURCE = "ferkit prepare"
"""What messages call the recipe that the options make."""
TABLE_SUFFIXES = (".csv", ".tsv", ".parquet", ".pq")


@click.command("prepare", short_help="Cut the faces out of photographs and videos.")
@click.argument("data", type=click.Path(path_type=Path))
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Folder of the store. Default: the recipe's, or the user's cache, where runs look too.",
)
@click.option("--recipe", help="Take the section 'faces' of this recipe (a file or a name).")
@click.option("--dataset", help="How to read DATA. Default: 'table' or 'unlabelled_folder'.")
@click.option("--detector", help="Face detector; 'none' if the images are crops already.")
@click.option("--cropper", help="Region cropper.")
@click.option("--size", type=click.IntRange(min=1), help="Side of the crops, pixels.")
@click.option("--enhancer", help="What evens out the light; 'none' for nothing.")
@click.option("--track", is_flag=True, help="Follow faces in videos between full detections.")
@click.option(
    "--keep",
    type=click.Choice(["largest", "most_central", "all"]),
    help="Which faces of a frame. Default: largest.",
)
@click.option("--format", type=click.Choice(["raw", "jpeg"]), help="Of the crops. Default: raw.")
@click.option(
    "--set", "settings", multiple=True, metavar="KEY=VALUE", help="Such as faces.min_score=0.8."
)
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda, cuda:N, mps.")
@click.option("--retry", is_flag=True, help="Try files again that failed before.")
@click.option(
    "--engine",
    type=click.Choice(["local", "ray"]),
    default="local",
    show_default=True,
    help="Who does the work: this process, or a Ray cluster.",
)
@click.option("--ray-address", help="Of an existing cluster. Default: one on this machine.")
@click.option(
    "--workers", type=click.IntRange(min=1), help="Of the Ray job. Default: one per core or GPU."
)
@click.option(
    "--failures",
    type=click.Path(path_type=Path),
    help="CSV file for what is left out. Default: failures-DATA-....csv in the store.",
)
@click.pass_context
def prepare(
    context: click.Context,
    data: Path,
    out: Path | None,
    recipe: str | None,
    dataset: str | None,
    detector: str | None,
    cropper: str | None,
    size: int | None,
    enhancer: str | None,
    track: bool,
    keep: str | None,
    format: str | None,
    settings: tuple[str, ...],
    device: str,
    retry: bool,
    engine: str,
    ray_address: str | None,
    workers: int | None,
    failures: Path | None,
) -> None:
    """Cut the faces out of DATA and keep them in a store.

    DATA is a folder with photographs and videos at any depth, or a table (CSV, TSV, Parquet)
    with their paths. What is in the store already is not done again; a file that can't be read
    or shows no face is listed with its reason, and the rest goes on.
    """
    from rich.console import Console

    from ferkit.catalogue import catalogue
    from ferkit.errors import RunError
    from ferkit.faces.from_recipe import prepare_for_recipe, store_folder
    from ferkit.faces.index import index_prepared, unique_name
    from ferkit.faces.report import summary_table, write_failures
    from ferkit.plugin import Context, Kind
    from ferkit.plugins import load
    from ferkit.running.progress import make_display
    from ferkit.training.devices import choose_device

    components = catalogue(load())
    whole = read_choices(
        components,
        data=data,
        dataset=dataset,
        recipe=recipe,
        faces=_faces_options(
            out=out,
            detector=detector,
            cropper=cropper,
            size=size,
            enhancer=enhancer,
            track=track,
            keep=keep,
            format=format,
        ),
        settings=settings,
    )
    console = Console()
    where = Context(device=str(choose_device(device)), folder=Path.cwd())
    rows = components.build(Kind.DATASET, whole.data.train, where)
    samples = rows.samples()
    prepared = prepare_for_recipe(
        rows,
        samples,
        faces=whole.faces,
        chosen=whole.data.train,
        catalogue=components,
        context=where,
        progress=make_display("auto", Console(stderr=True)),
        retry=retry,
        engine=_engine(engine, address=ray_address, workers=workers),
    )
    path = data.resolve()
    # Faces as samples have other ids, though their crops may be the same.
    faces_too = {"path": str(path), "each_face": whole.faces.keep == "all"}
    name = unique_name(path.stem or "data", whole.data.train.model_dump(mode="json") | faces_too)
    problems = rows.problems()
    store = store_folder(whole.faces, where)
    console.print(f"{data} -> {store}", soft_wrap=True, highlight=False, markup=False)
    console.print(summary_table(prepared, problems))
    left_out = [*problems, *prepared.failures]
    report = store / f"failures-{name}.csv" if failures is None else failures
    if left_out or report.exists():  # else the file would still list what an earlier call left out
        write_failures(left_out, report)
    if left_out:
        told = f"What is left out, and why: {report}"
        console.print(told, soft_wrap=True, highlight=False, markup=False)
    try:  # also without a crop, for the same reason
        index = index_prepared(prepared, rows.classes, name=name)
        told = f"Which crop belongs to what: {index}"
    except RunError as error:  # such as a store that others keep: its crops serve as they are
        told = f"No index was written: {error}"
    console.print(told, soft_wrap=True, highlight=False, markup=False)
    if not prepared.kept:
        context.exit(1)


def read_choices(
    components: Catalogue,
    *,
    data: Path,
    dataset: str | None,
    recipe: str | None,
    faces: dict[str, Any],
    settings: tuple[str, ...],
    source: str = SOURCE,
) -> Recipe:
    """The options as a recipe, validated like one.

    Args:
        data: folder or table; `dataset` names how to read it, None chooses.
        recipe: whose section `faces` is laid under the options.
        faces: the options that belong into that section.
        settings: of `--set`, laid over everything.
        source: what messages call the recipe.
    Raises: FerkitError, FerkitErrors: whatever a recipe with these choices would raise.
    """
    from ferkit.errors import FerkitError
    from ferkit.recipe import read_recipe, validate
    from ferkit.recipe_merge import lay_over
    from ferkit.recipe_settings import apply_settings
    from ferkit.recipe_yaml import Place, placed, plain
    from ferkit.sections import FacesSection

    if not data.exists():
        raise FerkitError("no such file or folder.", where=str(data))
    folder = Path.cwd()
    # Written out, so that --size and --set can change a parameter of a default component.
    under: dict[str, Any] = {
        name: info.default
        for name, info in FacesSection.model_fields.items()
        if isinstance(info.default, dict)
    }
    if recipe is not None:
        read = read_recipe(recipe, catalogue=components)
        under, folder = lay_over(under, read.document.get("faces") or {}), read.folder
    train = {"use": dataset or dataset_for(data), "path": str(data.absolute())}
    document = {"data": {"train": train}, "faces": lay_over(under, faces)}
    item, dropped = apply_settings(placed(document, Place(source)), settings)
    for line in dropped:
        click.echo(line, err=True)
    return validate(plain(item), catalogue=components, source=source, name="prepare", folder=folder)


def dataset_for(data: Path) -> str:
    """Name of the data set that reads `data`: labels do not matter for cutting faces.

    Raises: FerkitError: neither a folder nor a table.
    """
    from ferkit.errors import FerkitError

    if data.is_dir():
        return "unlabelled_folder"
    if data.suffix.lower() in TABLE_SUFFIXES:
        return "table"
    raise FerkitError(
        "neither a folder nor a table (.csv, .tsv, .parquet).",
        where=str(data),
        hint="To prepare single files, give their folder or list them in a table.",
    )


def _faces_options(
    *,
    out: Path | None,
    detector: str | None,
    cropper: str | None,
    size: int | None,
    enhancer: str | None,
    track: bool,
    keep: str | None,
    format: str | None,
) -> dict[str, Any]:
    chosen: dict[str, Any] = {}
    if out is not None:
        chosen["store"] = str(out.absolute())
    if detector is not None:
        chosen["detector"] = None if detector == "none" else {"use": detector}
    if cropper is not None:
        chosen["cropper"] = {"use": cropper}
    if size is not None:
        chosen.setdefault("cropper", {})["size"] = size
    if enhancer is not None:
        chosen["enhancer"] = None if enhancer == "none" else {"use": enhancer}
    if track:
        chosen["tracking"] = {}
    if keep is not None:
        chosen["keep"] = keep
    if format is not None:
        chosen["format"] = format
    return chosen


def _engine(
    name: str, *, address: str | None, workers: int | None
) -> Callable[[StepsPlan], Engine] | None:
    from ferkit.errors import FerkitError

    if name == "local":
        if address is not None or workers is not None:
            raise FerkitError("--ray-address and --workers need --engine ray.")
        return None
    from ferkit.faces.ray_engine import ray_engine
    from ferkit.ray_cluster import import_ray

    import_ray()  # before anything is prepared
    return partial(ray_engine, address=address, workers=workers)
