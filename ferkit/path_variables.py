"""Environment variables in the paths of a recipe: `$NAME` and `${NAME}`."""

from __future__ import annotations

import os
import re
from pathlib import Path

_VARIABLE = re.compile(r"\$(?:\{([A-Za-z_][A-Za-z0-9_]*)\}|([A-Za-z_][A-Za-z0-9_]*))")


def variables_in(text: str) -> tuple[str, ...]:
    """Names of the variables that a text names, each once, in their order."""
    found = (match[1] or match[2] for match in _VARIABLE.finditer(text))
    return tuple(dict.fromkeys(found))


def unset_in(text: str) -> tuple[str, ...]:
    """Those of `variables_in` that the environment lacks; an empty one counts as lacking."""
    return tuple(name for name in variables_in(text) if not os.environ.get(name))


def absolute_path(path: str, folder: Path | None) -> str:
    """A path of a recipe as it is meant: variables and `~` put in, relative ones completed.

    A path that exists as it is written is taken so: a `$` may be part of its name. One whose
    variables are not all set stays as it is. A relative path that a variable begins is relative to
    where ferkit was started, as the shell that set it means it.

    Args:
        folder: what relative paths are relative to; None leaves them relative.
    """
    literal = _completed(path, folder)
    if not variables_in(path) or os.path.lexists(literal):
        return literal
    if unset_in(path):
        return path
    value = _VARIABLE.sub(lambda match: os.environ[match[1] or match[2]], path)
    return _completed(value, Path.cwd() if path.startswith("$") else folder)


def _completed(path: str, folder: Path | None) -> str:
    expanded = Path(path).expanduser()
    if folder is None or expanded.is_absolute():
        return str(expanded)
    return os.path.normpath(Path(folder) / expanded)
