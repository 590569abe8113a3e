"""The command line: light start-up, and every error as text with its exit status."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import click
import pytest

from ferkit import __version__, cli
from ferkit.errors import FerkitError, FerkitErrors, RunError

BLOCK = """
import sys

class Block:
    def find_spec(self, name, path=None, target=None):
        root = name.partition(".")[0]
        if root in ("torch", "pydantic", "pluggy", "numpy", "yaml", "rich") or root.startswith(
            "ferkit_"
        ):
            raise AssertionError("imported " + name)

sys.meta_path.insert(0, Block())
from ferkit.cli import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.parametrize("arguments", [["--help"], ["-h"], ["--version"], [], ["rnu"]])
def test_help_and_version_import_nothing_heavy(arguments):
    done = subprocess.run(
        [sys.executable, "-c", BLOCK, *arguments], capture_output=True, text=True, check=False
    )
    assert "AssertionError" not in done.stderr
    if arguments:  # without any, click 8.1 gives 0 and later ones 2
        assert done.returncode == (2 if arguments == ["rnu"] else 0)
    assert ("0.1.0" in done.stdout) is (arguments == ["--version"])


def test_help_lists_every_command(capsys):
    assert cli.main(["--help"]) == 0
    text = capsys.readouterr().out
    for name, (_, line) in cli.COMMANDS.items():
        assert f"  {name}" in text
        assert line in text


def test_version(capsys):
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out == f"ferkit, version {__version__}\n"


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_command_is_there_and_explains_itself(name, capsys):
    assert cli.main([name, "--help"]) == 0
    assert f"Usage: ferkit {name}" in capsys.readouterr().out


def test_a_mistyped_command(capsys):
    assert cli.main(["chekc", "x"]) == 2
    assert "no command 'chekc'. Did you mean 'check'?" in capsys.readouterr().err


def test_a_mistyped_option(capsys):
    assert cli.main(["check", "--sett", "x"]) == 2
    assert "No such option" in capsys.readouterr().err


@pytest.fixture
def failing(monkeypatch):
    """Replaces `ferkit check` by a command that raises what it is told."""

    def install(error: BaseException) -> None:
        def fail() -> None:
            raise error

        command = click.command("check")(fail)
        monkeypatch.setattr(
            cli.LazyGroup, "get_command", lambda self, context, name: command, raising=True
        )

    return install


@pytest.mark.parametrize(
    ("error", "status", "text"),
    [
        (FerkitError("it is wrong.", where="r.yaml:1:2", hint="Mend it."), 2, "r.yaml:1:2: it is"),
        (FerkitError("it is wrong."), 2, "ferkit: it is wrong.\n"),
        (RunError("the disk is full."), 1, "ferkit: the disk is full.\n"),
        (OSError(28, "No space left on device", "/x"), 1, "No space left on device"),
        (KeyboardInterrupt(), 130, "Interrupted.\n"),
        (ValueError("odd"), 1, "ferkit: ValueError: odd\nThis is a bug in "),
        (RuntimeError(), 1, "ferkit: RuntimeError: no message\n"),
    ],
)
def test_errors_become_text_and_status(failing, capsys, error, status, text):
    failing(error)
    assert cli.main(["check"]) == status
    captured = capsys.readouterr()
    assert text in captured.err
    assert "Traceback" not in captured.err
    assert captured.out == ""


@pytest.mark.parametrize(
    ("errors", "lines"),
    [
        ([FerkitError("no.", where="r.yaml:1:2")], ["r.yaml:1:2: no."]),
        ([FerkitError("two plugins.")], ["ferkit: two plugins."]),
        (
            [FerkitError("no.", where="r.yaml:1:2"), FerkitError("two plugins.")],
            ["r.yaml:1:2: no.", "ferkit: two plugins."],
        ),
    ],
)
def test_each_of_several_errors_begins_with_its_place(failing, capsys, errors, lines):
    failing(FerkitErrors(errors))
    assert cli.main(["check"]) == 2
    assert capsys.readouterr().err.splitlines() == lines


def test_of_very_many_errors_the_first_are_told(failing, capsys):
    failing(FerkitErrors([FerkitError("no.", where=f"r.yaml:{line}:1") for line in range(1, 3001)]))
    assert cli.main(["check"]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 51
    assert lines[49:] == ["r.yaml:50:1: no.", "... and 2950 more."]


def test_verbose_shows_the_traceback(failing, capsys):
    failing(ValueError("odd"))
    assert cli.main(["--verbose", "check"]) == 1
    captured = capsys.readouterr().err
    assert "Traceback (most recent call last)" in captured
    assert "--verbose" not in captured
    failing(FerkitError("wrong."))
    assert cli.main(["--verbose", "check"]) == 2
    assert "Traceback (most recent call last)" in capsys.readouterr().err


def test_the_notes_of_an_error_are_told(failing, capsys):
    error = ValueError("odd")
    error.add_note("while making the backbone 'x' of plugin 'y'")
    failing(error)
    cli.main(["check"])
    assert (
        "ValueError: odd (while making the backbone 'x' of plugin 'y')" in capsys.readouterr().err
    )


def test_a_bug_is_that_of_the_plugin_it_is_in(install_plugin, monkeypatch, capsys):
    install_plugin("buggy", "def fail():\n    raise ValueError('odd')\n")
    module = importlib.import_module("fake_buggy")
    command = click.command("check")(lambda: module.fail())
    monkeypatch.setattr(cli.LazyGroup, "get_command", lambda self, context, name: command)
    assert cli.main(["check"]) == 1
    assert "This is a bug in the plugin 'buggy'." in capsys.readouterr().err


def test_a_reader_that_has_gone_is_no_error(tmp_path: Path):
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {sys.executable} -m ferkit schema | head -c 10"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    assert done.stdout == '{\n  "$sche'
    assert done.returncode in (0, 1)


def test_python_m_ferkit_hands_on_the_status(tmp_path: Path):
    done = subprocess.run(
        [sys.executable, "-m", "ferkit", "check", "absent.yaml"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("absent.yaml: no such file.")
