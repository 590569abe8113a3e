"""Finds recipes, by path or by the name of one that ships, and reads their text."""

from __future__ import annotations

import codecs
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from ferkit import suggest
from ferkit.errors import FerkitError
from ferkit.plugins import Loaded

MAX_BYTES = 1 << 20
SUFFIXES = (".yaml", ".yml")


@dataclass(frozen=True)
class ShippedRecipe:
    """A recipe that came with ferkit or a plugin.

    name: with the folders it lies in, as in "tables/a_table_1". origin: "ferkit", or the plugin's
    name. summary: its first comment line.
    """

    name: str
    origin: str
    path: Path
    summary: str

    @property
    def group(self) -> str:
        """The folders it lies in, "" for none."""
        return self.name.rpartition("/")[0]


def shipped_recipes(loaded: Loaded) -> list[ShippedRecipe]:
    """All recipes of ferkit and of the loaded plugins, by folder and name; those in none first."""
    folders = [("ferkit", Path(__file__).parent / "recipes")]
    folders += [(plugin.name, plugin.recipes) for plugin in loaded.plugins if plugin.recipes]
    found = [
        ShippedRecipe(
            path.relative_to(folder).with_suffix("").as_posix(), origin, path, _summary(path)
        )
        for origin, folder in folders
        if folder.is_dir()
        for path in folder.rglob("*")
        if path.suffix in SUFFIXES
    ]
    return sorted(found, key=lambda recipe: (recipe.group, recipe.name, recipe.origin))


def find_recipe(path_or_name: str, loaded: Loaded) -> Path:
    """The file of a recipe; what exists as a file wins over a name.

    Raises: FerkitError: the name is empty, there is no such file and no such name, or two plugins
        ship the name.
    """
    if not path_or_name.strip():
        raise FerkitError(
            "no recipe is named: the name is empty.", hint="'ferkit recipes' lists those that ship."
        )
    path = Path(path_or_name)
    if _exists(path):
        return path
    shipped = shipped_recipes(loaded)
    matching = [recipe for recipe in shipped if recipe.name == path_or_name]
    if len(matching) == 1:
        return matching[0].path
    if matching:
        origins = " and ".join(repr(recipe.origin) for recipe in matching)
        raise FerkitError(
            f"the recipe {path_or_name!r} ships with {origins}.",
            hint=f"Give its path: {' or '.join(str(recipe.path) for recipe in matching)}.",
        )
    names = {recipe.name.rpartition("/")[2]: recipe.name for recipe in shipped}
    beside = {file.stem: str(file) for file in _siblings(path)}
    close = suggest.nearest(path.stem, {*beside, *names})
    in_folder = path_or_name.rpartition("/")[0] not in {recipe.group for recipe in shipped}
    looks_like_file = path.suffix in SUFFIXES or (os.sep in path_or_name and in_folder)
    what = "no such file." if looks_like_file else "no such file, and no recipe of this name."
    if close is not None:
        hint = f"Did you mean {beside.get(close, names.get(close))!r}?"
    else:
        hint = "'ferkit recipes' lists those that ship."
    raise FerkitError(what, where=path_or_name, hint=hint)


def read_text(path: Path, source: str) -> str:
    """The text of a recipe file.

    Args:
        path: of the file.
        source: what messages call it.
    Raises: FerkitError: it is a folder, can't be opened, is larger than 1 MiB or not UTF-8.
    """
    if path.is_dir():
        raise FerkitError("is a folder, not a recipe file.", where=source, hint=_inside(path))
    if not path.is_file():
        raise FerkitError("is not a regular file.", where=source)
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise FerkitError(f"can't be read: {error.strerror}.", where=source) from error
    if len(content) > MAX_BYTES:
        raise FerkitError("is larger than 1 MiB; a recipe is not.", where=source)
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise FerkitError("is UTF-16 (or UTF-32) text.", where=source, hint="Save it as UTF-8.")
    try:
        # Editors on Windows put a mark before UTF-8; it is no part of the text.
        return content.removeprefix(codecs.BOM_UTF8).decode("utf-8")
    except UnicodeDecodeError as error:
        before = content[: error.start]
        line = before.count(b"\n") + 1
        column = len(before) - (before.rfind(b"\n") + 1) + 1
        raise FerkitError(
            f"is not UTF-8: byte 0x{content[error.start]:02x}.",
            where=f"{source}:{line}:{column}",
            hint="Save it as UTF-8.",
        ) from error


def copy_recipe(name: str, folder: Path, loaded: Loaded) -> Path:
    """Copy a shipped recipe into `folder`, which is made if need be.

    Returns: the new file. It never overwrites one.
    Raises: FerkitError: there is no such recipe, or the file is there already.
    """
    known = {recipe.name for recipe in shipped_recipes(loaded)}
    if name not in known:
        ending = [one for one in known if one.endswith(f"/{name}")]
        hint = f"Did you mean {ending[0]!r}?" if ending else suggest.hint(name, known)
        raise FerkitError(f"no recipe {name!r} ships.", hint=hint)
    source = next(recipe.path for recipe in shipped_recipes(loaded) if recipe.name == name)
    target = folder / source.name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with source.open("rb") as original, target.open("xb") as copied:
            shutil.copyfileobj(original, copied)
    except FileExistsError:
        what = "exists already and is not overwritten." if target.exists() else "is not a folder."
        where = target if target.exists() else folder
        raise FerkitError(what, where=str(where)) from None
    except OSError as error:
        raise FerkitError(f"can't be written: {error.strerror}.", where=str(target)) from error
    return target


def _exists(path: Path) -> bool:
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except (OSError, ValueError) as error:
        raise FerkitError(f"can't be read: {error}.", where=str(path)) from error
    return True


def _siblings(path: Path) -> list[Path]:
    try:
        return [file for file in path.parent.iterdir() if file.suffix in SUFFIXES]
    except OSError:
        return []


def _inside(folder: Path) -> str | None:
    files = sorted(file.name for file in folder.iterdir() if file.suffix in SUFFIXES)
    return f"Recipes in it: {', '.join(files[:5])}." if files else None


def _summary(path: Path) -> str:
    """The first comment line of a recipe."""
    with path.open(encoding="utf-8", errors="replace") as file:
        first = file.readline().strip()
    return first.lstrip("# ").strip() if first.startswith("#") else ""
