"""`ferkit datasets` as a user calls it, on a RAF-DB of ten images."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from ferkit import cli
from ferkit import registry as registry_module
from ferkit.commands.datasets import datasets
from ferkit.errors import FerkitError
from ferkit.registry import DatasetEntry, Registry, read_registry
from ferkit.testing.videos import write_avi

CODES = {"train_00001": 4, "train_00002": 4, "train_00003": 5, "test_0001": 4, "test_0002": 5}
EXPECTED = {"train": {"happy": 2, "sad": 1}, "test": {"happy": 1, "sad": 1}}

Run = Callable[..., Result]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs the command with small expected counts; `expected` replaces them."""

    def call(*arguments: str | Path, expected: object = EXPECTED, **more: object) -> Result:
        own = read_registry()
        changes = {"expected": expected, **more}
        entries = [
            each.model_copy(update=changes) if each.name == "raf_db" else each
            for each in own.datasets
        ]
        changed = own.model_copy(update={"datasets": tuple(entries)})
        with monkeypatch.context() as patch:
            patch.setattr(registry_module, "read_registry", lambda path=None: changed)
            return CliRunner().invoke(datasets, [str(argument) for argument in arguments])

    return call


@pytest.fixture
def raf(tmp_path: Path) -> Path:
    """As it is distributed, with both kinds of images."""
    folder = tmp_path / "raf" / "basic"
    (folder / "EmoLabel").mkdir(parents=True)
    lines = [f"{name}.jpg {code}\n" for name, code in CODES.items()]
    (folder / "EmoLabel" / "list_patition_label.txt").write_text("".join(lines))
    for number, name in enumerate(CODES):
        pixels = np.random.default_rng(number).integers(0, 256, (16, 16, 3), np.uint8)
        for kind, ending in (("aligned", "_aligned.jpg"), ("original", ".jpg")):
            path = folder / "Image" / kind / f"{name}{ending}"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(path)
    return folder.parent


def table(result: Result) -> list[list[str]]:
    """Rows of the counts."""
    lines = [line.split() for line in result.output.splitlines()]
    start = next(at for at, line in enumerate(lines) if line[:2] == ["split", "class"])
    return [line for line in lines[start + 1 :] if line[:1] in (["train"], ["test"], ["all"])]


def test_the_list_says_how_to_get_them() -> None:
    for arguments in ([], ["list"]):
        result = CliRunner().invoke(datasets, arguments)
        assert result.exit_code == 0, result.output
        names = [line.split()[0] for line in result.output.splitlines()[1:] if line[0] != " "]
        assert names == sorted(entry.name for entry in read_registry().datasets)
        (line,) = (line for line in result.output.splitlines() if line.startswith("raf_db"))
        assert "http://www.whdeng.cn/RAF/model1.html" in line
        assert "datasets" in line
        assert "by request to the authors" in line


def test_long_texts_fold_in_a_narrow_window(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ferkit.commands.datasets.WIDE", 90)
    result = CliRunner().invoke(datasets, [])
    assert max(len(line) for line in result.output.splitlines()) <= 90
    assert "…" not in result.output


@pytest.mark.parametrize("arguments", [["--format", "json"], ["list", "--format", "json"]])
def test_the_list_as_json(arguments: list[str]) -> None:
    rows = json.loads(CliRunner().invoke(datasets, arguments).output)
    (row,) = (row for row in rows if row["name"] == "raf_db")
    assert row["plugin"] == "datasets"
    assert row["classes"][0] == "anger"
    assert row["expected"]["train"]["fear"] == 281
    assert set(row) == {
        *("name", "plugin", "licence", "homepage", "access", "classes", "expected"),
    }


def test_a_whole_copy(run: Run, raf: Path) -> None:
    result = run("check", "raf_db", raf)
    assert result.exit_code == 0, result.output
    assert table(result) == [
        ["train", "happy", "2", "2"],
        ["train", "sad", "1", "1"],
        ["test", "happy", "1", "1"],
        ["test", "sad", "1", "1"],
    ]
    assert "Opened: 5 images, 0 videos." in result.output
    assert result.output.endswith("All is as expected.\n")


def test_every_planted_fault_is_found(run: Run, raf: Path, tmp_path: Path) -> None:
    aligned = raf / "basic" / "Image" / "aligned"
    (aligned / "train_00002_aligned.jpg").unlink()
    (aligned / "train_00003_aligned.jpg").write_bytes(b"broken")
    (aligned / "foreign.jpg").write_bytes(b"x")
    copy = (aligned / "test_0001_aligned.jpg").read_bytes()
    (aligned / "test_0002_aligned.jpg").write_bytes(copy)
    expected = EXPECTED | {"test": {"sad": 1, "fear": 3}}
    report = tmp_path / "report.csv"
    result = run("check", "raf_db", raf, "--report", report, expected=expected)
    assert result.exit_code == 1, result.output
    assert table(result) == [
        ["train", "happy", "2", "1", "1"],
        ["train", "sad", "1", "1"],
        ["test", "fear", "3", "0", "3"],
        ["test", "happy", "0", "1", "1"],
        ["test", "sad", "1", "1"],
    ]
    for line in (
        "  unreadable image: 1",
        f"    {aligned / 'train_00003_aligned.jpg'}: not an image that can be read.",
        "  duplicated with another label: 1",
        f"    {aligned / 'test_0002_aligned.jpg'}: has the same bytes as"
        f" {aligned / 'test_0001_aligned.jpg'}; one is given as happy, one as sad.",
        "  missing file: 1, 1 left out",
        "  surplus file: 1, 1 left out",
        "Not as expected: 4 missing, 1 surplus, 1 unreadable, 1 duplicated; by its reader: "
        "1 surplus file.",
    ):
        assert line in result.output.splitlines()
    assert "How to get it: by request to the authors" in result.output
    with report.open(newline="") as file:
        rows = [(row["kind"], Path(row["file"]).name) for row in csv.DictReader(file)]
    assert rows == [
        ("missing", "happy"),
        ("missing", "fear"),
        ("surplus", "happy"),
        ("unreadable image", "train_00003_aligned.jpg"),
        ("duplicated with another label", "test_0002_aligned.jpg"),
        ("missing file", "train_00002_aligned.jpg"),
        ("surplus file", "foreign.jpg"),
    ]


def test_quick_opens_nothing(run: Run, raf: Path) -> None:
    broken = raf / "basic" / "Image" / "aligned" / "train_00003_aligned.jpg"
    broken.write_bytes(b"broken")
    result = run("check", "raf_db", raf, "--quick")
    assert result.exit_code == 0, result.output
    assert "Opened" not in result.output


def test_all_problems_on_demand(run: Run, raf: Path) -> None:
    aligned = raf / "basic" / "Image" / "aligned"
    for number in range(5):
        (aligned / f"foreign{number}.jpg").write_bytes(b"x")
    few = run("check", "raf_db", raf).output
    assert "... and 2 more; --all names them" in few
    assert "foreign3" not in few
    every = run("check", "raf_db", raf, "--all").output
    assert "more; --all" not in every
    assert "foreign4.jpg: no row names it." in every


def test_a_parameter_of_the_reader_that_changes_no_count(run: Run, raf: Path) -> None:
    broken = raf / "basic" / "Image" / "original" / "train_00003.jpg"
    broken.write_bytes(b"broken")
    settings = ["--set", "images=original", "--set", "landmarks=false"]
    result = run("check", "raf_db", raf, *settings)
    assert result.exit_code == 1
    assert ["train", "happy", "2", "2"] in table(result)
    assert result.output.endswith("Not as expected: 1 unreadable.\n")


def test_what_the_release_itself_has_is_told_and_no_difference(run: Run, raf: Path) -> None:
    aligned = raf / "basic" / "Image" / "aligned"
    copy = (aligned / "test_0001_aligned.jpg").read_bytes()
    (aligned / "test_0002_aligned.jpg").write_bytes(copy)
    (aligned / "foreign.jpg").write_bytes(b"x")
    known = {"duplicated": 1, "surplus file": 1}
    result = run("check", "raf_db", raf, known=known)
    assert result.exit_code == 0, result.output
    for line in (
        "Duplicated: 1; the release itself has 1",
        "  duplicated with another label: 1",
        "  surplus file: 1, 1 left out; the release itself has 1",
    ):
        assert line in result.output.splitlines()
    assert result.output.endswith("All is as expected.\n")
    (aligned / "another.jpg").write_bytes(b"x")
    (aligned / "train_00001_aligned.jpg").write_bytes(copy)
    result = run("check", "raf_db", raf, known=known)
    last = "Not as expected: 1 duplicated; by its reader: 1 surplus file."
    assert result.output.splitlines()[-1] == last


def test_a_note_on_the_counts(run: Run, raf: Path) -> None:
    result = run("check", "raf_db", raf, note="The paper counts one more.")
    assert "The paper counts one more." in result.output.splitlines()


def test_without_published_counts(run: Run, tmp_path: Path) -> None:
    (tmp_path / "data" / "sad").mkdir(parents=True)
    write_avi(tmp_path / "data" / "sad" / "a.avi", 3)
    result = run("check", "folder", tmp_path / "data")
    assert result.exit_code == 0, result.output
    assert "No published counts are known" in result.output
    assert result.output.splitlines()[4].split()[-2:] == ["unknown", "1"]
    assert "Opened: 0 images, 1 videos." in result.output
    assert result.output.endswith("Nothing is wrong with what is there.\n")
    (tmp_path / "data" / "sad" / "b.avi").write_bytes(b"no video")
    result = run("check", "folder", tmp_path / "data")
    assert result.exit_code == 1
    assert "unreadable video: 1" in result.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["raf_bd", "."], "no data set 'raf_bd'. Did you mean 'raf_db'? See 'ferkit datasets'."),
        (["rendered", "."], "'rendered' has no parameter 'path'"),
        (["raf_db", "nowhere"], "the data set does not exist"),
        (["raf_db", "."], "there is no 'EmoLabel' in it"),
        (["raf_db", ".", "--set", "image=original"], "Did you mean 'images'?"),
        (["raf_db", ".", "--set", "images"], "must read key=value"),
        (["raf_db"], "Missing argument 'PATH'"),
        (["folder", "videos", "--reader", "decrod"], "no video reader 'decrod'"),
    ],
)
def test_wrong_usage(
    arguments: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "videos" / "sad").mkdir(parents=True)
    (tmp_path / "videos" / "sad" / "a.avi").touch()
    assert cli.main(["datasets", "check", *arguments]) == 2
    assert message in capsys.readouterr().err


def test_a_data_set_of_the_registry_without_its_plugin(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    entry = DatasetEntry(
        name="other", homepage="", access="nowhere", licence="none", classes=(), expected={}
    )
    known = Registry(schema_version=1, dataset=(entry,))
    monkeypatch.setattr(registry_module, "read_registry", lambda path=None: known)
    assert cli.main(["datasets", "check", "other", str(tmp_path)]) == 2
    assert "no dataset 'other'" in capsys.readouterr().err
    assert cli.main(["datasets"]) == 0
    assert capsys.readouterr().out.splitlines()[1].split() == ["other", "-", "none", "-", "nowhere"]


def test_the_verdict_is_told_though_the_report_cannot_be_written(
    run: Run, raf: Path, tmp_path: Path
) -> None:
    (raf / "basic" / "Image" / "aligned" / "train_00002_aligned.jpg").unlink()
    (tmp_path / "file").write_text("")
    result = run("check", "raf_db", raf, "--report", tmp_path / "file" / "report.csv")
    assert result.exit_code != 0
    assert "Not as expected: 1 missing." in result.output
    assert isinstance(result.exception, FerkitError)
