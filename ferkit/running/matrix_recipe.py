"""The recipe of a whole matrix, written so that it runs again to the same numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from ferkit.matrix_axes import SETTING, read_axis
from ferkit.matrix_section import MatrixSection
from ferkit.path_variables import absolute_path
from ferkit.recipe import LoadedRecipe
from ferkit.recipe_merge import lay_over
from ferkit.recipe_write import recipe_document
from ferkit.recipe_yaml import Place, placed, plain
from ferkit.running.plan import FIRST, PRETRAIN, Cell, fragment_of


def dump_matrix(
    loaded: LoadedRecipe, matrix: MatrixSection, documents: Mapping[Cell, Mapping[str, Any]]
) -> str:
    """The whole recipe as YAML, paths absolute.

    Without settings, what each variant changes is written out in full. With settings a variant's
    recipe differs from setting to setting, so the fragments stay as short as they were given.

    Args:
        loaded: as it was read. documents: of each setting and variant, resolved.
    """
    given = matrix.as_given()
    if matrix.folds is not None:
        documents = {cell: _of_any_fold(document) for cell, document in documents.items()}
    content = given.model_dump(mode="json")
    if matrix.settings is None:
        written = {
            variant: {key: document[key] for key in fragment_of(matrix, variant)}
            for (_, variant), document in documents.items()
        }
    else:
        written = {
            variant: _of_all(fragment_of(matrix, variant), documents, loaded.folder, variant)
            for variant in [PRETRAIN, FIRST, *matrix.variants]
        }
        content["settings"] = _settings(given, matrix, documents, loaded.folder)
        content["axes"] = _axes(given, list(documents.values()), loaded.folder)
    content["variants"] = {name: written[name] for name in matrix.variants}
    for key in (FIRST, PRETRAIN):
        content[key] = written.get(key) if content[key] is not None else None
    content = recipe_document(loaded.recipe) | {"matrix": content}
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True)


def _of_any_fold(document: Mapping[str, Any]) -> dict[str, Any]:
    """A recipe without its fold, which the matrix names."""
    return lay_over(document, {"data": {"split": {"fold": 0}}})


def _settings(
    given: MatrixSection,
    matrix: MatrixSection,
    documents: Mapping[Cell, Mapping[str, Any]],
    folder: Path,
) -> dict[str, Any] | None:
    """The settings that the recipe has, which axes may be crossed with."""
    if given.settings is None:
        return None
    points = matrix.axis_values()
    return {
        name: with_absolute_paths(
            fragment,
            [
                one
                for (setting, _), one in documents.items()
                if points.get(setting or "", {}).get(SETTING, setting) == name
            ],
            folder,
        )
        for name, fragment in given.settings.items()
    }


def _axes(
    given: MatrixSection, resolved: Sequence[Mapping[str, Any]], folder: Path
) -> dict[str, Any] | None:
    """The axes, in a list by short names where a path in it would now make another name."""
    if given.axes is None:
        return None
    written: dict[str, Any] = {}
    for name, values in given.axes.items():
        axis = read_axis(name, placed(values, Place(name)), Place(name))
        there = [found for one in resolved if (found := _at(one, axis.keys)) is not None]
        absolute = {
            value.short: with_absolute_paths(plain(value.given), there, folder)
            for value in axis.values
        }
        same = isinstance(values, list) and list(absolute.values()) == values
        written[name] = values if same else absolute
    return written


def _at(document: Any, keys: Sequence[str]) -> Any:
    """What lies under keys; None where there is nothing."""
    for key in keys:
        document = document.get(key) if isinstance(document, Mapping) else None
    return document


def _of_all(
    fragment: Mapping[str, Any],
    documents: Mapping[Cell, Mapping[str, Any]],
    folder: Path,
    variant: str,
) -> Any:
    resolved = [one for (_, name), one in documents.items() if name == variant]
    return with_absolute_paths(fragment, resolved, folder)


def with_absolute_paths(fragment: Any, resolved: Iterable[Any], folder: Path) -> Any:
    """A fragment of a recipe whose relative paths are made absolute.

    Which texts are paths only the components know, so a text is taken for one where a resolved
    recipe has, at the same place, the path that it means.

    Args:
        fragment: a plain value.
        resolved: what stands in its place in the recipes it is part of.
        folder: what its paths are relative to.
    """
    known = list(resolved)
    if isinstance(fragment, Mapping):
        mappings = [one for one in known if isinstance(one, Mapping)]
        return {
            key: with_absolute_paths(child, [one[key] for one in mappings if key in one], folder)
            for key, child in fragment.items()
        }
    if isinstance(fragment, list):
        lists = [one for one in known if isinstance(one, list) and len(one) == len(fragment)]
        return [
            with_absolute_paths(child, [one[place] for one in lists], folder)
            for place, child in enumerate(fragment)
        ]
    if isinstance(fragment, str):
        absolute = absolute_path(fragment, folder)
        return absolute if absolute in known else fragment
    return fragment
