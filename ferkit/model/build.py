"""From the recipe's model section to a network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

from torch import nn

from ferkit.contracts.model import FeatureSpec
from ferkit.errors import FerkitError
from ferkit.model.face_model import FaceModel
from ferkit.plugin import SLOTS, Context, Kind
from ferkit.sections import ModelSection

Build = Callable[[Kind, Any, Context], Any]
"""Makes a component: the catalogue's `build(kind, params, context)`."""


def build_model(build: Build, section: ModelSection, context: Context) -> FaceModel:
    """Build the network; weights are drawn from torch's global generator.

    Args:
        build: makes a component from its kind, its chosen parameters and a context.
        section: of the recipe.
        context: with the run's classes, regions and image size.
    Raises: FerkitError: a component is not a torch module, or lacks what its contract asks for.
    """
    backbone = _module(build(Kind.BACKBONE, section.backbone, context), "backbone", "spec")
    spec = cast(FeatureSpec, cast(Any, backbone).spec(len(context.regions)))
    pools: list[nn.Module] = []
    dense: nn.Module | None = None
    for slot in SLOTS:
        told = replace(context, slot=slot, features=spec)
        chosen = getattr(section.aggregation, slot)
        pool = _module(build(Kind.AGGREGATION, chosen, told), f"aggregation.{slot}", "dim")
        pools.append(pool)
        regions = spec.regions if slot == "space" else 1
        spec = FeatureSpec(dim=int(cast(Any, pool).dim), map_channels=(), regions=regions)
        if slot == "regions" and section.feature_dim is not None:
            dense = nn.Linear(spec.dim, section.feature_dim)
            spec = spec._replace(dim=section.feature_dim)
    space, across_regions, across_frames = pools
    return FaceModel(
        backbone,
        space,
        across_regions,
        across_frames,
        classes=len(context.classes),
        dense=dense,
        dropout=section.dropout,
    )


def _module(built: object, key: str, attribute: str) -> nn.Module:
    """`built`, if it is a torch module with `attribute`; else an error that names the key."""
    if not isinstance(built, nn.Module):
        raise FerkitError(
            f"{type(built).__name__} is not a torch module.",
            where=f"model.{key}",
            hint="Backbones and aggregations are subclasses of torch.nn.Module.",
        )
    if not hasattr(built, attribute):
        raise FerkitError(
            f"{type(built).__name__} has no '{attribute}'.",
            where=f"model.{key}",
            hint="See ferkit.contracts.model for what it must have.",
        )
    return built
