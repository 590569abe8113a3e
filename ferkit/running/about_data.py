"""The data's part of run.json, and whether a resumed run sees the same."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ferkit.data.report import summarise
from ferkit.errors import FerkitError

if TYPE_CHECKING:
    from ferkit.running.assemble import RunData


def about_data(data: RunData) -> dict[str, Any]:
    """What run.json says of the data."""
    return {
        "splits": data.sizes(),
        "regions": list(data.regions),
        "image_size": data.image_size,
        "folds": data.splits.folds,
        "protocol": [one.as_json() for one in data.splits.protocol],
        "problems": [summary.as_json() for summary in summarise(data.problems)],
        "fingerprints": data.fingerprints,
        "division": _division(data),
    }


def refuse_other_data(before: Mapping[str, Any] | None, data: RunData, folder: Path) -> None:
    """A resumed run must see the data it started with, divided in the same way.

    Args:
        before: what run.json said of the data; None: nothing yet.
        folder: of the run.
    """
    known = (before or {}).get("fingerprints")
    if before is None or known is None:
        return
    if known != data.fingerprints:
        now = data.fingerprints
        changed = [role for role in now if known.get(role) != now[role]]
        raise FerkitError(
            f"the data changed since this run started ({', '.join(changed)}).",
            where=str(folder),
            hint="Start a new run with 'ferkit run', or put the files back.",
        )
    same = before.get("division", _division(data)) == _division(data)
    if not same or before.get("splits") != data.sizes():
        raise FerkitError(
            "the samples are divided otherwise than when this run started.",
            where=str(folder),
            hint="Another version of ferkit divided them. Start a new run with 'ferkit run'; of a"
            " matrix, remove this folder and resume the matrix.",
        )


def _division(data: RunData) -> str:
    """A digest of who is where."""
    parts = sorted(data.splits.parts().items())
    text = repr([(name, [member.key for member in members]) for name, members in parts])
    return hashlib.sha256(text.encode()).hexdigest()[:16]
