"""Weights that a recipe names are looked for by `ferkit check` and before a run begins."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import pytest
from pydantic import Field

from ferkit.cli import main
from ferkit.plugin import DataPath, MustExist, Params, WeightsPath
from ferkit.recipe_paths import absent_paths, must_exist

RECIPE = """\
data: {train: {use: rendered, count: 70}}
faces: {cropper: {use: face, size: 32}}
model:
  backbone: {use: vggface, weights: vgg_face_dog.pth}
"""


class Part(Params):
    weights: WeightsPath | None = None
    many: tuple[WeightsPath, ...] = ()
    plain: Annotated[DataPath, Field(description="made if needed")] = "nowhere"


class Whole(Params):
    init: WeightsPath = "absent"
    part: Part = Field(default_factory=Part)
    parts: tuple[Part, ...] = ()


def test_marked_paths_are_found_at_any_depth(tmp_path: Path) -> None:
    there = tmp_path / "a.pth"
    there.touch()
    whole = Whole(
        init=str(tmp_path),
        part=Part(weights=str(there)),
        parts=(Part(), Part(many=(str(there), "no"), weights=str(tmp_path / "b" / "c.pth"))),
    )
    first, second = absent_paths(whole)
    assert first == (("parts", 1, "weights"), str(tmp_path / "b" / "c.pth"), None)
    assert second[:2] == (("parts", 1, "many", 1), "no")
    assert [one.location for one in absent_paths(Whole())] == [("init",)]


def test_only_marked_fields_count() -> None:
    marked = [name for name, info in Part.model_fields.items() if must_exist(info)]
    assert marked == ["weights", "many"]
    assert any(isinstance(one, MustExist) for one in Whole.model_fields["init"].metadata)


def test_a_close_name_is_offered_and_no_name_is_too_long(tmp_path: Path) -> None:
    (tmp_path / "weights.pth").touch()
    (absent,) = absent_paths(Whole(init=str(tmp_path / "weigths.pth")))
    assert absent.hint == "Did you mean 'weights.pth'?"
    (absent,) = absent_paths(Whole(init=str(tmp_path / ("x" * 300))))
    assert absent.hint is None


def test_check_and_run_say_where_weights_are_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = tmp_path / "r.yaml"
    recipe.write_text(RECIPE)
    (tmp_path / "vgg_face_dag.pth").touch()
    said = (
        f"{recipe}:4:37: model.backbone.weights: there is nothing at "
        f"{tmp_path / 'vgg_face_dog.pth'}. Did you mean 'vgg_face_dag.pth'?\n"
    )
    assert main(["check", str(recipe)]) == 2
    assert capsys.readouterr().err == said
    out = tmp_path / "out"
    assert main(["run", str(recipe), "--out", str(out), "--progress", "none"]) == 2
    assert capsys.readouterr().err == said
    assert not out.exists()
    assert main(["check", str(recipe), "--set", "model.backbone.weights=vgg_face_dag.pth"]) == 0


def test_check_looks_in_variants_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recipe = tmp_path / "r.yaml"
    recipe.write_text(
        RECIPE.replace("weights: vgg_face_dog.pth", "dropout: 0")
        + """\
matrix:
  seeds: [0]
  variants:
    plain: {}
    pretrained: {model: {backbone: {use: resnet, weights: resnet.pth}}}
    started: {init: some/run}
"""
    )
    assert main(["check", str(recipe)]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert [line.partition(": there is nothing at ")[0] for line in lines] == [
        f"{recipe}:9:59: variant 'pretrained': model.backbone.weights",
        f"{recipe}:10:21: variant 'started': init",
    ]
