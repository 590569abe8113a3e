"""A run says in its report where the weights come from."""

from __future__ import annotations

import json

import pytest
from ferkit_vggface.backbone import make_vggface
from ferkit_vggface.network import Widths

from ferkit.cli import main

RECIPE = """\
data:
  train: {{use: rendered, domain: lab, count: 42, seed: 1, frame_size: 64}}
  test: {{use: rendered, domain: lab, count: 21, start: 900, seed: 1, frame_size: 64}}
faces:
  cropper: {{use: face, size: 32}}
model:
  backbone: {{use: vggface, freeze: conv2, rates: {{conv3: 0.1}}, {weights}}}
loop: {{use: supervised, epochs: 1}}
training: {{batch_size: 16, device: cpu, threads: 1}}
evaluation: {{bootstrap: 50}}
"""


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Runs a recipe with a narrow network; gives the run's notes and its report."""
    widths = Widths((3, 4, 5, 6, 7), 8)
    monkeypatch.setitem(make_vggface.__kwdefaults__, "widths", widths)

    def make(weights):
        recipe = tmp_path / "recipe.yaml"
        recipe.write_text(RECIPE.format(weights=weights))
        out = tmp_path / "out"
        given = [str(recipe), "--smoke", "--out", str(out), "--progress", "none"]
        assert main(["run", *given]) == 0
        content = json.loads((out / "run.json").read_text())
        return content["notes"], (out / "report.html").read_text()

    return make


def test_without_weights_the_report_says_so(run) -> None:
    notes, report = run("dropout: 0.1")
    said = "vggface starts from random weights"
    assert notes[0].startswith(said)
    assert said in report


def test_with_weights_the_report_says_which(run, named, written) -> None:
    notes, report = run(f"weights: {written(named('dag'))}")
    assert notes[0].startswith("vggface starts from weights.pth (sha256 ")
    assert "colours in the order RGB as in vgg_face_dag.pth" in report
    assert "crops here have 32 px" in notes[1]
