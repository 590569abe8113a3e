"""Reads from run.json what kind of experiment a run is; see `ferkit.data.protocol`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ferkit.evaluation.run_folder import read_object


class Declared(NamedTuple):
    """One thing to know about a run; the fields of `ferkit.data.protocol.Declaration`."""

    name: str
    title: str
    what: str
    declared: bool


def read_protocol(run: Mapping[str, Any]) -> list[Declared]:
    """What run.json says of its protocol; nothing for a run of an older ferkit.

    Args:
        run: content of run.json.
    """
    data = run.get("data")
    entries = data.get("protocol") if isinstance(data, Mapping) else None
    found = []
    for entry in entries if isinstance(entries, list) else []:
        if isinstance(entry, Mapping) and entry.get("name"):
            name, title, what = (str(entry.get(key, "")) for key in ("name", "title", "what"))
            found.append(Declared(name, title, what, bool(entry.get("declared"))))
    return found


def fold_count(run: Mapping[str, Any]) -> int | None:
    """How many folds the data of a run are divided into; None where it does not say.

    An older ferkit said it in the words of its protocol only.

    Args:
        run: content of run.json.
    """
    data = run.get("data")
    if isinstance(data, Mapping) and "folds" in data:
        return data["folds"] if isinstance(data["folds"], int) else None
    for one in read_protocol(run):
        if one.name in ("k-fold", "leave-one-subject-out"):
            found = re.search(r"fold \d+ of (\d+)", one.what)
            return int(found[1]) if found else None
    return None


def protocol_alerts(runs: Iterable[Mapping[str, Any]]) -> list[str]:
    """What a page over several runs must say at its top, each thing once.

    Where runs differ in the details (folds, sizes), the short title stands for them; where not
    all of them are concerned, it is said of how many.

    Args:
        runs: contents of run.json; those without a protocol are not counted.
    """
    told = [found for run in runs if (found := read_protocol(run))]
    titles: dict[tuple[str, str], list[str]] = {}
    for found in told:
        for one in found:
            if one.declared:
                titles.setdefault((one.name, one.title), []).append(one.what)
    alerts = []
    for (_, title), whats in titles.items():
        text = whats[0] if len(set(whats)) == 1 else f"{title}."
        part = f" ({len(whats)} of {len(told)} runs)" if len(whats) < len(told) else ""
        alerts.append(f"Protocol{part}: {text}")
    return alerts


def matrix_protocol_alerts(folder: Path, state: Mapping[str, Any]) -> list[str]:
    """The same for a matrix.

    Args:
        folder: of the matrix. state: content of its matrix.json.
    """
    runs = []
    for name in dict.fromkeys(str(run.get("folder", "")) for run in state.get("runs") or []):
        try:
            runs.append(read_object(folder / name / "run.json"))
        except (OSError, ValueError):
            continue  # not begun yet, or damaged: the page says so elsewhere
    return protocol_alerts(runs)
