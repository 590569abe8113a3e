"""Which feature maps of a backbone an aggregation looks at."""

from __future__ import annotations

from typing import Literal

from ferkit.contracts.model import FeatureSpec
from ferkit.errors import FerkitError

SPACE = "model.aggregation.space"


def chosen_stages(
    wanted: Literal["all", "last"] | tuple[int, ...], spec: FeatureSpec, name: str
) -> tuple[int, ...]:
    """Positions of the chosen maps in `Features.maps`, from 0, ascending.

    Args:
        wanted: all, the last, or numbers that count from 1.
        name: of the aggregation, for messages.
    Raises: FerkitError: the backbone has no maps, or not so many.
    """
    count = len(spec.map_channels)
    if not count:
        raise FerkitError(
            f"'{name}' needs a backbone with feature maps, and this one has none.",
            where=SPACE,
            hint="Use 'mean' there.",
        )
    if wanted == "all":
        return tuple(range(count))
    if wanted == "last":
        return (count - 1,)
    if max(wanted) > count:
        raise FerkitError(
            f"there is no stage {max(wanted)}: the backbone has {count} feature map"
            f"{'' if count == 1 else 's'}.",
            where=f"{SPACE}.stages",
            hint="Stages are counted from 1.",
        )
    return tuple(number - 1 for number in wanted)
