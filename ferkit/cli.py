"""The command line: a lazy group of commands, and the one place that turns errors into text.

Nothing heavier than click is imported here. A command's module, and with it pydantic, plugins and
torch, is imported when that command is called, so that `ferkit --help` answers at once.
"""

from __future__ import annotations

import importlib
import os
import sys
import traceback
from collections.abc import Sequence
from dataclasses import dataclass

import click

from ferkit import __version__
from ferkit.errors import FerkitError, FerkitErrors

COMMANDS = {
    "run": ("ferkit.commands.run", "Train, evaluate and report what a recipe says."),
    "sweep": ("ferkit.commands.sweep", "Search for better values of a recipe, by validation."),
    "prepare": ("ferkit.commands.prepare", "Cut faces from photographs and videos into a store."),
    "mine": ("ferkit.commands.mine", "Find the parts of videos that show one face."),
    "datasets": ("ferkit.commands.datasets", "List data sets, or check a copy of one."),
    "fetch": ("ferkit.commands.fetch", "List weights, or download and verify one file of them."),
    "inspect": ("ferkit.commands.inspect", "Say what is in a store, and show its crops."),
    "check": ("ferkit.commands.check", "Say whether a recipe is right, without running it."),
    "schema": ("ferkit.commands.schema", "Print the recipe format: JSON Schema, or Markdown."),
    "plugins": ("ferkit.commands.plugins", "List plugins and components, or show one."),
    "recipes": ("ferkit.commands.recipes", "List the recipes that ship, or copy one to edit."),
}
"""Name -> module that has a click command of that name, and its line in `ferkit --help`."""

MOST_ERRORS = 50
"""Errors told of one recipe; a file that is no recipe at all may have thousands."""


@dataclass
class Settings:
    """Options that hold for every command."""

    verbose: bool = False


class LazyGroup(click.Group):
    """Knows its commands by `COMMANDS` and imports one only when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(COMMANDS[cmd_name][0])
        command: click.Command = getattr(module, cmd_name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in COMMANDS and not name.startswith("-"):
            from ferkit import suggest  # only needed here; keeps start-up short

            hint = suggest.hint(name, COMMANDS, label="Commands")
            raise click.UsageError(f"no command {name!r}. {hint}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="ferkit")
@click.option("--verbose", is_flag=True, help="Show the traceback of an error.")
@click.pass_obj
def ferkit(settings: Settings, verbose: bool) -> None:
    """Facial expression recognition with few labels: every part a plugin."""
    settings.verbose = verbose


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: without the program's name; None: those of the process.
    Returns: exit status. 0: done. 1: something went wrong in the run. 2: what the user gave is
        wrong. 130: interrupted.
    """
    settings = Settings()
    given = None if arguments is None else list(arguments)
    try:
        status = ferkit.main(given, prog_name="ferkit", standalone_mode=False, obj=settings)
        sys.stdout.flush()
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        _tell("Interrupted.")
        return 130
    except BrokenPipeError:
        # Whoever read the output has gone; a second failure at exit would only be noise.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except FerkitError as error:
        if settings.verbose:
            traceback.print_exc()
        _tell("\n".join(_foreseen(error)))
        return error.status
    except Exception as error:
        if settings.verbose:
            traceback.print_exc()
        _tell(_unexpected(error, verbose=settings.verbose))
        return 1
    return status if isinstance(status, int) else 0


def _tell(text: str) -> None:
    click.echo(text, err=True)


def _foreseen(error: FerkitError) -> list[str]:
    """An error in lines: what has a place begins with it, the rest with the program's name."""
    several = error.errors if isinstance(error, FerkitErrors) else (error,)
    lines = [str(each) if each.where else f"ferkit: {each}" for each in several[:MOST_ERRORS]]
    if len(several) > MOST_ERRORS:
        lines.append(f"... and {len(several) - MOST_ERRORS} more.")
    return lines


def _unexpected(error: Exception, *, verbose: bool) -> str:
    """What to say of an error that nobody foresaw."""
    text = str(error) or "no message"
    if isinstance(error, OSError):  # a full disk, a file gone: the machine's, not a bug
        return f"ferkit: {text}"
    notes = "".join(f" ({note})" for note in getattr(error, "__notes__", ()))
    lines = [
        f"ferkit: {type(error).__name__}: {text}{notes}",
        f"This is a bug in {_culprit(error)}.",
    ]
    if not verbose:
        lines.append("'ferkit --verbose ...' shows where it happened; please report that.")
    return "\n".join(lines)


def _culprit(error: Exception) -> str:
    """Whose code raised: the plugin deepest in the traceback, or ferkit itself."""
    from importlib.metadata import entry_points  # not needed unless something broke

    packages = {
        point.module.partition(".")[0]: point.name for point in entry_points(group="ferkit")
    }
    owner = "ferkit"
    for frame, _ in traceback.walk_tb(error.__traceback__):
        root = frame.f_globals.get("__name__", "").partition(".")[0]
        if root in packages:
            owner = f"the plugin {packages[root]!r}"
        elif root == "ferkit":
            owner = "ferkit"
    return owner
