"""Mistakes in loop, policies and network are told before any face is prepared."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from ferkit.catalogue import catalogue
from ferkit.cli import main
from ferkit.model.build import build_model
from ferkit.model.face_model import FaceModel
from ferkit.plugin import Context
from ferkit.plugins import load
from ferkit.recipe import read_recipe
from ferkit.running.assemble import read_data
from ferkit.running.folder import read_json
from ferkit.running.trial import Trial

Changes = Callable[..., int]


@pytest.fixture
def unprepared(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fails where a face would be prepared."""

    def prepare(*_: object, **__: object) -> None:
        raise AssertionError("a face was prepared")

    monkeypatch.setattr("ferkit.running.sources.prepare_for_recipe", prepare)


@pytest.fixture
def refused(unprepared: None, tiny_recipe: Path, tmp_path: Path) -> Changes:
    """Runs the recipe with `--set` arguments; gives the status."""

    def run(*changes: str) -> int:
        settings = [word for change in changes for word in ("--set", change)]
        out = str(tmp_path / "out")
        return main(["run", str(tiny_recipe), "--out", out, "--progress", "none", *settings])

    return run


def test_the_fixture_sees_preparation(refused: Changes, capsys: pytest.CaptureFixture[str]) -> None:
    assert refused() == 1
    assert "a face was prepared" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (["loop.tau=0.1", "loop.predict_part=0.5"], "loop.tau: predict_part gives the other"),
        (["training.prediction_precision=16-mixed"], "'16-mixed' needs a GPU"),
        (
            ["data.split.validation=0", "loop={use: supervised, patience: 2}", "labelled={}"],
            "stops by the validation loss (patience), and there are no validation samples",
        ),
        (["model.backbone={use: vggface}", "faces.cropper.size=16"], "crops of at least 32 px"),
    ],
)
def test_mistakes_are_told_at_once(
    changes: list[str],
    message: str,
    refused: Changes,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert refused(*changes) == 2
    assert message in capsys.readouterr().err
    assert read_json(tmp_path / "out" / "run.json")["status"] == "failed"


def test_weights_of_another_network_are_told_at_once(
    refused: Changes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save_file({"conv.weight": torch.zeros(2)}, tmp_path / "own.safetensors")
    assert refused("model.backbone={use: vggface, weights: own.safetensors}") == 2
    assert "no layout of VGG-Face's weights has such names" in capsys.readouterr().err


def test_a_first_model_that_does_not_fit_is_told_at_once(
    tiny_recipe: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    first = tmp_path / "first"
    given = ["run", str(tiny_recipe), "--progress", "none", "--smoke"]
    assert main([*given, "--out", str(first)]) == 0

    def prepare(*_: object, **__: object) -> None:
        raise AssertionError("a face was prepared")

    monkeypatch.setattr("ferkit.running.sources.prepare_for_recipe", prepare)
    wider = ["--set", f"init={first}", "--set", "model.backbone.width=8"]
    assert main([*given, "--out", str(tmp_path / "out"), *wider]) == 2
    assert "the weights are of another network" in capsys.readouterr().err


def test_table_without_unlabelled_rows_is_refused_before_its_faces(
    unprepared: None, write_photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = tmp_path / "mine.yaml"
    recipe.write_text(
        f"data: {{train: {{use: folder, path: {write_photos}}}}}\n"
        "faces: {detector: null, cropper: {use: face, size: 32}}\n"
        "model: {backbone: {use: small_cnn, width: 4}}\n"
        "loop: {use: self_training}\n"
    )
    assert main(["run", str(recipe), "--out", str(tmp_path / "out"), "--progress", "none"]) == 2
    assert "needs unlabelled samples, and the data have none" in capsys.readouterr().err


def test_what_was_built_is_not_built_again_and_nothing_is_drawn(
    tiny_recipe: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = catalogue(load())
    recipe = read_recipe(str(tiny_recipe), catalogue=known).recipe
    wider = {"dropout": 0.5}
    other = recipe.model_copy(update={"model": recipe.model.model_copy(update=wider)})
    context = Context(folder=tiny_recipe.parent)
    read = read_data(recipe, known, context)
    built: list[float] = []

    def build(*given: Any) -> FaceModel:
        built.append(given[1].dropout)
        return build_model(*given)

    monkeypatch.setattr("ferkit.running.trial.build_model", build)
    trial, before = Trial(known), torch.get_rng_state()
    for one in (recipe, other, recipe, other):
        trial(one, read, context)
    assert built == [recipe.model.dropout, 0.5]
    assert torch.equal(torch.get_rng_state(), before)


def test_a_matrix_is_tried_whole_before_its_faces(
    unprepared: None, tiny_matrix: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = tiny_matrix.read_text()
    tiny_matrix.write_text(text.replace("model: {dropout: 0.0}", "model: {backbone: vggface}"))
    given = ["run", str(tiny_matrix), "--out", str(tmp_path / "out"), "--progress", "none"]
    assert main([*given, "--set", "faces.cropper.size=16"]) == 2
    told = capsys.readouterr().err
    assert "scratch, model.backbone: vggface needs crops of at least 32 px, not 16." in told
