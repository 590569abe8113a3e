"""Run folders: made once, locked, written whole."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ferkit.errors import FerkitError, RunError
from ferkit.evaluation.wording import HEADLINES
from ferkit.files import write_whole
from ferkit.running.folder import held, is_done, new_folder, read_json, write_json


def test_default_folder_lies_below_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    first, second = new_folder(None, "demo"), new_folder(None, "demo")
    assert first.parent == second.parent == Path("runs")
    assert first != second, "two runs within one second share no folder"
    assert first.name.startswith("demo-")


def test_folder_that_holds_a_run_is_refused_with_the_way_on(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text("{}")
    with pytest.raises(FerkitError, match=r"holds a run already.*--resume"):
        new_folder(tmp_path, "demo")


def test_folder_that_holds_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(FerkitError, match="is not empty"):
        new_folder(tmp_path, "demo")


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("")
    with pytest.raises(FerkitError, match="is a file, not a folder"):
        new_folder(path, "demo")


def test_a_failed_write_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "run.json"
    write_json(path, {"status": "running"})

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(RunError, match="the disk is full"):
        write_whole(path, "half a fi")
    assert json.loads(path.read_text()) == {"status": "running"}
    assert [entry.name for entry in tmp_path.iterdir()] == ["run.json"]


def test_a_second_process_is_told_to_wait(tmp_path: Path) -> None:
    script = (
        "from pathlib import Path; from ferkit.running.folder import held\n"
        f"with held(Path({str(tmp_path)!r}), patience=0.2): pass"
    )
    with held(tmp_path):
        ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
        assert ended.returncode != 0
        assert "this folder is in use by process" in ended.stderr
    again = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert again.returncode == 0, again.stderr


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "no such file"), ("{", "can't be read"), ("[1]", "is not a JSON object")],
)
def test_broken_json_is_named(tmp_path: Path, content: str | None, message: str) -> None:
    path = tmp_path / "run.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(FerkitError, match=message):
        read_json(path)


FIGURES = {name: {"value": 0.5} for name in HEADLINES}


@pytest.mark.parametrize(
    ("results", "more", "done"),
    [
        ('{"test": FIGURES, "validation": FIGURES}', {}, True),
        ('{"test": FIGURES}', {}, True),  # there is no labelled validation sample
        ('{"validation": FIGURES}', {}, False),
        ('{"validation": FIGURES}', {"without_test": True}, True),
        ("{}", {"data": {}}, True),  # of an older ferkit, and nobody knows what was to be there
        ('{"test": {}}', {"data": {}}, False),
        ('{"test": null}', {}, False),
        (json.dumps({"test": FIGURES | {"accuracy": {"value": None}}}), {}, False),
        ("{}", {}, False),
        ("{", {}, False),
        ("[]", {}, False),
    ],
)
def test_a_run_without_its_figures_is_not_done(
    tmp_path: Path, results: str, more: dict[str, Any], done: bool
) -> None:
    splits = {"test": {"classes": {"happy": 3}}, "validation": {"classes": {"happy": 0, "": 5}}}
    state = {"status": "done", "data": {"splits": splits}} | more
    (tmp_path / "report.html").write_text("")
    assert not is_done(tmp_path, state)
    (tmp_path / "results.json").write_text(results.replace("FIGURES", json.dumps(FIGURES)))
    assert is_done(tmp_path, state) is done
    assert not is_done(tmp_path, state | {"status": "running"})
