"""`--set key=value`: changes a recipe from the command line, and loses nothing in silence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from ferkit.errors import FerkitError, FerkitErrors
from ferkit.recipe_merge import merge, uses_another, written_out
from ferkit.recipe_wording import shown
from ferkit.recipe_yaml import Item, Place, parse, placed, plain

Path = tuple[str, ...]


class Applied(NamedTuple):
    """document: the recipe with all settings. dropped: a sentence for each that lost keys of it."""

    document: Item
    dropped: tuple[str, ...]


class _Setting(NamedTuple):
    """text: as it was given. value: what it puts at its key."""

    text: str
    parts: list[str]
    value: Item


class _Loss(NamedTuple):
    """Values of the recipe that a setting swept away beside its own key."""

    setting: _Setting
    of: str | None
    values: Mapping[Path, Item]


def apply_settings(document: Item, settings: Sequence[str]) -> Applied:
    """Apply `--set` arguments in order; of the same key given twice the last one counts.

    A setting that names another component drops the parameters of the one before, and one that
    replaces a section drops what it held. What the recipe gave is then told; what an earlier
    setting gave is an error.

    Args:
        document: the recipe, a mapping.
        settings: "a.b.c=value"; a number in the key is a position in a list, the value is YAML.
    Raises: FerkitErrors: arguments that can't be read, lead nowhere or undo another, all of them.
    """
    errors: list[FerkitError] = []
    done: list[_Setting] = []
    losses: list[_Loss] = []
    for text in settings:
        try:
            setting = _read(text)
            changed = _set(document, setting.parts, setting.value, setting.value.place)
            loss = _loss(document, changed, setting)
            _refuse_undoing(loss, done)
        except FerkitErrors as several:
            errors += several.errors
        except FerkitError as error:
            errors.append(error)
        else:
            document = changed
            done.append(setting)
            losses.append(loss)
    if errors:
        raise FerkitErrors(errors)
    there = dict(_values(document))
    return Applied(document, tuple(line for loss in losses if (line := _told(loss, there))))


def lay_at(document: Item, key: str, value: Item, *, place: Place) -> Item:
    """A recipe with a value laid over what it has at a dotted key, as `recipe_merge.merge` does.

    Args:
        key: as of `--set`. value: with its own place. place: of the keys that are new.
    Raises: FerkitError: the key leads below a scalar, or to no entry of a list.
    """
    parts = key.split(".")
    there = dict(_all(document)).get(tuple(parts))
    return _set(document, parts, value if there is None else merge(there, value), place)


def _read(setting: str) -> _Setting:
    key, equals, text = setting.partition("=")
    key = key.strip()
    source = f"--set {key}"
    parts = key.split(".")
    if not equals or not all(parts):
        raise FerkitError(
            "must read key=value.",
            where=f"--set {setting}",
            hint="For example: --set training.batch_size=16.",
        )
    value = parse(text, source)
    place = Place(source)
    return _Setting(setting, parts, placed(None if value is None else plain(value), place))


def _loss(before: Item, after: Item, setting: _Setting) -> _Loss:
    """What a setting took out of a document, apart from what it sets itself."""
    key = next(path for path, item in _all(after) if item is setting.value)
    kept, there = {id(item) for _, item in _values(after)}, dict(_values(after))
    lost = {
        path: item
        for path, item in _values(before)
        if path != key[: len(path)]
        and id(item) not in kept
        and (path not in there or there[path].value != item.value)
    }
    use = dict(_all(before)).get(key) if key[-1] == "use" else None
    return _Loss(setting, None if use is None else str(use.value), lost)


def _refuse_undoing(loss: _Loss, earlier: Sequence[_Setting]) -> None:
    """Raises: FerkitError: a setting takes away what an earlier one gave."""
    gone = {id(item) for item in loss.values.values()}
    for other in earlier:
        if other.parts != loss.setting.parts and any(
            id(item) in gone for _, item in _values(other.value)
        ):
            raise FerkitError(
                f"would undo --set {other.text}, given before it.",
                where=f"--set {loss.setting.text}",
                hint="Put it before that one, or leave one of the two out.",
            )


def _told(loss: _Loss, there: Mapping[Path, Item]) -> str | None:
    """A sentence on what a setting dropped that no later one gave again; None if nothing."""
    if loss.setting.value.value is None or isinstance(loss.setting.value.value, list):
        return None  # it says itself that nothing else is to be there
    names = [
        f"{'.'.join(path)}: {shown(item.value)}"
        for path, item in loss.values.items()
        if item.value is not None and path not in there and path[-1] != "use"
    ]
    if not names:
        return None
    whose = "what the recipe had there" if loss.of is None else f"the parameters of {loss.of!r}"
    return f"--set {loss.setting.text} drops {whose}: {', '.join(names)}."


def _all(item: Item, above: Path = ()) -> Iterator[tuple[Path, Item]]:
    """An item and all below it, with the keys and positions that lead there."""
    yield above, item
    if isinstance(item.value, dict):
        for key, child in item.value.items():
            yield from _all(child, (*above, key))
    elif isinstance(item.value, list):
        for index, child in enumerate(item.value):
            yield from _all(child, (*above, str(index)))


def _values(item: Item) -> Iterator[tuple[Path, Item]]:
    """Those that are neither mappings nor lists."""
    return (found for found in _all(item) if not isinstance(found[1].value, dict | list))


def _set(item: Item, parts: list[str], value: Item, place: Place) -> Item:
    """`item` with the value at `parts` replaced; what is missing on the way is made."""
    if not parts:
        return value
    if isinstance(item.value, list):
        return _set_in_list(item, parts, value, place)
    if isinstance(item.value, str):
        item = written_out(item)
    if item.value is None:
        item = Item({}, place)
    if not isinstance(item.value, dict):
        what = f"there is nothing below this key: the recipe has {item.value!r} there."
        raise FerkitError(what, where=str(place))
    if parts == ["use"] and uses_another(item.value, {"use": value}):
        item = Item({}, place)
    taken = _longest_key(item.value, parts)
    key = ".".join(parts[:taken])
    child = item.value.get(key, Item(None, place))
    children = {**item.value, key: _set(child, parts[taken:], value, place)}
    return replace(item, value=children, keys={key: place, **item.keys})


def _set_in_list(item: Item, parts: list[str], value: Item, place: Place) -> Item:
    index = int(parts[0]) if parts[0].isdecimal() else -1
    if not 0 <= index < len(item.value):
        count = len(item.value)
        raise FerkitError(
            f"the list holds {count} {'entry' if count == 1 else 'entries'}, there is no "
            f"{parts[0]!r} in it.",
            where=str(place),
            hint="Entries count from 0; to change their number, set the whole list.",
        )
    children = list(item.value)
    children[index] = _set(children[index], parts[1:], value, place)
    return replace(item, value=children)


def _longest_key(mapping: Mapping[str, Item], parts: list[str]) -> int:
    """How many parts make the next key: names of variants may hold dots."""
    for taken in range(len(parts), 1, -1):
        if ".".join(parts[:taken]) in mapping:
            return taken
    return 1
