"""Writes results so that a reader never sees half a file, and equal results are equal bytes."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ferkit.files import told_plainly, write_whole

DIGITS = 6
"""Decimals kept of every float: enough to read, too few to show the order of summation."""


def rounded(value: Any) -> Any:
    """A JSON value with floats rounded to `DIGITS`; what is not finite becomes None.

    Mappings keep their order (classes stay in label order) and get string keys.
    """
    if isinstance(value, Mapping):
        return {str(key): rounded(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [rounded(entry) for entry in value]
    if isinstance(value, float):
        # Adding 0 turns -0.0 into 0.0, which would otherwise print differently.
        return round(value, DIGITS) + 0.0 if math.isfinite(value) else None
    return value


def to_json(value: Mapping[str, Any]) -> str:
    """Readable JSON, strict (no NaN), floats rounded, ending in a line break."""
    return json.dumps(rounded(value), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def write_bytes(path: Path, content: bytes) -> Path:
    """Write a file under another name and rename it, making the folders above it.

    Raises: RunError: it cannot be written.
    """
    with told_plainly(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    return write_whole(path, content)


def write_text(path: Path, text: str) -> Path:
    """Write UTF-8 with plain line feeds; see `write_bytes`."""
    return write_bytes(path, text.encode("utf-8"))


def write_results(path: Path, results: Mapping[str, Any]) -> Path:
    """Write `results.json`: the same numbers always give the same bytes.

    Args:
        results: split name -> what `metrics.evaluate` returned, and whatever else is JSON.
    Raises: RunError: the file cannot be written.
    """
    return write_text(path, to_json(results))
