"""The page of the documentation about hooks, written from the hook specifications."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from ferkit import hookspecs
from ferkit.plugin import PROJECT, Kind


def hook_functions() -> list[Callable[..., Any]]:
    """All hook specifications, in the order of the file."""
    return [
        function
        for name, function in vars(hookspecs).items()
        if name.startswith(f"{PROJECT}_") and inspect.isfunction(function)
    ]


def signature(hook: Callable[..., Any]) -> str:
    """A hook as its author writes it: `ferkit_backbones() -> Sequence[Component]`."""
    written = inspect.signature(hook)
    parameters = ", ".join(
        f"{each.name}: {each.annotation}" for each in written.parameters.values()
    )
    return f"{hook.__name__}({parameters}) -> {written.return_annotation}"


def hook_reference() -> str:
    """The page as Markdown."""
    kinds = {kind.hook: kind for kind in Kind}
    lines = [
        "# Hooks",
        "",
        "Written by `ferkit plugins hooks` from `ferkit/hookspecs.py`; a test holds this page to",
        "it. A plugin is a module with functions of these names, marked by",
        "`ferkit.plugin.hookimpl`; see [writing a plugin](writing-a-plugin.md). An observer may",
        "take fewer arguments than listed.",
        "",
    ]
    for title, offering in (("Hooks that offer components", True), ("Hooks that observe", False)):
        lines += [f"## {title}", ""]
        for hook in hook_functions():
            kind = kinds.get(hook.__name__)
            if (kind is not None) is offering:
                lines += [f"### `{signature(hook)}`", "", _sentence(hook), ""]
                if kind is not None:
                    lines += [f"Recipes and tables call the kind `{kind.value}`.", ""]
    return "\n".join(lines).rstrip("\n") + "\n"


def _sentence(hook: Callable[..., Any]) -> str:
    return " ".join((hook.__doc__ or "").split())
