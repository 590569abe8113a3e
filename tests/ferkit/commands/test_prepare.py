"""`ferkit prepare` as a user calls it."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.parquet
import pytest
import torch
from click.testing import CliRunner, Result
from PIL import Image

from ferkit.commands.prepare import dataset_for, prepare
from ferkit.contracts.data import Sample
from ferkit.data.tensor_clips import TensorClips
from ferkit.errors import FerkitError, FerkitErrors
from ferkit.faces.prepared import Prepared
from ferkit.faces.report import summary_table

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    def call(*arguments: str | Path) -> Result:
        return CliRunner().invoke(prepare, [str(argument) for argument in arguments])

    return call


@pytest.fixture
def crops(tmp_path: Path) -> Path:
    """A folder per class with images that are crops already, and one that is broken."""
    generator = np.random.default_rng(0)
    for name in ("happy/a.png", "happy/b.png", "sad/c.png"):
        path = tmp_path / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(generator.integers(0, 256, (20, 20, 3), np.uint8)).save(path)
    (tmp_path / "data" / "sad" / "broken.png").write_bytes(b"no image")
    return tmp_path / "data"


def counts(result: Result) -> dict[str, int]:
    """Rows of the table."""
    rows = [line.strip("│ ").split("│") for line in result.output.splitlines() if "│" in line]
    return {name.strip(): int(number) for name, number in rows}


def test_counts_and_failures_report(run: Run, crops: Path, tmp_path: Path) -> None:
    arguments = (crops, "--out", tmp_path / "out", "--detector", "none", "--size", "16")
    result = run(*arguments)
    assert result.exit_code == 0, result.output
    assert counts(result) == {
        "prepared now": 3,
        "there already": 0,
        "left out: unreadable image": 1,
    }
    (report,) = (tmp_path / "out").glob("failures-data-*.csv")
    assert str(report) in result.output
    with report.open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert row == {
        "file": str(crops / "sad" / "broken.png"),
        "kind": "unreadable image",
        "reason": "not an image that can be read.",
        "left out": "yes",
    }
    again = counts(run(*arguments, "--failures", tmp_path / "own.csv"))
    assert (again["prepared now"], again["there already"]) == (0, 3)
    assert (tmp_path / "own.csv").read_text() == report.read_text()
    assert len(list((tmp_path / "out").glob("*/store.json"))) == 1


def test_a_recipes_faces_and_set(run: Run, crops: Path, tmp_path: Path) -> None:
    recipe = tmp_path / "mine" / "recipe.yaml"
    recipe.parent.mkdir()
    recipe.write_text(
        "data: {train: {use: rendered}}\n"
        "faces: {detector: null, cropper: {use: face, size: 12}, store: crops}\n"
    )
    result = run(crops, "--recipe", recipe)
    assert result.exit_code == 0, result.output
    assert len(list((tmp_path / "mine" / "crops").glob("*/store.json"))) == 1
    run(crops, "--recipe", recipe, "--set", "faces.cropper.size=24")
    assert len(list((tmp_path / "mine" / "crops").glob("*/store.json"))) == 2


def test_nothing_usable_is_status_1(run: Run, crops: Path, tmp_path: Path) -> None:
    for path in crops.rglob("*.png"):
        path.write_bytes(b"")
    result = run(crops, "--out", tmp_path / "out", "--detector", "none")
    assert result.exit_code == 1
    assert counts(result)["left out: unreadable image"] == 4


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--detector", "mtcn"), "no face detector 'mtcn'.*Did you mean 'mtcnn'"),
        (("--cropper", "faces"), "no region cropper 'faces'.*'face'"),
        (("--set", "faces.min_scor=1"), "min_scor"),
        (("--dataset", "foldr"), "no dataset 'foldr'.*'folder'"),
        (("--device", "tpu"), "tpu"),
    ],
)
def test_wrong_choices_are_said_like_in_a_recipe(
    run: Run, crops: Path, arguments: tuple[str, ...], message: str
) -> None:
    result = run(crops, *arguments)
    assert isinstance(result.exception, FerkitError | FerkitErrors)
    with pytest.raises(FerkitError, match=message):
        raise result.exception


def test_how_data_is_read_by_default(tmp_path: Path) -> None:
    assert dataset_for(tmp_path) == "unlabelled_folder"
    assert dataset_for(Path("a.CSV")) == dataset_for(Path("a.parquet")) == "table"
    with pytest.raises(FerkitError, match="neither a folder nor a table"):
        dataset_for(Path("a.jpg"))


def test_missing_data(run: Run, tmp_path: Path) -> None:
    result = run(tmp_path / "none")
    assert isinstance(result.exception, FerkitError)
    assert "no such file or folder" in str(result.exception)


def test_real_photographs(run: Run, real_data: Path, tmp_path: Path) -> None:
    result = run(real_data / "photos", "--out", tmp_path, "--size", "64")
    assert result.exit_code == 0, result.output
    found = counts(result)
    assert found["prepared now"] == 4
    # A drawing, and a picture that MTCNN sees nothing certain in.
    assert sum(number for row, number in found.items() if row.startswith("left out")) == 2


def test_options_become_the_faces_section(run: Run, crops: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    arguments = (crops, "--out", out, "--detector", "mtcnn", "--size", "16")
    options = ("--enhancer", "gamma", "--track", "--keep", "all", "--format", "jpeg")
    result = run(*arguments, *options)
    assert result.exit_code == 1, "noise shows no face"
    (document,) = out.glob("*/store.json")
    settings = json.loads(document.read_text())["settings"]
    assert settings["enhancer"]["use"] == "gamma"
    assert settings["tracking"] == {"every": 25, "grow": 0.5, "cut": 0.15}
    assert (settings["keep"], settings["format"]) == ("all", "jpeg")
    run(*arguments, "--enhancer", "none")
    assert len(list(out.glob("*/store.json"))) == 2


def test_options_of_a_cluster_need_the_engine(run: Run, crops: Path) -> None:
    result = run(crops, "--detector", "none", "--workers", "2")
    assert isinstance(result.exception, FerkitError)
    assert str(result.exception) == "--ray-address and --workers need --engine ray."


def test_files_are_counted_apart_from_faces() -> None:
    rows = tuple(Sample(id=f"a#{number}") for number in range(3))
    crops = TensorClips(torch.zeros(3, 1, 1, 3, 4, 4, dtype=torch.uint8))
    table = summary_table(Prepared(crops, (0, 0, 1), rows, (), 1), [])
    cells = dict(zip(table.columns[0].cells, table.columns[1].cells, strict=True))
    assert cells == {"prepared now": "1", "there already": "1", "faces in them": "3"}


def test_the_index_finds_each_crop(run: Run, crops: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = run(crops, "--out", out, "--detector", "none", "--size", "20")
    (index,) = out.glob("*/index-data-*.parquet")
    assert str(index) in result.output
    rows = pyarrow.parquet.read_table(index).to_pylist()
    assert [row["sample"] for row in rows] == ["happy/a.png", "happy/b.png", "sad/c.png"]
    for row in rows:
        shard = np.load(index.parent / row["shard"])
        image = np.asarray(Image.open(crops / row["sample"]))
        assert (shard[row["row"], 0] == image.transpose(2, 0, 1)).all()


def test_what_is_left_out_is_said_of_the_last_call(run: Run, crops: Path, tmp_path: Path) -> None:
    out, own = tmp_path / "out", tmp_path / "own.csv"
    options = (crops, "--out", out, "--detector", "none", "--size", "20")
    assert "What is left out" in run(*options).output
    run(*options, "--failures", own)
    (report,) = out.glob("failures-data-*.csv")
    (crops / "sad" / "broken.png").unlink()
    for again in (run(*options), run(*options, "--failures", own)):
        assert again.exit_code == 0
        assert "What is left out" not in again.output
    for path in (report, own):
        with path.open(newline="") as file:
            assert list(csv.DictReader(file)) == []
    before = report.stat()
    run(*options)
    assert report.stat() == before, "nothing to write, such as into a store that others keep"


def test_no_file_for_what_is_left_out_where_nothing_is(
    run: Run, crops: Path, tmp_path: Path
) -> None:
    (crops / "sad" / "broken.png").unlink()
    result = run(crops, "--out", tmp_path / "out", "--detector", "none", "--size", "20")
    assert result.exit_code == 0
    assert not list(tmp_path.glob("out/failures-*"))


def test_the_index_forgets_what_is_no_longer_there(run: Run, crops: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    options = (crops, "--out", out, "--detector", "none", "--size", "20")
    assert run(*options).exit_code == 0
    (index,) = out.glob("*/index-data-*.parquet")
    assert pyarrow.parquet.read_table(index).num_rows == 3
    for path in crops.rglob("*.png"):
        path.write_bytes(b"no image any more")
    assert run(*options).exit_code == 1
    table = pyarrow.parquet.read_table(index)
    assert table.num_rows == 0
    assert "sample" in table.column_names


def test_data_of_one_name_keep_their_own_index(run: Run, crops: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    table = crops.parent / "data.csv"
    table.write_text("path,label\ndata/sad/c.png,sad\n")
    elsewhere = crops / "happy" / "data"
    elsewhere.mkdir()
    (crops / "happy" / "a.png").rename(elsewhere / "a.png")
    options = ("--out", out, "--detector", "none", "--size", "20")

    def samples(data: Path, *more: str) -> list[str]:
        before = {path: path.read_bytes() for path in out.glob("*/index-*")}
        assert run(data, *options, *more).exit_code == 0
        (made,) = set(out.glob("*/index-*")) - set(before)
        assert all(path.read_bytes() == content for path, content in before.items())
        assert made.name.startswith("index-data-")
        return [row["sample"] for row in pyarrow.parquet.read_table(made).to_pylist()]

    assert samples(crops) == ["happy/b.png", "happy/data/a.png", "sad/c.png"]
    assert samples(elsewhere) == ["a.png"]
    assert samples(table) == ["data/sad/c.png"]
    # The same crops, as the same store says, and other samples.
    assert samples(elsewhere, "--keep", "all") == ["a.png#0"]
    assert len(list(out.glob("*/store.json"))) == 1
    assert len(list(out.glob("*/index-*"))) == 4
    run(crops / "happy" / ".." / "happy" / "data", *options)
    assert len(list(out.glob("*/index-*"))) == 4, "the same folder, said otherwise"
