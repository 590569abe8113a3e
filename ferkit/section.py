"""What every section of a recipe is."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A mapping in a recipe: no unknown keys, numbers finite, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    def __eq__(self, other: object) -> bool:
        # Not by class: the exact models are built anew for each recipe that is read.
        return isinstance(other, Section) and self.model_dump() == other.model_dump()
