"""The section `matrix.table` of a recipe: how the compact table is laid out."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import Field

from ferkit import suggest
from ferkit.recipe_wording import shown
from ferkit.recipe_yaml import Item, PlacedError
from ferkit.section import Section


class TableSection(Section):
    """Two axes of the matrix as rows and columns, with the variants in the cells."""

    rows: str = Field(description="an axis; `setting` where axes are crossed with settings")
    columns: str = Field(description="another")


def check_table(table: TableSection, given: Item, *, axes: Iterable[str]) -> list[PlacedError]:
    """What is wrong with a layout.

    Args:
        table: as validated. given: the same with places.
        axes: names of the matrix's; none where it has none.
    """
    known = list(axes)
    if not known:
        return [PlacedError("matrix.table has no meaning without matrix.axes.", given.place)]
    errors = []
    for key, name in (("rows", table.rows), ("columns", table.columns)):
        if name not in known:
            what = f"matrix.table.{key} names {shown(name)}, which is no axis."
            hint = suggest.hint(name, known, label="Axes")
            errors.append(PlacedError(what, given.value[key].place, hint=hint or None))
    if table.rows == table.columns and not errors:
        what = f"matrix.table has the axis {table.rows!r} as rows and as columns."
        errors.append(PlacedError(what, given.value["columns"].place))
    return errors
