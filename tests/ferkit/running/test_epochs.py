"""A run says on the test split what its last epoch and its best one are worth."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
import torch
from rich.console import Console

from ferkit import plugins
from ferkit.catalogue import catalogue
from ferkit.cli import main
from ferkit.evaluation.metrics import evaluate
from ferkit.evaluation.wording import HEADLINES
from ferkit.plugin import Context
from ferkit.recipe import read_recipe
from ferkit.running.assemble import assemble
from ferkit.running.folder import read_json
from ferkit.running.progress import make_display
from ferkit.running.single import make_job
from ferkit.training.predict import predict
from ferkit.training.weights import read_weights

RECIPE = """\
data:
  train: {use: rendered, domain: lab, count: 56, seed: 1, frame_size: 64}
  test: {use: rendered, domain: lab, count: 42, start: 900, seed: 1, frame_size: 64}
  split: {validation: 0.25}
faces: {cropper: {use: face, size: 32}}
model: {backbone: {use: small_cnn, width: 4}}
training: {batch_size: 16, threads: 1, optimiser: {lr: 3.0e-2}}
loop: {use: supervised, epochs: 5, patience: null, keep: last}
evaluation: {bootstrap: 50, figures: false}
"""


@pytest.fixture
def run(tmp_path: Path, capsys):
    """Runs the recipe with settings; gives its folder."""
    recipe = tmp_path / "epochs.yaml"
    recipe.write_text(RECIPE)

    def begun(*settings: str, name: str = "out", more: tuple[str, ...] = ()) -> Path:
        given = [argument for one in settings for argument in ("--set", one)]
        command = ["run", str(recipe), "--out", str(tmp_path / name), "--progress", "lines"]
        assert main([*command, *given, *more]) == 0
        begun.said = capsys.readouterr().out
        return tmp_path / name

    return begun


def by_hand(folder: Path, weights: str) -> dict:
    """Metrics of a file of weights on the test split of a run."""
    components = catalogue(plugins.load())
    loaded = read_recipe(str(folder / "recipe.yaml"), catalogue=components)
    recipe, context = loaded.recipe, Context(folder=folder)
    data = assemble(recipe, components, context, display=make_display("none", Console()))
    tensors, about = read_weights(folder / "checkpoints" / weights)
    model = make_job(
        recipe, data, components, context, folder=folder, observer=None, smoke=False
    ).build_model()
    model.load_state_dict(tensors)
    probs = predict(model, data.test, frames=None, batch_size=8, device="cpu")
    return evaluate(
        probs,
        data.test.given,
        classes=data.classes,
        bootstrap=50,
        bins=15,
        seed=recipe.seed,
        groups=[sample.subject for sample in data.test.samples],
    ), about


@pytest.mark.parametrize("keep", ["last", "best"])
def test_both_are_measured(run, keep) -> None:
    folder = run(f"loop.keep={keep}")
    results = read_json(folder / "results.json")
    epochs, other = results["epochs"], {"last": "best", "best": "last"}[keep]
    assert (epochs["used"], epochs["phase"]) == (keep, "supervised")
    assert epochs["chosen_by"] == "validation"
    rows = list(csv.DictReader((folder / "metrics.csv").read_text().splitlines()))
    losses = [float(row["validation_loss"]) for row in rows]
    assert epochs["last"]["epoch"] == len(losses)
    assert epochs["best"]["epoch"] == losses.index(min(losses)) + 1 < len(losses)
    assert epochs["best"]["validation_loss"] == pytest.approx(min(losses), abs=1e-6)
    for name in HEADLINES:  # what counts is what is reported above
        assert epochs[keep][name] == results["test"][name]
    files = {keep: "supervised.safetensors", other: f"supervised.{other}-epoch.safetensors"}
    assert read_json(folder / "run.json")["weights"] == f"checkpoints/{files[keep]}"
    found = {}
    for kind, file in files.items():
        found[kind], about = by_hand(folder, file)
        assert about["phase"]["kept"] == kind
        for name in HEADLINES:
            assert epochs[kind][name] == {
                key: pytest.approx(value, abs=1e-6) if isinstance(value, float) else value
                for key, value in found[kind][name].items()
            }
    assert found["best"]["confusion"] != found["last"]["confusion"]
    page = (folder / "report.html").read_text()
    assert "<h2>Last and best epoch</h2>" in page
    assert f"{keep} (counts)" in page
    assert "chosen by the validation split" in page
    assert f"{keep} (counts)" in run.said


def test_the_final_weights_do_not_depend_on_it(run) -> None:
    whole, without = run(), run("evaluation.epochs=false", name="without")
    numbers = read_json(whole / "results.json")
    del numbers["epochs"]
    assert read_json(without / "results.json") == numbers
    assert "Last and best epoch" not in (without / "report.html").read_text()
    file = "checkpoints/supervised.safetensors"
    assert (whole / file).read_bytes() == (without / file).read_bytes()


def test_without_validation_there_is_only_the_last(run) -> None:
    folder = run("data.split.validation=0")
    epochs = read_json(folder / "results.json")["epochs"]
    assert epochs["used"] == "last"
    assert "best" not in epochs
    assert (epochs["last"]["epoch"], epochs["last"]["validation_loss"]) == (5, None)
    assert "no epoch was chosen" in (folder / "report.html").read_text()


def test_the_same_epoch_is_predicted_once(run, monkeypatch) -> None:
    def refuse(*given, **named):
        raise AssertionError

    monkeypatch.setattr("ferkit.training.result.reopened", refuse)
    folder = run("loop.epochs=1")
    epochs = read_json(folder / "results.json")["epochs"]
    assert epochs["best"] == epochs["last"]
    assert "both are the same weights" in (folder / "report.html").read_text()


def test_a_smoke_run(run) -> None:
    epochs = read_json(run(more=("--smoke",)) / "results.json")["epochs"]
    assert (epochs["best"]["epoch"], epochs["last"]["epoch"]) == (1, 1)


def test_chosen_by_the_reported_split(run) -> None:
    folder = run("data.selection=reported", "data.split.validation=0")
    results = read_json(folder / "results.json")
    assert results["epochs"]["chosen_by"] == "test"
    assert "chosen by the loss on the test split itself" in (folder / "report.html").read_text()


def test_a_matrix(tmp_path: Path) -> None:
    recipe, out = tmp_path / "grid.yaml", tmp_path / "grid"
    text = RECIPE.replace("epochs: 5", "epochs: 3")
    recipe.write_text(text + "matrix: {seeds: [0, 1], variants: {plain: {}}}\n")
    assert main(["run", str(recipe), "--out", str(out), "--jobs", "1", "--progress", "none"]) == 0
    told = read_json(out / "matrix.json")["summary"]["variants"]["plain"]["epochs"]
    runs = [read_json(out / f"plain/seed{seed}/results.json")["epochs"] for seed in (0, 1)]
    for kind in ("last", "best"):
        values = torch.tensor([one[kind]["accuracy"]["value"] for one in runs], dtype=float)
        assert told[kind]["accuracy"]["mean"] == pytest.approx(float(values.mean()), abs=1e-6)
        assert told[kind]["accuracy"]["sd"] == pytest.approx(float(values.std()), abs=1e-6)
    assert told["used"] == {"last": 2}
    (row,) = csv.DictReader((out / "matrix.csv").read_text().splitlines())
    assert float(row["best_accuracy"]) == pytest.approx(told["best"]["accuracy"]["mean"], abs=1e-6)
    assert "last epoch: accuracy" in (out / "matrix_epochs.md").read_text()
    assert "<h2>Last and best epoch</h2>" in (out / "report.html").read_text()
