"""What components need of the data, once it is known what the data have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ferkit.catalogue import spoken
from ferkit.compatibility import chosen_parts
from ferkit.errors import FerkitError

if TYPE_CHECKING:
    from ferkit.catalogue import Catalogue
    from ferkit.sections import Recipe

_REMEDIES = {
    "unlabelled": "Give data.unlabelled, fewer data.labels than there are, or data.transductive.",
    "validation": "Set data.split.validation above 0.",
}


def check_needs(recipe: Recipe, catalogue: Catalogue, there: Mapping[str, bool]) -> None:
    """Refuse a component that needs samples which the data turn out not to have.

    A data set may have rows without labels or of a validation split; only when it has been read
    is it known whether it does.

    Args:
        there: whether there are "unlabelled" and "validation" samples.
    Raises: FerkitError: a component needs some, and there are none.
    """
    for part in chosen_parts(recipe):
        component = catalogue.get(part.kind, part.name).component
        for need in component.requires:
            if not there.get(need, True):
                raise FerkitError(
                    f"the {spoken(part.kind)} '{part.name}' needs {need} samples, and the data "
                    "have none.",
                    where="data",
                    hint=_REMEDIES[need],
                )
