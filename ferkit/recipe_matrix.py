"""The key `matrix` of a recipe: its variants as recipes of their own, and what it must keep to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ferkit import suggest
from ferkit.matrix_section import MatrixSection
from ferkit.recipe_merge import merge
from ferkit.recipe_wording import shown
from ferkit.recipe_yaml import Item, PlacedError

FIRST = "first"
"""Name of the models that variants start from; no variant may be called so."""

_OWN_FILES = {
    "recipe.yaml",
    "run.json",
    "matrix.json",
    "matrix.csv",
    "matrix.md",
    "report.html",
    "figures",
}
"""What lies in a matrix folder beside its variants' folders, and what tells a run folder."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_RESERVED = {
    "matrix": "a variant has no matrix of its own.",
    "seed": "matrix.seeds gives the seeds.",
    "name": "a variant is called by its key.",
    "schema_version": "it belongs to the whole recipe.",
}


@dataclass(frozen=True)
class Variant:
    """A recipe of the matrix: `first`, or a variant, laid over the rest.

    called: "variant 'x'" or "matrix.first".
    """

    called: str
    document: Item


def variants(rest: Item, matrix: Item) -> Iterator[Variant]:
    """All recipes of a matrix of the right form.

    Args:
        rest: the recipe without its key `matrix`.
        matrix: the value of that key.
    """
    first = matrix.value.get(FIRST)
    if first is not None and first.value is not None:
        yield Variant("matrix.first", merge(rest, first))
    for name, fragment in matrix.value["variants"].value.items():
        yield Variant(f"variant {name!r}", merge(rest, fragment))


def check_matrix(matrix: MatrixSection, given: Item) -> list[PlacedError]:
    """What is wrong with a matrix beyond the types of its values.

    Args:
        matrix: as validated.
        given: the same with places.
    """
    fragments: Item = given.value["variants"]
    names = list(matrix.variants)
    errors = []
    if not names:
        errors.append(PlacedError("matrix.variants is empty.", fragments.place))
    for name in names:
        if why := _unfit(name):
            what = f"a variant can't be called {shown(name)}: {why}"
            errors.append(PlacedError(what, fragments.keys[name]))
    for key, fragment in [(f"variants.{name}", fragments.value[name]) for name in names] + (
        [(FIRST, given.value[FIRST])] if matrix.first is not None else []
    ):
        for reserved in _RESERVED.keys() & fragment.value.keys():
            what = f"unknown key {reserved!r} in matrix.{key}: {_RESERVED[reserved]}"
            errors.append(PlacedError(what, fragment.keys[reserved]))
    referring = [("from_scratch", each) for each in matrix.from_scratch]
    referring += [("baseline", matrix.baseline)] if matrix.baseline is not None else []
    for key, name in referring:
        if name not in matrix.variants:
            what = f"matrix.{key} names {name!r}, which is no variant."
            hint = suggest.hint(name, names, label="Variants")
            errors.append(PlacedError(what, given.value[key].place, hint=hint))
    if len(set(matrix.seeds)) < len(matrix.seeds):
        errors.append(PlacedError("matrix.seeds holds a seed twice.", given.value["seeds"].place))
    if min(matrix.seeds) < 0:
        errors.append(PlacedError("matrix.seeds must be at least 0.", given.value["seeds"].place))
    return errors


def _unfit(name: str) -> str:
    """Why a variant can't have this name; "" if it can."""
    if not _NAME.fullmatch(name):
        return (
            "its name is a folder's, of letters, digits, '.', '_' and '-', and begins with a "
            "letter or digit."
        )
    if name.lower() in {FIRST, *_OWN_FILES}:  # some file systems do not tell case apart
        return "the matrix folder has something of its own by that name."
    return ""
