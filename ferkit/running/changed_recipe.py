"""Whether the recipe in a run folder is still the one that the run began with."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ferkit.errors import FerkitError
from ferkit.recipe_files import read_text
from ferkit.recipe_wording import shown
from ferkit.recipe_yaml import parse, plain
from ferkit.running.folder import DamagedError, is_done, read_state

RECIPE = "recipe.yaml"

MAY_CHANGE = "training.checkpoint_minutes"
"""What nothing in the results depends on."""

_MOST_TOLD = 5
"""Changed keys that the error spells out."""


def recorded(text: str) -> dict[str, Any]:
    """What run.json or matrix.json keeps of a recipe as it was written down.

    Args:
        text: YAML.
    """
    return {"sha256": _digest(text), "content": _content(text, RECIPE)}


def refuse_changed_run(folder: Path) -> dict[str, Any]:
    """Look at the recipe of a run that may be done.

    Returns: the content of run.json; {} where there is none.
    Raises: FerkitError: the recipe is another one by now. DamagedError: run.json is no such file.
    """
    if not (folder / "run.json").exists():
        return {}
    try:
        state = read_state(folder / "run.json")
    except DamagedError as error:
        hint = f"Begin anew, in another folder: ferkit run {folder / RECIPE} --out FOLDER."
        raise DamagedError(error.what, where=error.where, hint=hint) from error
    refuse_changed(folder, state.get("recipe"), finished=is_done(folder, state))
    return state


def refuse_changed(folder: Path, record: Mapping[str, Any] | None, *, finished: bool) -> None:
    """Refuse a recipe that was changed since a run or matrix began with it.

    Args:
        folder: of the run or matrix.
        record: of `recorded`; None in a folder of a ferkit that kept none, and nothing is refused.
        finished: whether there are results already.
    Raises: FerkitError: names the keys that are others now.
    """
    path = folder / RECIPE
    if record is None or not path.exists():
        return
    text = read_text(path, str(path))
    if _digest(text) == record["sha256"]:
        return
    changed = list(changes(record["content"], _content(text, str(path))))
    if not changed:
        return
    told = changed[:_MOST_TOLD]
    if len(changed) > len(told):
        told.append(f"and {len(changed) - len(told)} more")
    after = (
        "after this run, whose results are of the recipe before" if finished else "since it began"
    )
    raise FerkitError(
        f"was changed {after}: {', '.join(told)}.",
        where=str(path),
        hint=f"Put it back, or begin anew with the changed one: ferkit run {path} --out FOLDER.",
    )


def changes(before: Any, now: Any, key: str = "") -> Iterator[str]:
    """The keys that are others now, each with what it was; of another component its name alone.

    Args:
        before, now: plain documents. key: that leads to both.
    """
    if isinstance(before, Mapping) and isinstance(now, Mapping):
        names = list(dict.fromkeys([*before, *now]))
        if "use" in before and "use" in now and before["use"] != now["use"]:
            names = ["use"]
        for name in names:
            below = f"{key}.{name}" if key else str(name)
            if below == MAY_CHANGE:
                continue
            if name not in now:
                yield f"{below} is gone (was {shown(before[name])})"
            elif name not in before:
                yield f"{below} is new ({shown(now[name])})"
            else:
                yield from changes(before[name], now[name], below)
    elif isinstance(before, list) and isinstance(now, list):
        if len(before) != len(now):
            yield f"{key} has another number of entries, {len(now)} (was {len(before)})"
        for index, (one, other) in enumerate(zip(before, now, strict=False)):
            yield from changes(one, other, f"{key}.{index}")
    elif before != now:
        yield f"{key or 'it'} is {shown(now)} (was {shown(before)})"


def _content(text: str, source: str) -> Any:
    item = parse(text, source)
    return None if item is None else plain(item)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
