"""`ferkit datasets check`: whether a folder holds a data set as it was published."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

if TYPE_CHECKING:
    from rich.table import Table

    from ferkit.catalogue import Catalogue
    from ferkit.contracts.data import Dataset, Problem, Sample
    from ferkit.data.counts import Count
    from ferkit.registry import DatasetEntry
    from ferkit.sections import Recipe

SOURCE = "ferkit datasets check"
"""What messages call what the command line makes a recipe's section of."""
EXAMPLES = 3
"""Problems of each kind that are named, unless all are asked for."""
HARMLESS = frozenset(
    [
        *("left out", "no label", "hidden file", "hidden folder", "not media"),
        *("no subject", "no group", "no label column", "odd landmarks"),
    ]
)
"""Kinds of a reader's problems that are no difference: what parameters ask for, what lies beside
the data, and what single samples of a whole release may lack."""
DUPLICATES = "Duplicated"
NO_FILE = "missing file"
"""Heads the files with the same bytes."""

WIDE = 200
"""Columns where the output is not a terminal, so that nothing is cut in a pipe."""


@click.command("check")
@click.argument("name")
@click.argument("path", type=click.Path(path_type=Path))
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="KEY=VALUE",
    help="A parameter of the data set, such as images=original. May be repeated.",
)
@click.option("--quick", is_flag=True, help="Open no image and no video.")
@click.option("--reader", help="Video reader that opens videos. Default: decord.")
@click.option("--all", "everything", is_flag=True, help="Name every problem, not a few.")
@click.option(
    "--report",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE.csv",
    help="Write every problem into this file.",
)
@click.pass_context
def check(
    context: click.Context,
    name: str,
    path: Path,
    settings: tuple[str, ...],
    quick: bool,
    reader: str | None,
    everything: bool,
    report: Path | None,
) -> None:
    """Say whether PATH holds the data set NAME as it was published.

    Counted per split and class against the published numbers: what is missing and what is
    surplus. Every image and the first frame of every video is decoded, files with the same
    bytes are found, and what the reader tells counts too, but for rows that are left out by
    choice. The exit status is 0 if all is as expected, 1 if something differs, and 2 if it
    can't be checked.
    """
    from rich.console import Console

    from ferkit.catalogue import catalogue
    from ferkit.commands.datasets_expected import published
    from ferkit.data.counts import compare, differences, totals
    from ferkit.data.soundness import DUPLICATED, Opened, duplicates, open_all
    from ferkit.data.walk import require_path
    from ferkit.faces.report import write_failures
    from ferkit.plugin import Context, Kind
    from ferkit.plugins import load
    from ferkit.registry import read_registry
    from ferkit.running.progress import make_display

    components = catalogue(load())
    entry = known_dataset(name, read_registry().datasets, components)
    require_path(path, what="the data set")
    chosen = read_choices(name, path, settings, components, reader=reader)
    display = make_display("auto", Console(stderr=True))
    where = Context(folder=Path.cwd())
    rows = components.build(Kind.DATASET, chosen.data.train, where)
    samples, classes, told, lacks = read_rows(rows)
    expected, notes = published(entry, chosen.data.train)
    known = {} if entry is None else entry.known
    counts = compare(samples, classes, expected)
    opened = Opened(0, 0, ())
    if not quick:
        player = None
        if _has_videos(samples):
            player = components.build(Kind.VIDEO_READER, chosen.faces.reader, where)
        opened = open_all(samples, reader=player, progress=display)
    same = duplicates(samples, classes, progress=display)
    click.echo(f"{name}: {path}")
    click.echo(f"{len(samples)} samples, {len(classes)} classes: {', '.join(classes) or 'none'}.")
    for note in notes:
        click.echo(note)
    if lacks:
        click.echo(f"A recipe can't use it so: {lacks}")
    _print(_counted(counts))
    if not quick:
        click.echo(f"Opened: {opened.images} images, {opened.videos} videos.")
    for heading, problems in (
        ("Unreadable", opened.problems),
        (DUPLICATES, same),
        ("What its reader says", told),
    ):
        for line in _summary(heading, problems, known, everything=everything):
            click.echo(line)
    missing, surplus = totals(counts)
    wrong = {
        "missing": missing,
        "surplus": surplus,
        "unreadable": len(opened.problems),
        "duplicated": max(0, len(same) - known.get(DUPLICATED, 0)),
    }
    differing = _listed(wrong)
    if besides := _listed(unexpected(told, known, missing)):
        differing += f"{'; ' if differing else ''}by its reader: {besides}"
    if differing:
        click.echo(f"Not as expected: {differing}.")
        if missing and entry is not None:
            click.echo(f"How to get it: {entry.access}. {entry.homepage}".rstrip())
    else:
        click.echo("All is as expected." if expected else "Nothing is wrong with what is there.")
    if report is not None:  # last, because it may fail
        write_failures([*differences(counts), *opened.problems, *same, *told], report)
        click.echo(f"Every problem: {report}")
    if differing:
        context.exit(1)


def known_dataset(
    name: str, entries: Sequence[DatasetEntry], components: Catalogue
) -> DatasetEntry | None:
    """The registry's entry; None for a data set of a plugin that the registry does not know.

    Raises: FerkitError: neither knows it, no plugin offers it, or it has no files.
    """
    from ferkit import suggest
    from ferkit.errors import FerkitError
    from ferkit.plugin import Kind

    found = {entry.name: entry for entry in entries}
    if name not in found and name not in components.names(Kind.DATASET):
        hint = suggest.hint(name, found, label="Known")
        raise FerkitError(f"no data set {name!r}.", hint=f"{hint} See 'ferkit datasets'.")
    if "path" not in components.params_model(Kind.DATASET, name).model_fields:
        what = f"the data set {name!r} has no parameter 'path': there is no copy to check."
        raise FerkitError(what)
    return found.get(name)


class Rows(NamedTuple):
    """What is there of a data set. lacks: why a recipe can't use it; "" if it can."""

    samples: Sequence[Sample]
    classes: tuple[str, ...]
    problems: list[Problem]
    lacks: str = ""


def read_rows(dataset: Dataset) -> Rows:
    """The rows, also where a whole part of the data set is not there.

    Raises: FerkitError: it is not that data set.
    """
    from ferkit.data.filed import IncompleteError

    try:
        return Rows(dataset.samples(), dataset.classes, list(dataset.problems()))
    except IncompleteError as error:
        there = error.reading
        return Rows(there.samples, there.classes, list(there.problems), error.advice)


def read_choices(
    name: str, path: Path, settings: Sequence[str], components: Catalogue, *, reader: str | None
) -> Recipe:
    """The data set and the video reader with their parameters, validated like a recipe.

    Args:
        settings: of `--set`, the data set's parameters.
        reader: name of the video reader; None: the default.
    Raises: FerkitError, FerkitErrors: a setting can't be read, or is none of its parameters.
    """
    from ferkit.recipe import validate
    from ferkit.recipe_settings import apply_settings
    from ferkit.recipe_yaml import Place, placed, plain

    under = {"use": name, "path": str(path.absolute())}
    train, _ = apply_settings(placed(under, Place(SOURCE)), settings)
    faces = {} if reader is None else {"reader": {"use": reader}}
    document = {"data": {"train": plain(train)}, "faces": faces}
    return validate(document, catalogue=components, source=SOURCE, folder=Path.cwd())


def unexpected(
    problems: Sequence[Problem], known: Mapping[str, int], missing: int
) -> dict[str, int]:
    """By kind, how many of a reader's problems are more than the release itself has.

    Args:
        missing: samples that the counts lack: those whose file is not there are told by them.
    """
    counts = Counter(problem.kind for problem in problems if problem.kind not in HARMLESS)
    counts[NO_FILE] -= min(missing, sum(each.dropped for each in problems if each.kind == NO_FILE))
    return {kind: max(0, count - known.get(kind, 0)) for kind, count in sorted(counts.items())}


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{number} {word}" for word, number in counts.items() if number)


def _has_videos(samples: Sequence[Sample]) -> bool:
    from ferkit.data.soundness import paths_of
    from ferkit.faces.decode import is_video

    return any(is_video(path) and not Path(path).is_dir() for path in paths_of(samples))


def _summary(
    heading: str, problems: Sequence[Problem], known: Mapping[str, int], *, everything: bool
) -> list[str]:
    from ferkit.data.report import summarise
    from ferkit.data.soundness import DUPLICATED

    if not problems:
        return []
    lines = [f"{heading}:"]
    if heading == DUPLICATES and (own := _known(DUPLICATED, known)):
        lines = [f"{heading}: {len(problems)}{own}"]
    shown = len(problems) if everything else EXAMPLES
    for kind in summarise(problems, examples=shown):
        fate = f", {kind.dropped} left out" if kind.dropped else ""
        own = "" if heading == DUPLICATES else _known(kind.kind, known)
        lines.append(f"  {kind.kind}: {kind.count}{fate}{own}")
        lines += [f"    {example}" for example in kind.examples]
        if kind.count > shown:
            lines.append(f"    ... and {kind.count - shown} more; --all names them")
    return lines


def _known(kind: str, known: Mapping[str, int]) -> str:
    return f"; the release itself has {known[kind]}" if kind in known else ""


def _counted(counts: Sequence[Count]) -> Table:
    from rich.table import Table

    table = Table("split", "class", box=None, pad_edge=False)
    for column in ("expected", "found", "missing", "surplus"):
        table.add_column(column, justify="right")
    for one in counts:
        numbers = [str(number) if number else "" for number in (one.missing, one.surplus)]
        table.add_row(one.split, one.name or "in all", one.said, str(one.found), *numbers)
    return table


def _print(table: Table) -> None:
    from rich.console import Console

    console = Console(markup=False, highlight=False)
    if not console.is_terminal:
        console.width = WIDE
    console.print(table)
