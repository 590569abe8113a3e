"""Weights that a recipe's `init:` names: another run's, or a weights file."""

from __future__ import annotations

from pathlib import Path

from ferkit.errors import FerkitError
from ferkit.running.folder import read_json


def initial_weights(init: str | None, *, where: str = "init") -> Path | None:
    """The weights file that `init:` means.

    Args:
        init: a run folder (its final weights are taken), a `.safetensors` file that a run
            wrote, or None.
        where: the key, for messages.
    Raises: FerkitError: there is no such run or file, or the run has no weights yet.
    """
    if init is None:
        return None
    path = Path(init)
    if path.is_file():
        return path
    if not path.is_dir():
        raise FerkitError(f"no run folder or weights file at {path}.", where=where)
    content = read_json(path / "run.json")
    weights = content.get("weights")
    if not isinstance(weights, str) or not (path / weights).is_file():
        raise FerkitError(
            f"the run in {path} has no final weights (status: {content.get('status')}).",
            where=where,
            hint=f"Finish it with 'ferkit run --resume {path}'.",
        )
    return path / weights
