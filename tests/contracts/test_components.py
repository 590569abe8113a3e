"""Every installed component keeps the contract of its kind."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from dataset_trees import TREES, Files, write
from ferkit_enlightengan.generator import Generator
from ferkit_enlightengan.weights import public_name
from pydantic import ValidationError
from safetensors.torch import save_file

from ferkit.catalogue import Entry, catalogue
from ferkit.errors import FerkitError
from ferkit.plugin import Context, Kind
from ferkit.plugins import load
from ferkit.testing import CHECKS, check
from ferkit.testing.checks import maker

KNOWN = catalogue(load())

SMALL: dict[str, dict[str, Any]] = {
    "vgg": {"depth": 11},
    "vggface": {"fully_connected": False},
    "small_cnn": {"width": 4},
    "grouped_resnet": {"width": 4},
    "ir50": {"embedding": False},
    "timm": {"name": "test_resnet"},
    "rendered": {"count": 5, "frame_size": 64},
}
"""Parameters that make a component's check quick."""

NEED_MORE = {"yunet": "weights", "pyav": "an extra"}
"""What components of ferkit's own need besides ferkit; their checks are skipped without it."""

MADE_BY_CONTEXT_ALONE = (
    Kind.FACE_DETECTOR,
    Kind.REGION_CROPPER,
    Kind.DATASET,
    Kind.ENHANCER,
    Kind.VIDEO_READER,
)

Prepare = Callable[[Path], dict[str, Any]]


def enlightengan_weights(folder: Path) -> dict[str, Any]:
    """Weights of the public layout, drawn here: the real ones are not to be had in tests."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        drawn = Generator().state_dict()
    path = folder / "weights.safetensors"
    save_file({public_name(own): value for own, value in drawn.items()}, path)
    return {"weights": str(path)}


def class_folders(folder: Path) -> dict[str, Any]:
    for name in ("happy/1.jpg", "happy/2.mp4", "sad/1.png"):
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x")
    return {"path": str(folder)}


def table(folder: Path) -> dict[str, Any]:
    class_folders(folder)
    rows = ["path,label,split", "happy/1.jpg,happy,train", "sad/1.png,sad,", "gone.png,sad,"]
    path = folder / "table.csv"
    path.write_text("\n".join([*rows, ""]), encoding="utf-8")
    return {"path": str(path)}


def copy_of(tree: Callable[[], Files]) -> Prepare:
    """A copy of a data set as it is distributed."""
    return lambda folder: {"path": str(write(tree(), folder / "data"))}


PREPARED: dict[str, Prepare] = {
    "enlightengan": enlightengan_weights,
    "folder": class_folders,
    "table": table,
    "unlabelled_folder": class_folders,
    **{name: copy_of(tree) for name, tree in TREES.items()},
}
"""What makes parameters of those that need a file."""


@pytest.mark.filterwarnings("default:the check of video readers skips")
@pytest.mark.parametrize(
    "entry", KNOWN.entries(), ids=lambda entry: f"{entry.kind.value}-{entry.name}"
)
def test_contract(entry: Entry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    params = dict(SMALL.get(entry.name, {}))
    if entry.kind is Kind.DATASET:  # some unpack tables there; weights of other kinds lie in yours
        monkeypatch.setenv("FERKIT_CACHE", str(tmp_path / "cache"))
    if entry.name in PREPARED:
        params |= PREPARED[entry.name](tmp_path)
    if entry.kind in MADE_BY_CONTEXT_ALONE:
        skip_what_cannot_be_made(entry, params)
    check(entry.kind, entry.name, **params)


def skip_what_cannot_be_made(entry: Entry, params: dict[str, Any]) -> None:
    """Skip a component that lacks weights or a package, with its own reason."""
    try:
        maker(KNOWN, entry, params)(Context())
    except (FerkitError, ValidationError) as error:  # the latter: a parameter without default
        if entry.distribution == "ferkit" and entry.name not in NEED_MORE:
            raise
        pytest.skip(str(error))


def test_every_kind_has_a_check() -> None:
    assert set(CHECKS) == set(Kind)


def test_a_kind_without_a_check_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(CHECKS, Kind.DATASET)
    with pytest.raises(FerkitError, match="no contract check for dataset"):
        check("dataset", "folder")
