"""What observers are told of a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Run:
    """A run, for the hooks that observe it.

    Args:
        name: the recipe's name.
        folder: the run folder; it exists.
        recipe: the resolved recipe as plain mappings and lists.
        classes: class names in label order.
    """

    name: str
    folder: Path
    recipe: Mapping[str, Any]
    classes: tuple[str, ...]
