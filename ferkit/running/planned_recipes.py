"""The recipe of each run of a matrix, in a file of its own below the matrix folder.

The files are JSON, which is YAML too and far faster to write and read, so that hundreds of runs
keep nobody waiting. Those of an earlier ferkit are read as YAML.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ferkit.catalogue import Catalogue
from ferkit.files import write_whole
from ferkit.recipe import models_for, read_recipe, validate
from ferkit.recipe_write import dump_recipe, recipe_document
from ferkit.sections import Recipe


def write_planned(path: Path, recipe: Recipe) -> None:
    """Write a resolved recipe so that `read_recipe` and `read_planned` read it back."""
    try:
        text = json.dumps(recipe_document(recipe), ensure_ascii=False, allow_nan=False)
    except ValueError:  # infinity is written differently in the two
        text = ""
    if not text.isprintable() or not text:
        text = dump_recipe(recipe)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, text)


def read_planned(paths: Iterable[Path], components: Catalogue) -> dict[Path, Recipe]:
    """Read recipes that were planned.

    Raises: FerkitError, FerkitErrors: one is missing, damaged, or names a component that is gone.
    """
    found: dict[Path, Recipe] = {}
    documents = {path: _as_json(path) for path in paths}
    models = models_for({"all": list(documents.values())}, components)
    for path, document in documents.items():
        if document is None:
            found[path] = read_recipe(str(path), catalogue=components).recipe
        else:
            found[path] = validate(
                document, catalogue=components, source=str(path), folder=path.parent, models=models
            )
    return found


def _as_json(path: Path) -> Any:
    """The content of a planned recipe; None where it is not JSON."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
