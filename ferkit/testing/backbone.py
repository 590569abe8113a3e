"""The contract of backbones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ferkit.contracts.model import Features, FeatureSpec
from ferkit.plugin import Context

Make = Callable[[Context], Any]
"""Makes the component; called several times."""


def seeded(make: Make, context: Context, seed: int = 0) -> Any:
    """What `make` gives from a seed of torch's generator, which is left as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return make(context)


def check_backbone(
    make: Make, *, regions: Sequence[int] = (1, 3), image_size: int = 64, classes: int = 7
) -> None:
    """Hold a backbone to `ferkit.contracts.model.Backbone`.

    Args:
        make: context -> backbone.
        regions: numbers R that it is to work with.
        image_size: side of the crops, pixels.
    Raises: AssertionError: says what is wrong.
    """
    for count in regions:
        names = tuple(f"region{i}" for i in range(count))
        context = Context(
            classes=tuple(f"class{i}" for i in range(classes)), regions=names, image_size=image_size
        )
        backbone = seeded(make, context)
        assert isinstance(backbone, nn.Module), "a backbone is a torch module"
        again = seeded(make, context).state_dict()
        for name, tensor in backbone.state_dict().items():
            assert torch.equal(tensor, again[name]), f"the same seed gives another {name}"
        images = torch.rand(
            (3, count, 3, image_size, image_size), generator=torch.Generator().manual_seed(1)
        )
        spec = backbone.spec(count)  # type: ignore[operator]
        _check_shapes(spec, backbone.train()(images), regions=count)
        _check_gradients(backbone, backbone(images))
        backbone.eval()
        with torch.no_grad():
            once, alone = backbone(images).pooled, backbone(images[1:2]).pooled
            torch.testing.assert_close(
                alone[0], once[1], rtol=1e-3, atol=1e-4, msg=_in_batches("a sample's features")
            )
            other = seeded(make, context, seed=5).eval()
            other.load_state_dict(backbone.state_dict())
            torch.testing.assert_close(
                other(images).pooled, once, msg="state_dict does not hold the whole state"
            )


def _check_shapes(spec: FeatureSpec, features: Features, *, regions: int) -> None:
    assert spec.regions == regions, f"spec({regions}).regions is {spec.regions}"
    pooled = features.pooled
    assert pooled.shape == (3, regions, spec.dim), (
        f"pooled is {tuple(pooled.shape)}, not (B, R, D) = {(3, regions, spec.dim)}"
    )
    assert pooled.is_floating_point(), f"pooled is {pooled.dtype}"
    assert bool(torch.isfinite(pooled).all()), "pooled is not finite"
    channels = tuple(feature_map.shape[2] for feature_map in features.maps)
    assert channels == spec.map_channels, (
        f"maps have {channels} channels and spec says {spec.map_channels}"
    )
    for feature_map in features.maps:
        assert feature_map.ndim == 5, "a map is (B, R, C, H, W)"
        assert feature_map.shape[:2] == (3, regions), "a map is (B, R, C, H, W)"


def _check_gradients(backbone: nn.Module, features: Features) -> None:
    total: Tensor = features.pooled.square().sum()
    for feature_map in features.maps:
        total = total + feature_map.square().sum()
    backbone.zero_grad()
    total.backward()  # type: ignore[no-untyped-call]
    without = [
        name
        for name, parameter in backbone.named_parameters()
        if parameter.requires_grad and parameter.grad is None
    ]
    assert not without, f"no gradient reaches {', '.join(without)}"


def _in_batches(what: str) -> Callable[[str], str]:
    return lambda text: f"{what} depend on the others of its batch in evaluation mode: {text}"
