"""The key `matrix` of a recipe: its runs as recipes of their own, and what it must keep to."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ferkit import suggest
from ferkit.matrix_axes import NAME, RESERVED, spoken
from ferkit.matrix_expanded import ONLY_VARIANT, Expanded
from ferkit.matrix_folds import check_folds, with_folds
from ferkit.matrix_section import MatrixSection
from ferkit.paper_section import check_paper
from ferkit.recipe_merge import merge, without_named
from ferkit.recipe_wording import shown
from ferkit.recipe_yaml import Item, PlacedError
from ferkit.table_section import check_table

FIRST = "first"
"""Name of the models that variants start from; no variant may be called so."""

PRETRAIN = "pretrain"
"""Name of the model that all first models start from; neither setting nor variant may be."""

_OWN_FILES = re.compile(
    r"recipe\.yaml|run\.json|report\.html|figures|matrix(_\w+)?\.(json|csv|md|tex)"
)
"""What lies in a matrix folder beside its runs' folders, and what tells a run folder."""


@dataclass(frozen=True)
class Variant:
    """A recipe of the matrix: `pretrain`, `first` or a variant, laid over the rest.

    called: "matrix.first", "variant 'x'", "setting 'y', variant 'x'", "loop.tau=0.7, variant 'x'".
    setting, variant: None where there is no setting; "pretrain", "first" or a variant's name.
    """

    called: str
    document: Item
    setting: str | None
    variant: str


def variants(rest: Item, expanded: Expanded) -> Iterator[Variant]:
    """All recipes of a matrix of the right form.

    Args:
        rest: the recipe without its key `matrix`.
    """
    matrix, given = expanded.matrix, expanded.given
    pretrain = given.value.get(PRETRAIN)
    if pretrain is not None and pretrain.value is not None:
        yield Variant("matrix.pretrain", merge(rest, pretrain), None, PRETRAIN)
    if matrix.settings is None:
        yield from _of_setting(rest, expanded, None)
        return
    for name in given.value["settings"].value:
        yield from _of_setting(rest, expanded, name)


def _of_setting(rest: Item, expanded: Expanded, setting: str | None) -> Iterator[Variant]:
    matrix, given = expanded.matrix, expanded.given
    point = matrix.points.get(setting or "", {})
    where = ", ".join(f"{axis}={spoken(value)}" for axis, value in point.items())
    where = where or ("" if setting is None else f"setting {setting!r}")
    before = f"{where}, " if where else ""
    first = given.value.get(FIRST)
    own = None if setting is None else given.value["settings"].value[setting]
    if first is not None and first.value is not None:
        below = rest if own is None else merge(rest, below_first(own, first, matrix))
        document = with_folds(merge(below, first), matrix, given, setting)
        yield Variant(f"{before}matrix.first", document, setting, FIRST)
    below = rest if own is None else merge(rest, own)
    for name, fragment in given.value["variants"].value.items():
        if (setting, name) not in matrix.omitted():
            document = with_folds(merge(below, fragment), matrix, given, setting)
            called = name == ONLY_VARIANT and bool(where) and len(matrix.variants) == 1
            yield Variant(where if called else f"{before}variant {name!r}", document, setting, name)


def below_first(setting: Item, first: Item, matrix: MatrixSection) -> Item:
    """What of a setting a first model is laid over.

    A component that `first` names is the same for all values of axes, so that they share it.
    """
    return without_named(setting, first) if matrix.axes else setting


def check_given(matrix: MatrixSection, given: Item) -> list[PlacedError]:
    """What is wrong with a matrix before its axes are written out.

    Args:
        matrix: as validated.
        given: the same with places.
    """
    errors = []
    if "variants" in given.value:
        errors += _check_names("variant", "variants", list(matrix.variants), given)
    if matrix.settings is not None:
        errors += _check_names("setting", "settings", list(matrix.settings), given)
    return errors


def check_matrix(matrix: MatrixSection, given: Item) -> list[PlacedError]:
    """What is wrong with a matrix beyond the types of its values.

    Args:
        matrix: its axes written out.
        given: the same with places.
    """
    errors = _check_fragment(FIRST, given.value.get(FIRST), "a first model")
    errors += _check_fragment(PRETRAIN, given.value.get(PRETRAIN), "the pretrained model")
    if matrix.axis_values():
        errors += _check_names("combination", "settings", list(matrix.settings or ()), given)
    errors += _check_references(matrix, given)
    errors += check_folds(matrix, given)
    if matrix.paper is not None:
        errors += check_paper(
            matrix.paper,
            given.value["paper"],
            variants=matrix.variants,
            settings=matrix.settings or (),
        )
    if matrix.table is not None:
        names = dict.fromkeys(axis for point in matrix.axis_values().values() for axis in point)
        errors += check_table(matrix.table, given.value["table"], axes=names)
    if len(set(matrix.seeds)) < len(matrix.seeds):
        errors.append(PlacedError("matrix.seeds holds a seed twice.", given.value["seeds"].place))
    if min(matrix.seeds) < 0:
        errors.append(PlacedError("matrix.seeds must be at least 0.", given.value["seeds"].place))
    return errors


def _check_names(one: str, key: str, names: Sequence[str], given: Item) -> list[PlacedError]:
    """What is wrong with the variants or settings: their number, names and reserved keys."""
    fragments: Item = given.value[key]
    if not names:
        return [PlacedError(f"matrix.{key} is empty.", fragments.place)]
    errors = []
    for name in names:
        if why := _unfit(name):
            what = f"a {one} can't be called {shown(name)}: {why}"
            errors.append(PlacedError(what, fragments.keys[name]))
        errors += _check_fragment(f"{key}.{name}", fragments.value[name], f"a {one}")
    return errors


def _check_fragment(key: str, fragment: Item | None, called: str) -> list[PlacedError]:
    if fragment is None or fragment.value is None:
        return []
    return [
        PlacedError(
            f"unknown key {reserved!r} in matrix.{key}: {why.format(called)}",
            fragment.keys[reserved],
        )
        for reserved, why in RESERVED.items()
        if reserved in fragment.value
    ]


def _check_references(matrix: MatrixSection, given: Item) -> list[PlacedError]:
    """What is wrong where the matrix names its own variants and settings."""
    settings = list(matrix.settings or {})
    referring = [("from_scratch", each, "variant") for each in matrix.from_scratch]
    referring += [("baseline", matrix.baseline, "variant")] if matrix.baseline is not None else []
    referring += [("not_pretrained", each, "setting") for each in matrix.not_pretrained]
    known = {"variant": list(matrix.variants), "setting": settings}
    errors = []
    for key, name, sort in referring:
        if name not in known[sort]:
            what = f"matrix.{key} names {name!r}, which is no {sort}."
            hint = suggest.hint(name, known[sort], label=f"{sort.capitalize()}s")
            errors.append(PlacedError(what, given.value[key].place, hint=hint or None))
    if matrix.from_scratch and matrix.first is None and matrix.pretrain is None:
        what = "matrix.from_scratch has no meaning without matrix.first or matrix.pretrain."
        errors.append(PlacedError(what, given.value["from_scratch"].place))
    if matrix.not_pretrained and matrix.pretrain is None:
        what = "matrix.not_pretrained has no meaning without matrix.pretrain."
        errors.append(PlacedError(what, given.value["not_pretrained"].place))
    return errors


def is_own_file(name: str) -> bool:
    """Whether a matrix folder may have a file of its own by this name, in any case of letters."""
    return _OWN_FILES.fullmatch(name.lower()) is not None


def _unfit(name: str) -> str:
    """Why a variant or setting can't have this name; "" if it can."""
    if not NAME.fullmatch(name):
        return (
            "its name is a folder's, of letters, digits, '.', '_' and '-', and begins with a "
            "letter or digit."
        )
    # Some file systems do not tell case apart.
    if name.lower() in (FIRST, PRETRAIN) or is_own_file(name):
        return "the matrix folder has something of its own by that name."
    return ""
