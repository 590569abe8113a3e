"""The network: normalisation, small crops, freezing, rates, and training from scratch."""

from __future__ import annotations

import math

import pytest
import torch
from ferkit_vggface.blocks import layer_factors
from ferkit_vggface.params import VggFaceParams
from pydantic import ValidationError
from torch.nn.functional import cross_entropy

from ferkit.errors import FerkitError
from ferkit.sections import OptimiserSection
from ferkit.testing import tiny_model
from ferkit.training.optimiser import freeze, make_optimiser, rate_factors


@pytest.fixture
def loaded(named, written, narrow, tmp_path):
    """A narrow network with weights from a file."""

    def make(**params):
        return narrow(tmp_path, weights=written(named("dag")), **params)

    return make


def test_what_reaches_the_network_is_0_to_255_minus_the_mean_colour(loaded) -> None:
    model = tiny_model(backbone=loaded())
    assert model.own_normalisation
    pixel = torch.tensor([200.0, 100.0, 50.0])
    shown = model.normalise((pixel / 255)[:, None, None].expand(3, 4, 4))
    expected = pixel - torch.tensor([129.1863, 104.7624, 93.5940])
    torch.testing.assert_close(shown[:, 2, 3], expected, rtol=0, atol=1e-4)


def test_other_normalisations(loaded, narrow) -> None:
    assert loaded(normalisation="training").normalisation is None
    assert narrow().normalisation is None


def test_regions_share_the_weights(narrow) -> None:
    torch.manual_seed(1)
    made = narrow()
    images = torch.rand(2, 3, 3, 64, 64)
    features = made(images)
    assert features.pooled.shape == (2, 3, 8)
    torch.testing.assert_close(features.pooled[:, 1:2], made(images[:, 1:2]).pooled)
    assert [tuple(one.shape[2:]) for one in features.maps] == [
        (3, 32, 32), (4, 16, 16), (5, 8, 8), (6, 4, 4), (7, 2, 2)
    ]  # fmt: skip


def test_crops_of_another_size_are_said(loaded) -> None:
    assert "crops here have 112 px" in loaded(image_size=112).weight_notes[-1]
    assert len(loaded(image_size=224).weight_notes) == 1
    assert len(loaded(image_size=112, fully_connected=False).weight_notes) == 1


def test_too_small_crops_are_refused(narrow) -> None:
    with pytest.raises(FerkitError, match="at least 32 px, not 31"):
        narrow(image_size=31)


def test_dropout_acts_in_training_only(narrow) -> None:
    torch.manual_seed(1)
    made, images = narrow(dropout=0.5), torch.rand(1, 1, 3, 32, 32)
    assert torch.equal(made(images).pooled, made(images).pooled)
    made.train()
    assert not torch.equal(made(images).pooled, made(images).pooled)
    made.dropout = 0.0
    assert torch.equal(made(images).pooled, made(images).pooled)


def test_factors_by_layer() -> None:
    factors = layer_factors("conv2", {"conv3": 0.1, "fc6": 2.0, "fc7": 1.0}, fully_connected=True)
    assert factors == {
        "conv1_1": 0, "conv1_2": 0, "conv2_1": 0, "conv2_2": 0,
        "conv3_1": 0.1, "conv3_2": 0.1, "conv3_3": 0.1, "fc6": 2.0,
    }  # fmt: skip
    assert layer_factors(None, {}, fully_connected=False) == {}


def test_frozen_blocks_stay_and_slow_ones_move_by_their_factor(loaded) -> None:
    model = tiny_model(backbone=loaded(freeze="conv4", rates={"conv5": 0.25, "fc6": 0.5}))
    freeze(model)
    optimiser = make_optimiser(
        model, OptimiserSection(name="sgd", lr=0.1, momentum=0.0, weight_decay=0.2)
    )
    before = {name: value.detach().clone() for name, value in model.named_parameters()}
    model(torch.rand(2, 1, 1, 3, 32, 32), torch.ones(2, 1, 1).bool()).logits.sum().backward()
    optimiser.step()
    expected = {"conv5_1": 0.025, "conv5_3": 0.025, "fc6": 0.05, "fc7": 0.1}
    for layer, rate in expected.items():
        name = f"backbone.layers.{layer}.weight"
        now = model.get_parameter(name)
        # a step of SGD: w - rate * (gradient + 0.2 * w)
        torch.testing.assert_close(now, before[name] - rate * (now.grad + 0.2 * before[name]))
        assert not torch.equal(now, before[name])
    for name, value in model.named_parameters():
        if name.startswith(tuple(f"backbone.layers.conv{n}_" for n in (1, 2, 3, 4))):
            assert torch.equal(value, before[name])
            assert value.grad is None
    assert len(rate_factors(model)) == 2 * 3 + 2 * 2 + 2  # conv5, fc6, fc7 and the head


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"rates": {"con4": 1.0}}, r"no block 'con4' \(did you mean 'conv4'\?\)"),
        ({"rates": {"head": 1.0}}, "no block 'head' .blocks: conv1, conv2"),
        ({"rates": {"conv4": -1.0}}, "greater than or equal to 0"),
        ({"rates": {"conv4": math.inf}}, "finite"),
        ({"freeze": "conv6"}, "conv5"),
        ({"freeze": "conv3", "rates": {"conv2": 0.1}}, "conv2 has a rate and is frozen"),
        ({"fully_connected": False, "freeze": "fc6"}, "fc6: not there"),
        ({"fully_connected": False, "rates": {"fc7": 2}}, "fc7: not there"),
        ({"sha256": "0" * 64}, "sha256 is given without weights"),
        ({"weights": "a.pth", "fetched": True}, "not both"),
    ],
)
def test_wrong_parameters_are_errors(params, message) -> None:
    with pytest.raises(ValidationError, match=message):
        VggFaceParams(**params)


def test_from_scratch_the_signal_survives_16_layers_and_is_learned(narrow) -> None:
    torch.manual_seed(0)
    made = narrow(dropout=0.0)
    assert "random weights" in made.weight_notes[0]
    images = torch.randn(16, 1, 3, 32, 32)
    labels = torch.arange(16) % 2
    images[labels == 1, 0, 0] += 1.0
    assert made(images).pooled.std() > 0.1
    head = torch.nn.Linear(8, 2)
    optimiser = torch.optim.Adam([*made.parameters(), *head.parameters()], lr=3e-3)
    losses = []
    for _ in range(60):
        loss = cross_entropy(head(made(images).pooled[:, 0]), labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.3 * losses[0]
