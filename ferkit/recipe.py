"""Reads recipes: from a file or a shipped name to a validated `Recipe`, or all errors at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from ferkit.catalogue import Catalogue
from ferkit.compatibility import chosen_parts, incompatibilities, without_effect
from ferkit.errors import FerkitError, FerkitErrors
from ferkit.loop_policies import with_loop_policies
from ferkit.matrix_expanded import ExpandedMatrix
from ferkit.recipe_absent import AbsentFiles
from ferkit.recipe_errors import explain
from ferkit.recipe_files import find_recipe, read_text
from ferkit.recipe_location import locate
from ferkit.recipe_matrix import check_given
from ferkit.recipe_matrix_read import read_matrix
from ferkit.recipe_merge import lay_over
from ferkit.recipe_models import RecipeModels
from ferkit.recipe_paths import absent_paths
from ferkit.recipe_settings import apply_settings
from ferkit.recipe_sweep import check_sweep, tried
from ferkit.recipe_write import dump_recipe, recipe_document, recipe_hash
from ferkit.recipe_yaml import Item, Place, PlacedError, parse, placed, plain, texts
from ferkit.sections import SCHEMA_VERSION, Recipe, Section
from ferkit.sweep_section import SweepSection

AnySection = TypeVar("AnySection", bound=Section)


@dataclass(frozen=True)
class LoadedRecipe:
    """A recipe that was read and found right.

    recipe: without matrix and sweep. matrix, sweep: its keys of that name, if it has them;
        the axes of the matrix are written out.
    name: of the recipe. path: its file. folder: what relative paths in it are relative to.
    document: the recipe as plain dicts and lists, `--set` applied, `matrix`, `sweep` included.
    plugins_used: the plugins whose components it (or a variant) uses, with their versions.
    dropped: a sentence for each `--set` that dropped keys which the file has.
    absent: looks for files that variables lead to, of runs that are to be done.
    """

    recipe: Recipe
    matrix: ExpandedMatrix | None
    name: str
    path: Path
    folder: Path
    document: dict[str, Any]
    plugins_used: Mapping[str, str]
    dropped: tuple[str, ...] = ()
    sweep: SweepSection | None = None
    absent: AbsentFiles | None = None


def read_recipe(
    path_or_name: str,
    *,
    overrides: Sequence[str] = (),
    catalogue: Catalogue,
    look: bool = False,
    parts: bool = False,
) -> LoadedRecipe:
    """Read a recipe and check it, with all variants of its matrix.

    Args:
        path_or_name: a file, or the name of a recipe that ships.
        overrides: "a.b.c=value", applied in order.
        catalogue: the components that it may use; none of their factories is imported.
        look: whether it is about to be run for the first time: what must exist
            (`ferkit.plugin.MustExist`) is looked for, and what would have no effect is an error.
        parts: whether some runs of a matrix may be left for later: what environment variables
            lead to is not looked for, which `LoadedRecipe.absent` does.
    Raises: FerkitError, FerkitErrors: everything that is wrong, each with its place.
    """
    path = find_recipe(path_or_name, catalogue.loaded)
    source = path_or_name if str(path) == path_or_name else str(path)
    document = parse(read_text(path, source), source)
    if document is None:
        raise FerkitError("is empty.", where=source, hint="'ferkit recipes' lists examples.")
    if not isinstance(document.value, dict):
        raise PlacedError("a recipe must be a mapping (key: value).", document.place)
    document, dropped = apply_settings(document, overrides)
    folder = path.absolute().parent
    reading = _Reading(document, catalogue, folder, _name_of(path), look=look, parts=parts)
    recipe, matrix, sweep = reading.all()
    return LoadedRecipe(
        recipe=recipe,
        matrix=matrix,
        name=recipe.name or _name_of(path),
        path=path.absolute(),
        folder=folder,
        document=plain(document),
        plugins_used=reading.plugins_used,
        dropped=dropped,
        sweep=sweep,
        absent=AbsentFiles(document),
    )


def validate(
    document: Mapping[str, Any],
    *,
    catalogue: Catalogue,
    source: str = "recipe",
    name: str | None = None,
    folder: Path | None = None,
    models: RecipeModels | None = None,
) -> Recipe:
    """Validate a plain document without a matrix, such as a variant laid over its recipe.

    Args:
        document: plain dicts and lists.
        catalogue: the components that it may use.
        source: what messages call it.
        name: of the recipe, where the document gives none.
        folder: what relative paths are relative to; None leaves them.
        models: of `models_for`, where many recipes are validated; they take long to build.
    Raises: FerkitErrors: everything that is wrong.
    """
    item = placed(document, Place(source))
    reading = _Reading(item, catalogue, folder, name, models)
    recipe = reading.one(item)
    reading.raise_errors()
    assert recipe is not None
    return recipe


def models_for(document: Mapping[str, Any], catalogue: Catalogue) -> RecipeModels:
    """Models that fit a recipe and everything in its matrix."""
    return RecipeModels(catalogue, set(texts(placed(document, Place("recipe")))))


class _Reading:
    """One pass over a document: validates, collects errors, remembers the plugins used."""

    def __init__(
        self,
        document: Item,
        catalogue: Catalogue,
        folder: Path | None,
        name: str | None,
        models: RecipeModels | None = None,
        *,
        look: bool = False,
        parts: bool = False,
    ) -> None:
        self.plugins_used: dict[str, str] = {}
        self._look = look
        self._parts = parts
        self._absent = AbsentFiles(document)
        self._document = document
        self._catalogue = catalogue
        self._context = {"folder": folder} if folder is not None else {}
        self._name = name
        self._models = models or RecipeModels(catalogue, set(texts(document)))
        self._errors: dict[tuple[Place, str], PlacedError] = {}

    def all(self) -> tuple[Recipe, ExpandedMatrix | None, SweepSection | None]:
        """The recipe, its matrix and its sweep; every variant is validated too.

        Raises: FerkitErrors: everything that is wrong.
        """
        children = dict(self._document.value)
        given, swept = children.pop("matrix", None), children.pop("sweep", None)
        rest = Item(children, self._document.place, self._document.keys)
        there = given is not None and given.value is not None
        recipe = self.one(rest, whole=not there)
        matrix = expanded = sweep = None
        if there:
            matrix = self._part(given, self._models.matrix, check_given, "matrix.")
        if matrix is not None:
            expanded = read_matrix(matrix, given, rest, validate=self.one, keep=self._keep)
        if swept is not None and swept.value is not None:
            sweep = self._part(swept, self._models.sweep, check_sweep, "sweep.")
            if matrix is not None:
                what = "a recipe has a matrix or a sweep, not both."
                self._keep(PlacedError(what, self._document.keys["sweep"]))
            elif sweep is not None and not self._errors:
                for each in tried(rest, swept, self._keep):
                    self.one(each.document, about=f"{each.called}: ")
        self.raise_errors()
        assert recipe is not None
        return recipe, None if expanded is None else expanded.matrix, sweep

    def one(self, document: Item, *, about: str = "", whole: bool = True) -> Recipe | None:
        """Validate one recipe; None where it has errors, which are kept.

        Args:
            document: without a matrix.
            about: opens its messages.
            whole: whether its components must fit together; what variants are laid over need not.
        """
        content = plain(document)
        if not self._version_fits(document):
            return None
        if content.get("name") is None and self._name is not None:
            content["name"] = self._name
        content = with_loop_policies(content, self._catalogue)
        model = self._models.recipe
        try:
            recipe = model.model_validate(content, context=self._context)
        except ValidationError as error:
            # A variant has no key `matrix`; what it is laid over may have one, misspelt.
            known = model if about else self._models.with_matrix()
            for found in explain(error.errors(include_url=False), document, known):
                self._keep(found, about)
            return None
        if whole:
            clashes = incompatibilities(recipe, self._catalogue)
            if self._look:
                clashes += without_effect(recipe, self._catalogue)
            for clash in clashes:
                spot = locate(document, model, clash.location)
                self._keep(PlacedError(clash.what, spot.place, hint=clash.hint), about)
            told = self._absent.look(recipe, document) if self._look else set()
            for absent in absent_paths(recipe) if self._look else ():
                if absent.location in told:
                    continue
                spot = locate(document, model, absent.location)
                what = f"{spot.key}: there is nothing at {absent.path}."
                self._keep(PlacedError(what, spot.place, hint=absent.hint), about)
            for part in chosen_parts(recipe):
                entry = self._catalogue.get(part.kind, part.name)
                self.plugins_used[entry.plugin] = entry.version
        return recipe

    def raise_errors(self) -> None:
        """Raises: FerkitErrors: those kept, in the order of the file."""
        for absent in self._absent.errors() if not self._parts else ():
            self._keep(absent)
        if self._errors:
            found: list[PlacedError] = sorted(self._errors.values(), key=_order)
            raise FerkitErrors(found)

    def _part(
        self,
        given: Item,
        model: type[AnySection],
        check: Callable[[AnySection, Item], list[PlacedError]],
        prefix: str,
    ) -> AnySection | None:
        """Validate the value of `matrix` or `sweep`; None where it has no right form."""
        try:
            section = model.model_validate(plain(given))
        except ValidationError as error:
            details = error.errors(include_url=False)
            for found in explain(details, given, model, prefix=prefix):
                self._keep(found)
            return None
        for found in check(section, given):
            self._keep(found)
        return section

    def _version_fits(self, document: Item) -> bool:
        version = document.value.get("schema_version")
        if version is None or type(version.value) is not int or version.value == SCHEMA_VERSION:
            return True
        newer = version.value > SCHEMA_VERSION
        self._keep(
            PlacedError(
                f"this recipe has format {version.value}, this ferkit reads {SCHEMA_VERSION}.",
                version.place,
                hint="A newer ferkit reads it." if newer else None,
            )
        )
        return False

    def _keep(self, error: PlacedError, about: str = "") -> None:
        told = PlacedError(about + error.what, error.place, hint=error.hint) if about else error
        # What is wrong with the part that all variants share is told once.
        self._errors.setdefault((error.place, error.what), told)


def _order(error: PlacedError) -> tuple[bool, int, int]:
    """By place in the file; those of `--set` have none and come last."""
    return error.place.line == 0, error.place.line, error.place.column


def _name_of(path: Path) -> str:
    """A file's name as the name of a recipe."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", path.stem).strip("-._") or "recipe"


__all__ = [
    "LoadedRecipe",
    "dump_recipe",
    "lay_over",
    "models_for",
    "read_recipe",
    "recipe_document",
    "recipe_hash",
    "validate",
]
