"""What an aggregation is told of the slot it is made for."""

from __future__ import annotations

from ferkit.contracts.model import FeatureSpec
from ferkit.errors import FerkitError
from ferkit.plugin import Context


def told_features(context: Context, name: str, *, slot: str) -> FeatureSpec:
    """What the layer before delivers.

    Args:
        name: of the aggregation. slot: the one it is made for.
    Raises: FerkitError: it is in another slot, or was not told.
    """
    if context.slot != slot:
        raise FerkitError(
            f"'{name}' pools over {slot}, not over {context.slot or 'nothing'}.",
            where=f"model.aggregation.{context.slot}" if context.slot else "model.aggregation",
            hint=f"Use it as model.aggregation.{slot}.",
        )
    if context.features is None:
        raise FerkitError(f"'{name}' was not told what it pools.", where="model.aggregation")
    return context.features
