"""What a plugin must keep to: known hooks, well-formed components, no name twice."""

from __future__ import annotations

import re
from collections.abc import Sequence
from types import ModuleType

import pluggy

from ferkit import suggest
from ferkit.plugin import POLICIES, PROJECT, SLOT, SLOTS, SPLIT, SPLITS, Component, Kind

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_TARGET = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*")


class PluginFault(Exception):
    """Why a plugin can't be used, in a sentence. It breaks that plugin only."""


def offered_components(
    manager: pluggy.PluginManager, name: str, module: object
) -> list[tuple[Kind, Component]]:
    """Ask one plugin what it offers.

    Args:
        manager: a fresh one with the hook specifications and no other plugin.
        name: of the plugin.
        module: the plugin.
    Returns: its components with their kinds, checked.
    Raises: PluginFault: a hook is misspelt, not marked, raises, or returns something else.
    """
    hooks = {spec for spec in dir(manager.hook) if spec.startswith(f"{PROJECT}_")}
    _check_marked(module, hooks)
    try:
        manager.register(module, name=name)
    except (pluggy.PluginValidationError, ValueError) as error:
        raise PluginFault(_first_sentence(error)) from error
    _check_spelling(manager, hooks)
    return [(kind, component) for kind in Kind for component in _ask(manager, kind)]


def _check_marked(module: object, hooks: set[str]) -> None:
    """A function named as a hook, without the decorator, would be ignored in silence."""
    if not isinstance(module, ModuleType):
        return
    for hook in sorted(hooks & set(vars(module))):
        function = vars(module)[hook]
        if callable(function) and not hasattr(function, f"{PROJECT}_impl"):
            raise PluginFault(f"the function {hook} lacks the decorator @hookimpl")


def _check_spelling(manager: pluggy.PluginManager, hooks: set[str]) -> None:
    try:
        manager.check_pending()
    except pluggy.PluginValidationError as error:
        unknown = [
            caller.name
            for caller in (manager.get_hookcallers(error.plugin) or [])
            if not caller.has_spec()
        ]
        hook = unknown[0] if unknown else "?"
        raise PluginFault(
            f"there is no hook {hook!r}. {suggest.hint(hook, hooks, label='Hooks')}"
        ) from error


def _ask(manager: pluggy.PluginManager, kind: Kind) -> Sequence[Component]:
    hook = getattr(manager.hook, kind.hook)
    if not hook.get_hookimpls():
        return ()
    try:
        answers = hook()
    except (Exception, SystemExit) as error:
        raise PluginFault(f"{kind.hook} raised {type(error).__name__}: {error}") from error
    answer = answers[0] if answers else None
    if isinstance(answer, str) or not isinstance(answer, Sequence):
        raise PluginFault(
            f"{kind.hook} must return a list of Component, not {type(answer).__name__}"
        )
    seen: set[str] = set()
    for component in answer:
        _check_component(component, kind)
        if component.name in seen:
            raise PluginFault(f"{kind.hook} offers {component.name!r} twice")
        seen.add(component.name)
    return answer


def _check_component(component: object, kind: Kind) -> None:
    if not isinstance(component, Component):
        raise PluginFault(
            f"{kind.hook} must return a list of Component, found {type(component).__name__} in it"
        )
    if not isinstance(component.name, str) or not _NAME.fullmatch(component.name):
        raise PluginFault(
            f"{kind.hook}: the component name {component.name!r} may hold letters, digits, '_', "
            "'-' and '.' only"
        )
    for field in ("factory", "params"):
        target = getattr(component, field)
        if not isinstance(target, str) or not _TARGET.fullmatch(target):
            raise PluginFault(
                f"{kind.hook}: {field} of {component.name!r} must read 'package.module:name', "
                f"not {target!r}"
            )
    for field in ("requires", "provides"):
        words = getattr(component, field)
        if isinstance(words, str) or not all(isinstance(word, str) for word in words):
            raise PluginFault(
                f"{kind.hook}: {field} of {component.name!r} must be a tuple of strings; "
                "mind the comma in ('maps',)"
            )
    _check_slots(component, kind)
    _check_splits(component, kind)
    if component.policies and kind is not Kind.SSL_LOOP:
        raise PluginFault(f"{kind.hook}: {component.name!r} has policies; only loops have")
    if unknown := sorted(set(component.policies) - set(POLICIES)):
        raise PluginFault(
            f"{kind.hook}: policies of {component.name!r} names {unknown[0]!r}; the keys are "
            f"{', '.join(map(repr, POLICIES))}"
        )


def _check_slots(component: Component, kind: Kind) -> None:
    """A slot that no recipe has would keep an aggregation out of all of them."""
    known = [f"{SLOT}{slot}" for slot in SLOTS]
    for word in component.provides:
        if word.startswith(SLOT) and (kind is not Kind.AGGREGATION or word not in known):
            raise PluginFault(
                f"{kind.hook}: provides of {component.name!r} names {word!r}; aggregations, and "
                f"nothing else, may name {', '.join(map(repr, known))}"
            )
    if any(word.startswith(SLOT) for word in component.requires):
        raise PluginFault(
            f"{kind.hook}: the slots of {component.name!r} belong in provides, not in requires"
        )


def _check_splits(component: Component, kind: Kind) -> None:
    """The same for policies: one of a split that there is not would be refused everywhere."""
    known = [f"{SPLIT}{split}" for split in SPLITS]
    policy = kind in (Kind.LABEL_UPDATE, Kind.SAMPLE_WEIGHTING)
    for word in (*component.provides, *component.requires):
        given = word in component.provides and policy and word in known
        if word.startswith(SPLIT) and not given:
            raise PluginFault(
                f"{kind.hook}: {component.name!r} names {word!r}; label updates and sample "
                f"weightings, and nothing else, may provide {', '.join(map(repr, known))}"
            )


def _first_sentence(error: Exception) -> str:
    return " ".join(str(error).split())
