"""Parameters and multiply-adds are those that one counts by hand (B27)."""

from __future__ import annotations

import torch
from torch import nn

from ferkit.contracts.model import Features, FeatureSpec
from ferkit.model.cost import count_cost
from ferkit.testing import tiny_model


class Grouped(nn.Module):
    """A convolution that keeps two regions apart, and its mean."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Conv2d(6, 8, 3, padding=1, groups=2, bias=False)

    def spec(self, regions: int) -> FeatureSpec:
        return FeatureSpec(dim=4, regions=regions)

    def forward(self, images: torch.Tensor) -> Features:
        maps = self.layer(images.flatten(1, 2))
        return Features(maps.mean((-2, -1)).unflatten(1, (2, 4)))


def test_a_linear_layer_counts_inputs_times_outputs() -> None:
    model = tiny_model(3)  # 48 -> 8 for each region of each frame, then 8 -> 3 once
    cost = count_cost(model, frames=2, regions=1, image_size=8)
    assert cost.parameters == (48 + 1) * 8 + (8 + 1) * 3
    assert cost.multiply_adds == 2 * 48 * 8 + 8 * 3
    more = count_cost(model, frames=2, regions=3, image_size=8)
    assert more.multiply_adds == 6 * 48 * 8 + 8 * 3


def test_grouped_convolutions_count_their_own_channels_only() -> None:
    model = tiny_model(3, backbone=Grouped())
    cost = count_cost(model, frames=1, regions=2, image_size=8)
    assert cost.parameters == 8 * 3 * 9 + (4 + 1) * 3
    assert cost.multiply_adds == 8 * 8 * 8 * 3 * 9 + 4 * 3


def test_counting_leaves_the_network_as_it_was() -> None:
    model = tiny_model(backbone=None).train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    state = torch.get_rng_state()
    count_cost(model, frames=1, regions=1, image_size=8)
    assert model.training
    assert torch.equal(state, torch.get_rng_state())
    assert all(torch.equal(value, model.state_dict()[name]) for name, value in before.items())
