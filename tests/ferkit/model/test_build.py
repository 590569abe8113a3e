"""From the model section to a network."""

from __future__ import annotations

import pytest
from torch import nn

from ferkit.contracts.model import FeatureSpec
from ferkit.errors import FerkitError
from ferkit.model.build import build_model
from ferkit.plugin import Context, Kind
from ferkit.sections import ModelSection
from ferkit.testing.tiny import TinyBackbone

CONTEXT = Context(classes=("a", "b"), regions=("face", "eyes"))


class Pool(nn.Module):
    def __init__(self, dim: int) -> None:
        super().__init__()
        self.dim = dim


def test_each_slot_is_told_what_the_layer_before_delivers() -> None:
    told = {}

    def build(kind, chosen, context):
        if kind is Kind.BACKBONE:
            return TinyBackbone(6)
        told[context.slot] = context.features
        return Pool({"space": 10, "regions": 20, "frames": 30}[context.slot])

    made = build_model(build, ModelSection(dropout=0.25), CONTEXT)
    assert told == {
        "space": FeatureSpec(6, (6,), 2),
        "regions": FeatureSpec(10, (), 2),
        "frames": FeatureSpec(20, (), 1),
    }
    assert made.head.weight.shape == (2, 30)
    assert made.dropout.p == 0.25


@pytest.mark.parametrize(("feature_dim", "frames_get"), [(7, 7), (None, 20)])
def test_a_dense_layer_between_regions_and_frames(feature_dim, frames_get) -> None:
    told = {}

    def build(kind, chosen, context):
        if kind is Kind.BACKBONE:
            return TinyBackbone(6)
        told[context.slot] = context.features
        return Pool(20 if context.slot == "regions" else context.features.dim)

    made = build_model(build, ModelSection(feature_dim=feature_dim), CONTEXT)
    assert told["frames"] == FeatureSpec(frames_get, (), 1)
    assert made.head.in_features == frames_get
    shapes = [tuple(tensor.shape) for tensor in made.dense.state_dict().values()]
    assert shapes == ([] if feature_dim is None else [(7, 20), (7,)])


@pytest.mark.parametrize(
    ("backbone", "message"),
    [
        (object(), r"model\.backbone: object is not a torch module"),
        (nn.Identity(), r"model\.backbone: Identity has no 'spec'"),
    ],
)
def test_a_component_of_the_wrong_kind(backbone, message) -> None:
    with pytest.raises(FerkitError, match=message):
        build_model(lambda *given: backbone, ModelSection(), CONTEXT)
