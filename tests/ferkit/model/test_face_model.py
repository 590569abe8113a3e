"""The network: packing, masks, normalisation."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from ferkit.contracts.model import Features, FeatureSpec
from ferkit.model.face_model import FaceModel, unpack, valid_rows
from ferkit.testing import tiny_model
from ferkit.testing.tiny import TinyBackbone


class BatchNormBackbone(nn.Module):
    """Convolution and batch norm, so that padding could do harm."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Tanh())
        self.seen: list[torch.Size] = []

    def spec(self, regions: int) -> FeatureSpec:
        return FeatureSpec(dim=4, regions=regions)

    def forward(self, images: torch.Tensor) -> Features:
        self.seen.append(images.shape)
        maps = self.layers(images.flatten(0, 1))
        return Features(maps.mean((2, 3)).reshape(*images.shape[:2], 4))


def clips(samples: int = 3, frames: int = 4, regions: int = 1):
    generator = torch.Generator().manual_seed(0)
    pixels = torch.rand(samples, frames, regions, 3, 8, 8, generator=generator)
    return pixels, torch.ones(samples, frames, regions, dtype=torch.bool)


def model(**changes) -> FaceModel:
    torch.manual_seed(1)
    made = tiny_model(5, backbone=BatchNormBackbone(), **changes)
    made.set_normalisation((0.4, 0.5, 0.6), (0.2, 0.25, 0.3))
    return made


def test_shapes() -> None:
    made = model()
    output = made(*clips())
    assert output.logits.shape == (3, 5)
    assert output.features.shape == (3, 4)
    assert output.penalty.tolist() == [0.0, 0.0, 0.0]
    assert set(output.weights) == {"space", "regions", "frames"}
    assert made.classes == 5


@pytest.mark.parametrize("training", [True, False])
def test_padding_changes_nothing_but_rounding(training: bool) -> None:
    pixels, valid = clips()
    longer = torch.cat([pixels, torch.full((3, 5, 1, 3, 8, 8), 9.0)], 1)
    mask = torch.cat([valid, torch.zeros(3, 5, 1, dtype=torch.bool)], 1)
    first, second = model().train(training), model().train(training)
    torch.testing.assert_close(
        first(pixels, valid).logits, second(longer, mask).logits, rtol=0, atol=1e-6
    )
    torch.testing.assert_close(
        first.backbone.layers[1].running_mean, second.backbone.layers[1].running_mean
    )


def test_holes_are_left_out_wherever_they_are() -> None:
    pixels, valid = clips(2, 4)
    valid[0, 1] = valid[1, 3] = False
    made = model().eval()
    output = made(pixels, valid)
    assert made.backbone.seen == [(6, 1, 3, 8, 8)]
    alone = made(pixels[:1, [0, 2, 3]], torch.ones(1, 3, 1, dtype=torch.bool))
    torch.testing.assert_close(output.logits[0], alone.logits[0], rtol=0, atol=1e-6)


def test_what_an_invalid_region_shows_does_not_matter() -> None:
    pixels, valid = clips(2, 2, 3)
    valid[0, 1, 2] = False
    made = model().train()
    first = made(pixels, valid).logits
    changed = pixels.clone()
    changed[0, 1, 2] = 0.123
    assert torch.equal(first, made(changed, valid).logits)


def test_a_sample_and_a_batch_with_nothing_valid_give_the_bias() -> None:
    pixels, valid = clips(2, 2)
    valid[1] = False
    made = model().eval()
    output = made(pixels, valid)
    assert torch.equal(output.logits[1], made.head.bias)
    nothing = made(pixels, torch.zeros_like(valid))
    assert torch.equal(nothing.logits, made.head.bias.expand(2, 5))


def test_normalisation_is_per_channel_and_travels_with_the_state() -> None:
    made = model()
    normal = made.normalise(torch.full((1, 3, 2, 2), 0.5))
    for channel, expected in enumerate([(0.5 - 0.4) / 0.2, 0.0, (0.5 - 0.6) / 0.3]):
        assert normal[0, channel].flatten().tolist() == pytest.approx([expected] * 4, abs=1e-6)
    other = tiny_model(5, backbone=BatchNormBackbone())
    other.load_state_dict(made.state_dict())
    assert other.std.tolist() == pytest.approx([0.2, 0.25, 0.3])


def test_a_backbone_may_bring_its_own_normalisation() -> None:
    backbone = TinyBackbone()
    backbone.normalisation = ((0.1, 0.2, 0.3), (0.4, 0.5, 0.6))
    made = tiny_model(backbone=backbone)
    assert made.own_normalisation
    assert made.mean.tolist() == pytest.approx([0.1, 0.2, 0.3])


def test_penalty_is_a_mean_over_valid_frames_and_weights_are_put_in_place() -> None:
    class Watching(nn.Module):
        dim = 4

        def forward(self, features, valid):
            from ferkit.contracts.model import Pooled

            count = len(features)
            per_frame = torch.arange(1.0, count + 1)
            return Pooled(features.mean(1), (per_frame[:, None],), per_frame)

    made = model()
    made.regions = Watching()
    pixels, valid = clips(2, 3)
    valid[0, 2] = False
    output = made(pixels, valid)
    # Packed frames are numbered 1 2 | 3 4 5.
    assert output.penalty.tolist() == [1.5, 4.0]
    assert output.weights["regions"][0][..., 0].tolist() == [[1, 2, 0], [3, 4, 5]]


def test_the_dense_layer_sees_frames_and_no_padding() -> None:
    pixels, valid = clips(2, 3, 2)
    valid[0, 1:] = False
    plain, made = model().eval(), model().eval()
    made.dense = nn.Linear(4, 4)
    output = made(pixels, valid)
    # The mean over a clip's frames commutes with the layer, unless it meets padding.
    torch.testing.assert_close(output.features, made.dense(plain(pixels, valid).features))


def test_rows_and_unpack() -> None:
    valid = torch.tensor([[[True, False]], [[False, False]], [[False, True]]])
    rows = valid_rows(valid)
    assert rows.tolist() == [0, 2]
    full = unpack(torch.tensor([[1.0], [2.0]]), rows, samples=3, frames=1)
    assert full.tolist() == [[[1.0]], [[0.0]], [[2.0]]]
