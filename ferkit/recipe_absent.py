"""What a recipe takes from environment variables and is not there, and how to get it."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import BaseModel

from ferkit.path_variables import unset_in, variables_in
from ferkit.recipe_location import child_of
from ferkit.recipe_paths import Named, exists, paths_in
from ferkit.recipe_yaml import Item, PlacedError
from ferkit.registry import DatasetEntry, Registry, read_registry


class AbsentFiles:
    """Gathers variables that are not set or lead nowhere, over all runs of a recipe.

    So what is missing is told once and whole, however many runs need it.

    Args:
        document: the recipe with its matrix, to say where a variable is named.
    """

    def __init__(self, document: Item) -> None:
        self._document = document
        self._unset: dict[str, Named] = {}
        self._astray: dict[str, Named] = {}

    def look(self, recipe: BaseModel, given: Item | None = None) -> set[tuple[str | int, ...]]:
        """Look at the paths of one validated run.

        Args:
            given: the same as it was written, with its variables; None where they were put in
                before, and those alone are looked at that were not set.
        Returns: the locations of those that variables lead to and nothing is at.
        """
        told = set()
        for named in paths_in(recipe):
            if exists(named.path):
                continue
            for variable in unset_in(named.path):
                self._unset.setdefault(variable, named)
                told.add(named.location)
            if named.location[0] == "data" or named.needed:
                for variable in _leading_to(given, named.location):
                    self._astray.setdefault(variable, named)
                    told.add(named.location)
        return told

    def errors(self) -> list[PlacedError]:
        """One for each variable, at the first place that names it, in the order of the file."""
        if not self._unset and not self._astray:
            return []
        registry = read_registry()
        found = []
        for variable, named in {**self._astray, **self._unset}.items():
            if variable in self._unset:
                state = f"the environment variable {variable} is not set"
            else:
                state = f"there is nothing at {named.path}, to which {variable} leads"
            meant, access = what_is_meant(named, variable, registry)
            keys = [(key, item) for key, item in _texts(self._document) if _names(item, variable)]
            ways = [f"export {variable}=PATH", *(f"--set {key}=PATH" for key, _ in keys)]
            hint = f"{access}{' or '.join(ways[:2])}"
            if len(ways) > 2:
                hint += f" (and {', '.join(ways[2:])})"
            place = keys[0][1].place if keys else self._document.place
            found.append(PlacedError(f"{state}: {meant} needed.", place, hint=hint + "."))
        return sorted(found, key=lambda error: (error.place.line, error.place.column))


def _leading_to(given: Item | None, location: tuple[str | int, ...]) -> tuple[str, ...]:
    """Variables of the text at a key, where all of them are set."""
    for part in location:
        given = None if given is None else child_of(given, part)
    text = given.value if given is not None else None
    return variables_in(text) if isinstance(text, str) and not unset_in(text) else ()


def what_is_meant(named: Named, variable: str, registry: Registry) -> tuple[str, str]:
    """What a path is of, with a verb, and how to get it: by the registry, "" if it has no entry."""
    datasets = {entry.name: entry for entry in registry.datasets}
    for made in registry.made:
        if made.variable == variable:
            source = datasets.get(made.dataset or "")
            access = f"{made.dataset}: {_access(source)} " if source is not None else ""
            return f"{made.what} is", f"{made.by}. {access}Then "
    if named.location[0] == "data":
        entry = datasets.get(named.component)
        access = "Give it by " if entry is None else f"Access: {_access(entry)} Then "
        return f"the data set '{named.component}' is", access
    for weights in registry.weights:
        if weights.component.partition(":")[2] == named.component:
            fetch = f"'ferkit fetch {weights.name}' gets the file and says where it lies"
            return f"the weights '{weights.name}' are", f"{weights.instructions or fetch}. Then "
    return f"what {'.'.join(map(str, named.location))} names is", "Give it by "


def _access(entry: DatasetEntry) -> str:
    page = f" ({entry.homepage})" if entry.homepage else ""
    return f"{entry.access}{page}." + (f" Its folder holds {entry.holds}." if entry.holds else "")


def _names(item: Item, variable: str) -> bool:
    return variable in variables_in(item.value)


def _texts(item: Item, key: str = "") -> Iterator[tuple[str, Item]]:
    """All texts of a document with their dotted keys."""
    if isinstance(item.value, str):
        yield key, item
    elif isinstance(item.value, dict):
        for name, child in item.value.items():
            yield from _texts(child, f"{key}.{name}" if key else name)
    elif isinstance(item.value, list):
        for place, child in enumerate(item.value):
            yield from _texts(child, f"{key}.{place}" if key else str(place))
