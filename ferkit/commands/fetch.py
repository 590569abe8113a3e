"""`ferkit fetch`: weights that ferkit may not or need not ship, from where they are published."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rich.table import Table

    from ferkit.fetching import Arrived
    from ferkit.known_weights import KnownWeights

Progress = Callable[[int, int | None], None]
Say = Callable[[str], None]

_WIDE = 200
"""Columns where the output is not a terminal, so that nothing is cut in a pipe."""


@click.command("fetch", short_help="List weights, or download one file of them.")
@click.argument("name", required=False)
@click.option("--url", help="Download from this address instead.")
@click.option(
    "--from",
    "file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Take a file that you have: it is verified and copied.",
)
@click.option(
    "--sha256",
    metavar="HASH",
    help="What the file must have, if nobody published it and you know it.",
)
@click.option(
    "--registry",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Your own registry of weights and mirrors. Default: FERKIT_REGISTRY, or registry.toml "
    "in ferkit's folder of settings.",
)
@click.option("--yes", is_flag=True, help="Do not ask where the licence forbids commercial use.")
def fetch(
    name: str | None,
    url: str | None,
    file: Path | None,
    sha256: str | None,
    registry: Path | None,
    yes: bool,
) -> None:
    """Download the weights NAME, verify them and keep them in the cache.

    Without NAME: list the weights there are. A download that broke off goes on where it stopped.
    """
    from ferkit import fetching
    from ferkit.errors import FerkitError
    from ferkit.known_weights import known_weights, look_up
    from ferkit.web import address

    if name is None:
        if url or file or sha256 or yes:
            raise FerkitError("name the weights.", where="ferkit fetch", hint="It lists them.")
        _print(_listed(list(known_weights(registry).values())))
        return
    if url and file:
        raise FerkitError("--url and --from can't be given together.", where="ferkit fetch")
    known = look_up(name, registry)
    if sha256 is not None:
        known = known.held_to(sha256)
    if file is not None:
        _describe(known, [str(file)])
        _tell(known, fetching.take(known, file, say=_say))
        return
    sources = [url] if url else list(known.sources)
    # What is wrong with a file that is there is said once, when it is fetched anew.
    arrived = fetching.present(known, lambda text: None, sources=sources)
    if arrived is None:
        sources = [address(each) for each in sources]
        _describe(known, sources)
        if sources:
            _ask(known, yes=yes)
        with _bar(name) as (progress, say):
            arrived = fetching.fetch(known, sources, progress=progress, say=say)
    _tell(known, arrived)


def _describe(known: KnownWeights, sources: list[str]) -> None:
    """Say what is about to come: before it comes."""
    entry = known.entry
    facts = [
        ("for", entry.component),
        ("licence", entry.licence),
        ("commercial use", _use(known)),
        ("trained on", entry.trained_on),
        ("size", _size(entry.bytes)),
        *(("from" if number == 0 else "or from", each) for number, each in enumerate(sources)),
        ("sha256", known.sha256 or "nobody published one: the file can't be verified"),
    ]
    click.echo(known.name)
    for label, text in facts:
        click.echo(f"  {label + ':':<16}{text}")
    if known.overruled:
        _say(f"Your registry gives another sha256 ({known.overruled}); ferkit's own holds.")


def _ask(known: KnownWeights, *, yes: bool) -> None:
    """Ask for consent where the licence forbids commercial use.

    Raises: FerkitError: nobody can be asked. RunError: the answer is no.
    """
    from ferkit.errors import FerkitError, RunError

    if known.entry.commercial_use or yes:
        return
    if not sys.stdin.isatty():
        raise FerkitError(
            f"the licence of {known.name!r} forbids commercial use, and nobody can be asked here.",
            hint=f"If yours is none, run 'ferkit fetch {known.name} --yes'.",
        )
    question = "The licence forbids commercial use. Is yours another one, and shall it be fetched?"
    if not click.confirm(question):
        raise RunError(f"the weights {known.name!r} were not fetched.")


def _tell(known: KnownWeights, arrived: Arrived) -> None:
    if known.sha256 is None:
        _say(
            f"It could not be verified: nobody published its sha256. It is {arrived.sha256}, "
            "and another file under this name will be refused."
        )
    state = "verified, " if known.sha256 else ""
    if known.bundled:
        click.echo(f"{known.name}: {state}comes with a package: {arrived.path}")
    elif arrived.new:
        click.echo(f"{known.name}: {state}kept at {arrived.path}")
    else:
        click.echo(f"{known.name}: {state}in the cache already: {arrived.path}")


def _listed(known: list[KnownWeights]) -> Table:
    from rich.table import Table

    from ferkit.weights import whereabouts

    columns = ("name", "for", "size", "licence", "commercial use", "here")
    table = Table(*columns, box=None, pad_edge=False)
    for column in table.columns:
        column.overflow = "fold"
    for each in sorted(known, key=lambda one: one.name):
        entry = each.entry
        size, use = _size(entry.bytes), _use(each)
        table.add_row(entry.name, entry.component, size, entry.licence, use, whereabouts(each))
    return table


def _use(known: KnownWeights) -> str:
    return "yes" if known.entry.commercial_use else "no"


def _size(number: int | None) -> str:
    """Bytes in the words of people, by powers of ten."""
    if number is None:
        return "unknown"
    size, units = float(number), ["B", "kB", "MB", "GB"]
    while size >= 999.5 and len(units) > 1:
        size /= 1000
        del units[0]
    return f"{size:.3g} {units[0]}"


def _print(table: Table) -> None:
    from rich.console import Console

    console = Console(markup=False, highlight=False)
    if not console.is_terminal:
        console.width = _WIDE
    console.print(table)


def _say(text: str) -> None:
    click.echo(text, err=True)


@contextmanager
def _bar(name: str) -> Iterator[tuple[Progress, Say]]:
    """A progress bar on a terminal, else nothing but sentences; all on standard error."""
    from rich import progress as rich_progress
    from rich.console import Console

    console = Console(stderr=True)
    if not console.is_terminal:
        yield (lambda done, total: None), _say
        return
    bar = rich_progress.Progress(
        rich_progress.TextColumn("{task.description}", markup=False),
        rich_progress.BarColumn(),
        rich_progress.DownloadColumn(),
        rich_progress.TransferSpeedColumn(),
        rich_progress.TimeRemainingColumn(),
        console=console,
        transient=True,
    )
    with bar:
        task = bar.add_task(name, total=None)

        def show(done: int, total: int | None) -> None:
            bar.update(task, completed=done, total=total)

        def say(text: str) -> None:
            console.print(text, markup=False, highlight=False, soft_wrap=True)

        yield show, say
