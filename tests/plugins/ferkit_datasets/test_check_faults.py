"""`ferkit datasets check` on a copy of every data set: whole, and with a fault of each kind."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from dataset_trees import TREES, Files, ferplus, write
from PIL import Image

from ferkit import registry as registry_module
from ferkit.catalogue import catalogue
from ferkit.commands.datasets import datasets
from ferkit.contracts.data import Dataset
from ferkit.data.counts import NO_LABEL, NO_SPLIT
from ferkit.faces.decode import IMAGE_SUFFIXES, VIDEO_SUFFIXES
from ferkit.plugin import Context, Kind
from ferkit.plugins import load
from ferkit.registry import read_registry
from ferkit.testing.videos import write_avi

SETTINGS = {"rafd": {"contempt": True}, "muxspace": {"contempt": True}}
"""Parameters with which the tree is read whole."""

BY_NAME = ("rafd", "kdef", "jaffe")
"""Those that list what is not there, which on a tree of a few files is most of it."""


WITHOUT_LIST = ("afew", "fer2013", "ravdess")
"""Those of which nothing says what a file that is not there was called: it is counted."""


def trees() -> dict[str, Files]:
    """Copies whose samples are files of their own: not those that lie in a table."""
    made = {name: tree() for name, tree in TREES.items()}
    made["ferplus"] = ferplus.lists(ferplus.PLAIN) | ferplus.images(ferplus.PLAIN)
    del made["ferplus"]["fer2013.csv"]
    folders = ("angry", "disgust", "fear", "happy", "neutral", "sad", "surprise")
    made["fer2013"] = {f"train/{name}/Training_{at}.jpg": "x" for at, name in enumerate(folders)}
    made["fer2013"] |= {"test/sad/PublicTest_1.jpg": "x", "test/sad/PrivateTest_2.jpg": "x"}
    return made


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Writes a tree whose images and videos can be decoded, each another one."""
    monkeypatch.setenv("FERKIT_CACHE", str(tmp_path / "cache"))

    def grow(name: str) -> Path:
        folder = write(trees()[name], tmp_path / name)
        for number, path in enumerate(sorted(folder.rglob("*"))):
            if path.is_dir() or path.name.startswith("."):
                continue
            if path.suffix.lower() in IMAGE_SUFFIXES:
                path.write_bytes(picture(number))
            elif path.suffix.lower() in VIDEO_SUFFIXES:
                write_avi(path, 1 + number)
        return folder

    return grow


def picture(number: int) -> bytes:
    file = io.BytesIO()
    pixels = np.random.default_rng(number).integers(0, 256, (4, 4, 3), np.uint8)
    Image.fromarray(pixels).save(file, format="png")
    return file.getvalue()


def opened(name: str, folder: Path) -> Dataset:
    """The data set as the command reads it."""
    components = catalogue(load())
    model = components.params_model(Kind.DATASET, name)
    entry = components.get(Kind.DATASET, name).component
    module, _, factory = entry.factory.partition(":")
    make = getattr(__import__(module, fromlist=[factory]), factory)
    chosen = model.model_validate({"path": str(folder), **SETTINGS.get(name, {})})
    made: Dataset = make(chosen, Context(folder=folder))
    return made


def counts_of(dataset: Dataset) -> dict[str, dict[str, int]]:
    counted: dict[str, dict[str, int]] = {}
    for sample in dataset.samples():
        name = dataset.classes[sample.label] if sample.label >= 0 else NO_LABEL
        split = counted.setdefault(sample.split or NO_SPLIT, {})
        split[name] = split.get(name, 0) + 1
    return counted


@pytest.fixture
def check(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    def run(name: str, folder: Path, expected: object, known: dict[str, int]) -> Result:
        own = read_registry()
        changes = {"expected": expected, "known": known, "expected_for": (), "note": ""}
        changes["same_counts"] = tuple(SETTINGS.get(name, {}))
        entries = tuple(
            each.model_copy(update=changes) if each.name == name else each for each in own.datasets
        )
        settings = [
            f"--set={key}={str(value).lower()}" for key, value in SETTINGS.get(name, {}).items()
        ]
        with monkeypatch.context() as patch:
            patch.setattr(
                registry_module,
                "read_registry",
                lambda path=None: own.model_copy(update={"datasets": entries}),
            )
            return CliRunner().invoke(datasets, ["check", name, str(folder), "--all", *settings])

    return run


@pytest.mark.parametrize("name", sorted(TREES))
def test_every_fault_is_found(
    name: str, copy: Callable[[str], Path], check: Callable[..., Result]
) -> None:
    folder = copy(name)
    whole = opened(name, folder)
    expected = counts_of(whole)
    known: dict[str, int] = {}
    if name in BY_NAME:
        for problem in whole.problems():
            known[problem.kind] = known.get(problem.kind, 0) + 1
    result = check(name, folder, expected, known)
    assert result.exit_code == 0, result.output
    assert result.output.endswith("All is as expected.\n")

    paths = [Path(sample.path) for sample in whole.samples()]
    gone, broken, first, same = paths[:4] if len(paths) > 3 else (None, *paths[:3])
    for file in files_of(gone) if gone else ():
        file.unlink()
    files_of(broken)[-1].write_bytes(b"broken")
    for source, target in zip(files_of(first), files_of(same), strict=True):
        target.write_bytes(source.read_bytes())
    foreign = foreign_beside(broken, name)
    result = check(name, folder, expected, known)
    assert result.exit_code == 1, result.output
    last = next(line for line in result.output.splitlines() if line.startswith("Not as expected"))
    told = result.output
    assert f"{files_of(same)[0] if same.is_file() else same}: has the same bytes as" in told
    assert "1 duplicated" in last
    if gone:
        assert "1 missing" in last or "2 missing" in last
        assert str(gone) in told or name in (*BY_NAME, *WITHOUT_LIST)
    assert str(files_of(broken)[-1]) in told or str(broken) in told
    assert str(foreign) in told or "1 surplus" in last


def foreign_beside(sample: Path, name: str) -> Path:
    """A clip beside a clip, or an image beside an image or a video; of CK+ among the frames."""
    if sample.is_dir() and name != "ck_plus":
        foreign = sample.with_name("99998")
        foreign.mkdir()
        (foreign / "1.jpg").write_bytes(picture(999))
        return foreign
    foreign = files_of(sample)[0].with_stem("foreign")
    foreign.write_bytes(picture(999))
    return foreign


def files_of(path: Path) -> list[Path]:
    """The file, or the images of a clip."""
    return sorted(path.iterdir()) if path.is_dir() else [path]
