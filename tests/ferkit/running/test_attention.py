"""Attention weights are watched while a split is predicted, and held against what is known."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch
from torch import Tensor, nn

from ferkit.cli import main
from ferkit.contracts.model import Features, FeatureSpec, Pooled
from ferkit.model.face_model import FaceModel
from ferkit.running.attention import AttentionWatch
from ferkit.running.attention_shown import show_attention
from ferkit.running.folder import read_json
from ferkit.running.known_frames import DETECTED, LEFT_OUT, MIXED, NOT_DRAWN, KnownFrames
from ferkit.testing import tiny_model, tiny_split
from ferkit.training.predict import predict

CLASSES = ("anger", "happy", "sad")
REGIONS = ("face", "mouth")


class Truth(NamedTuple):
    intensity: Tensor


class Drawn:
    """Clips of four frames; in row i the eyes lie at x = 10 + i and 20 + i, intensity rises."""

    classes = CLASSES
    frame_size, clip_length = (64, 64), 4

    def __init__(self, *, aligned: bool = True) -> None:
        self.aligned = aligned

    def samples(self) -> Any: ...
    def problems(self) -> Any: ...
    def fingerprint(self) -> str: ...  # type: ignore[empty-body]
    def draw(self, index: Any, transforms: Any = None, size: Any = None) -> Tensor: ...  # type: ignore[empty-body]

    def landmarks(self, index: Any) -> Tensor:
        upright = torch.tensor([[10.0, 10], [20, 10], [15, 15], [12, 20], [18, 20]])
        rows = torch.tensor(list(index), dtype=torch.float32)[:, None, None, None]
        time = torch.arange(4.0)[:, None, None]
        return upright + torch.cat([rows + 0 * time, time + 0 * rows], -1)

    def frame_truth(self, index: Any) -> Truth:
        return Truth(torch.arange(4.0).repeat(len(index), 1) / 4)


class Halving:
    """A region is the picture at half its size; another the same, moved by 3 px."""

    regions, size = REGIONS, 8

    def transforms(self, faces: Any) -> Tensor:
        one = torch.tensor([[[0.5, 0, 0], [0, 0.5, 0]], [[0.5, 0, 3], [0, 0.5, 0]]])
        return one.repeat(len(faces.score), 1, 1, 1)


def known(rows: Any = (0, 1, 2), *, frames: int | None = None, **changes: Any) -> KnownFrames:
    return KnownFrames(Drawn(**changes), rows, frames=frames, make_cropper=Halving)


def test_landmarks_are_told_in_each_crop() -> None:
    found = known((5, -1)).landmarks([0, 1])
    assert found is not None
    assert found.shape == (2, 4, 2, 5, 2)
    assert found[0, 0, :, 0].tolist() == [[7.5, 5.0], [10.5, 5.0]]  # (10 + 5, 10) at half size
    assert found[0, 3, 0, 0].tolist() == [7.5, 6.5]
    assert torch.isnan(found[1]).all()


def test_only_shown_frames_are_told_of() -> None:
    (strength, nothing) = known((0, -1), frames=2).intensity([0, 1])
    assert strength is not None
    assert strength.tolist() == [0.25, 0.75]  # frames 1 and 3, the middles of two halves
    assert nothing is None
    places = known(frames=2).landmarks([0])
    assert places is not None
    assert places[0, :, 0, 0, 1].tolist() == [5.5, 6.5]


def test_why_it_is_not_known_where_faces_are() -> None:
    assert known().unplaced is None
    assert known(aligned=False).unplaced == DETECTED
    assert known(aligned=False).landmarks([0]) is None
    files = KnownFrames(object(), (0,), frames=None, make_cropper=Halving)  # type: ignore[arg-type]
    assert files.unplaced == NOT_DRAWN
    assert files.intensity([0]) == [None]


class Corner(nn.Module):
    """Looks at the top left place only, in two hops."""

    dim = 4

    def forward(self, features: Features) -> Pooled:
        b, r, _ = features.pooled.shape
        maps = torch.zeros(b, r, 2, 4, 4)
        maps[..., 0, 0] = 1
        return Pooled(features.pooled, (maps,), torch.zeros(b))


class First(nn.Module):
    """Gives each later member half the weight of the one before."""

    dim = 4

    def forward(self, features: Tensor, valid: Tensor) -> Pooled:
        shares = valid * 0.5 ** torch.arange(valid.shape[1])
        shares = shares / shares.sum(1, keepdim=True).clamp(min=1e-9)
        return Pooled((features * shares[..., None]).sum(1), (shares,), torch.zeros(len(shares)))


class Plain(nn.Module):
    def spec(self, regions: int) -> FeatureSpec:
        return FeatureSpec(4, regions=regions)

    def forward(self, images: Tensor) -> Features:
        return Features(images.mean((-3, -2, -1))[..., None].expand(-1, -1, 4))


def watched(
    *,
    samples: int = 12,
    about: KnownFrames | None = None,
    batch_size: int = 5,
    limit: int | None = None,
) -> tuple[FaceModel, Any, AttentionWatch, Tensor]:
    torch.manual_seed(0)
    model = FaceModel(Plain(), Corner(), First(), First(), classes=3).eval()
    split = tiny_split(samples, frames=4, regions=2, size=8)
    watch = AttentionWatch(samples, known=about, image_size=8)
    probs = predict(
        model, split, frames=None, batch_size=batch_size, device="cpu", seen=watch, limit=limit
    )
    return model, split, watch, probs


def test_numbers_of_a_split_whatever_the_batches() -> None:
    about = known(range(12))
    _, split, watch, _ = watched(about=about)
    results = watch.results(split.samples, classes=CLASSES, regions=REGIONS)
    assert results is not None
    assert results["regions"]["all"]["weights"] == pytest.approx({"face": 2 / 3, "mouth": 1 / 3})
    assert set(results["regions"]["per_class"]) == set(CLASSES)
    frames = results["frames"]
    # Samples 3, 7 and 11 have all of their four frames; weights fall while the intensity rises.
    assert frames["correlation"]["n"] == 3
    assert frames["correlation"]["mean"] == -1.0
    assert frames["unknown"] == 6  # two or three frames: it is not known which
    on_face = results["space"]["on_face"]
    assert (on_face["clips"], on_face["frames"]) == (3, 12)
    assert results["space"]["clips"] == 12
    assert results["space"]["on_face"]["regions"]["face"]["mass"] < 0.1
    other = watched(about=about, batch_size=3)[2]
    assert other.results(split.samples, classes=CLASSES, regions=REGIONS) == results
    mean = watch.mean_maps()[0]
    assert mean.shape == (2, 2, 4, 4)
    assert mean[..., 0, 0] == pytest.approx(1.0)
    assert mean.sum() == pytest.approx(4.0)


def test_without_known_frames_there_is_a_reason() -> None:
    _, split, watch, _ = watched()
    results = watch.results(split.samples, classes=CLASSES, regions=REGIONS)
    assert results is not None
    assert results["space"]["on_face"] is None
    assert results["space"]["no_face"] == MIXED
    assert "correlation" not in results["frames"]


def test_only_what_was_predicted_is_counted_and_shown() -> None:
    model, split, watch, probs = watched(about=known(range(12)), limit=5)
    results = watch.results(split.samples, classes=CLASSES, regions=REGIONS)
    assert results is not None
    space = results["space"]
    assert space["clips"] == 5
    assert (space["on_face"]["clips"], space["on_face"]["frames"]) == (1, 4)  # sample 3
    assert watch.predicted.tolist() == [0, 1, 2, 3, 4]
    probs[5:] = 1.0  # of no sample predicted: the surest of all
    shown = show_attention(
        model, split, watch, probs, classes=CLASSES, regions=REGIONS, frames=None, device="cpu"
    )
    assert shown is not None
    assert len(shown.examples) == 3
    assert not [one.caption for one in shown.examples if "100 %" in one.caption]
    first = split.read(torch.arange(5), 1).frames[:, 0].float()
    assert shown.means.crop == pytest.approx(first.mean(0).round().numpy())


def test_where_frames_were_left_out_of_every_clip_the_page_says_so() -> None:
    _, split, watch, _ = watched(about=known(range(12)), samples=3)  # of one to three frames
    results = watch.results(split.samples, classes=CLASSES, regions=REGIONS)
    assert results is not None
    assert (results["space"]["clips"], results["space"]["no_face"]) == (3, LEFT_OUT)


def test_samples_whose_frames_are_unknown_are_not_counted() -> None:
    _, split, watch, _ = watched(about=known([*range(7), -1, *range(8, 12)]))
    results = watch.results(split.samples, classes=CLASSES, regions=REGIONS)
    assert results is not None
    on_face = results["space"]["on_face"]
    assert (on_face["clips"], on_face["frames"]) == (2, 8)  # 3 and 11, not 7


def test_a_network_without_weights_leaves_nothing() -> None:
    split = tiny_split(5, frames=2)
    watch = AttentionWatch(5, known=None, image_size=8)
    model = tiny_model()
    probs = predict(model, split, frames=None, batch_size=2, device="cpu", seen=watch)
    assert not watch.found
    assert watch.results(split.samples, classes=CLASSES, regions=("face",)) is None
    options: Any = {"classes": CLASSES, "regions": ("face",), "frames": None, "device": "cpu"}
    assert show_attention(model, split, watch, probs, **options) is None


def test_examples_hold_the_valid_frames_of_a_clip_of_each_class() -> None:
    model, split, watch, probs = watched(about=known(range(12)))
    shown = show_attention(
        model, split, watch, probs, classes=CLASSES, regions=REGIONS, frames=None, device="cpu"
    )
    assert shown is not None
    assert len(shown.examples) == 3
    for one in shown.examples:
        length = len(one.crops)
        assert one.crops.shape == (length, 2, 3, 8, 8)
        assert one.maps[0].shape == (length, 2, 2, 4, 4)
        assert one.frames is not None
        assert one.frames.sum() == pytest.approx(1.0)
        assert one.heaviest == 0
        assert (one.intensity is not None) == (length == 4)
    assert shown.means.crop.shape == (2, 3, 8, 8)


CLIPS = """\
data:
  train: {use: rendered, domain: lab, count: 28, seed: 1, frame_size: 48, clip_length: 4}
  split: {validation: 0.2, test: 0.4}
faces:
  cropper: {use: face_eyes_mouth, size: 24}
model:
  backbone: {use: small_cnn, width: 4}
  aggregation:
    space: {use: spatial_attention, hops: 2}
    regions: region_attention
    frames: frame_attention
training: {batch_size: 16, threads: 1, augmentation: null}
loop: {use: supervised, epochs: 1}
evaluation: {bootstrap: 20, stability: true}
"""


def test_a_run_on_clips_shows_attention_cost_and_stability(tmp_path: Path) -> None:
    recipe, out = tmp_path / "clips.yaml", tmp_path / "out"
    recipe.write_text(CLIPS)
    assert main(["run", str(recipe), "--out", str(out), "--progress", "none"]) == 0
    results = read_json(out / "results.json")
    face = results["attention"]["space"]["on_face"]["regions"]["face"]
    assert 0.4 < face["area"] < 0.55  # the eyes are at .32 of the side, so the oval is known
    assert 0 < face["mass"] < 1
    assert list(results["attention"]["regions"]["all"]["weights"]) == ["face", "eyes", "mouth"]
    assert results["attention"]["frames"]["unknown"] == 0
    assert results["attention"]["frames"]["correlation"]["n"] > 0
    assert len(results["stability"]["alterations"]) == 7
    assert read_json(out / "run.json")["cost"] == results["cost"]
    assert results["cost"]["frames"] == 4
    names = {path.stem for path in (out / "figures").iterdir()}
    parts = {"maps", "stages", "regions", "frames"}
    assert {f"attention_{name}" for name in parts} | {"stability"} <= names
    page = (out / "report.html").read_text()
    n = results["test"]["n"]
    assert f"Measured on {n} test samples with {4 * n} frames." in page
    for heading in ("Attention: where the network looks", "Stability of the predictions"):
        assert heading in page
    assert "multiply-adds for a clip of 4 frames, 3 regions each, 24 px" in page
