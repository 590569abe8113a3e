"""What `ferkit run` and `ferkit sweep` have in common."""

from __future__ import annotations

from collections.abc import Mapping

import click

PROGRESS = click.option(
    "--progress",
    type=click.Choice(["auto", "lines", "json", "none"]),
    default="auto",
    show_default=True,
    help="auto: bars on a terminal, lines elsewhere.",
)


def refuse_beside_resume(what: str, others: Mapping[str, object]) -> None:
    """Refuse what can't be given with `--resume`, which goes on with `what` as it was.

    Args:
        others: name on the command line -> value; empty where it was not given.
    Raises: FerkitError: one was given.
    """
    from ferkit.errors import FerkitError

    if given := ", ".join(name for name, value in others.items() if value):
        raise FerkitError(
            f"--resume goes on with {what} as it was; {given} can't be given with it."
        )
