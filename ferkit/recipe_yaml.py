"""Reads the YAML of a recipe, remembering where each value stands.

PyYAML's composer gives nodes with marks; the values are made here, by the rules of YAML 1.2:
`no`, `on` and `off` are words, not booleans, `1e-4` is a number and `2024-01-01` is text. Anything
that a recipe has no use for (tags, merge keys, several documents) is an error.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml
from yaml import MappingNode, Node, ScalarNode
from yaml.composer import Composer
from yaml.parser import Parser
from yaml.reader import Reader, ReaderError
from yaml.resolver import BaseResolver
from yaml.scanner import Scanner

from ferkit.errors import FerkitError, FerkitErrors

MAX_NODES = 10_000
"""Values a recipe may hold once its aliases are written out."""

_TAG = "tag:yaml.org,2002:"
_FLOAT = re.compile(
    r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"
    r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
)
_INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_BOOL = re.compile(r"true|True|TRUE|false|False|FALSE")
_NULL = re.compile(r"~|null|Null|NULL|")

_REPHRASED = {
    "mapping values are not allowed here": "a ':' where none can stand; is the line above "
    "complete, or does a text with ': ' need quotes?",
    "expected <block end>, but found '<block mapping start>'": "the indentation does not match "
    "the lines above.",
    "expected <block end>, but found '<block sequence start>'": "the '-' is not indented like the "
    "lines above.",
    "could not find expected ':'": "a key without ':'.",
    "found unexpected end of stream": "the file ends inside a quoted text.",
    "but found another document": "several documents ('---') in one file; a recipe is one.",
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value was given; line and column count from 1, line 0 is "somewhere in source"."""

    source: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.source}:{self.line}:{self.column}" if self.line else self.source


class PlacedError(FerkitError):
    """An error in a recipe that knows its place, so that errors can be told in order."""

    def __init__(self, what: str, place: Place, *, hint: str | None = None) -> None:
        super().__init__(what, where=str(place), hint=hint)
        self.place = place


@dataclass(frozen=True, slots=True)
class Item:
    """A value with its place.

    value: None, bool, int, float, str, a list of `Item` or a dict from text to `Item`.
    keys: places of the keys of a mapping.
    """

    value: Any
    place: Place
    keys: Mapping[str, Place] = field(default_factory=dict)


def plain(item: Item) -> Any:
    """The value without places: dicts, lists and scalars."""
    if isinstance(item.value, dict):
        return {key: plain(child) for key, child in item.value.items()}
    if isinstance(item.value, list):
        return [plain(child) for child in item.value]
    return item.value


def placed(value: Any, place: Place) -> Item:
    """A plain value as an item, everything in it at one place."""
    if isinstance(value, Mapping):
        children = {str(key): placed(child, place) for key, child in value.items()}
        return Item(children, place, dict.fromkeys(children, place))
    if isinstance(value, list | tuple):
        return Item([placed(child, place) for child in value], place)
    return Item(value, place)


def texts(item: Item) -> Iterator[str]:
    """All texts in a document: whatever components it names are among them."""
    if isinstance(item.value, str):
        yield item.value
    elif isinstance(item.value, dict | list):
        for child in item.value.values() if isinstance(item.value, dict) else item.value:
            yield from texts(child)


def parse(text: str, source: str) -> Item | None:
    """Read one YAML document; None if it is empty.

    Args:
        text: the YAML.
        source: what messages call it, usually the file.
    Raises: FerkitErrors: it is not YAML, or holds what a recipe can't.
    """
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        if node is None:
            return None
        reader = _ItemReader(source)
        item = reader.item(node)
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        column = error.position - (text.rfind("\n", 0, error.position) + 1) + 1
        raise FerkitErrors(
            [
                PlacedError(
                    f"{_character(error)} is not allowed in YAML.", Place(source, line, column)
                )
            ]
        ) from error
    except yaml.MarkedYAMLError as error:
        raise FerkitErrors([_syntax_error(error, source)]) from error
    except RecursionError:
        raise FerkitErrors([PlacedError("nested too deeply.", Place(source))]) from None
    if reader.errors:
        raise FerkitErrors(reader.errors)
    return item


class _Loader(Reader, Scanner, Parser, Composer, BaseResolver):
    """PyYAML up to nodes, with the scalars of YAML 1.2."""

    def __init__(self, text: str) -> None:
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)
        Composer.__init__(self)
        BaseResolver.__init__(self)


def add_scalar_rules(resolver: Any) -> None:
    """Teach a PyYAML resolver the scalars of YAML 1.2, ahead of what it knows."""
    for kind, pattern, first in (
        ("null", _NULL, ["~", "n", "N", ""]),
        ("bool", _BOOL, list("tTfF")),
        ("float", _FLOAT, list("-+.0123456789")),
        ("int", _INT, list("-+0123456789")),
    ):
        whole = re.compile(f"(?:{pattern.pattern})$")
        rules = dict(resolver.yaml_implicit_resolvers)
        for character in first:
            rules[character] = [(_TAG + kind, whole), *rules.get(character, [])]
        resolver.yaml_implicit_resolvers = rules


add_scalar_rules(_Loader)


class _ItemReader:
    """Turns nodes into items and collects what is wrong with them."""

    def __init__(self, source: str) -> None:
        self.errors: list[PlacedError] = []
        self._source = source
        self._left = MAX_NODES
        self._open: set[int] = set()

    def item(self, node: Node) -> Item:
        place = self._place(node)
        self._left -= 1
        if self._left < 0:
            what = f"more than {MAX_NODES} values, with aliases (*) written out."
            raise FerkitErrors([PlacedError(what, place)])
        if isinstance(node, ScalarNode):
            return Item(self._scalar(node), place)
        if node.tag not in (f"{_TAG}map", f"{_TAG}seq"):
            self._error(node, f"the tag {_short(node.tag)} has no meaning in a recipe.")
        if id(node) in self._open:
            raise FerkitErrors([PlacedError("an alias (*) inside what it names.", place)])
        self._open.add(id(node))
        try:
            if isinstance(node, MappingNode):
                return self._mapping(node)
            return Item([self.item(child) for child in node.value], place)
        finally:
            self._open.discard(id(node))

    def _mapping(self, node: MappingNode) -> Item:
        children: dict[str, Item] = {}
        keys: dict[str, Place] = {}
        for key_node, value_node in node.value:
            child = self.item(value_node)
            if not isinstance(key_node, ScalarNode):
                self._error(key_node, "a key must be text.")
                continue
            key = key_node.value
            if key == "<<" and key_node.style is None:
                self._error(
                    key_node, "merge keys (<<) are not supported.", hint="Write the keys out."
                )
            elif key in keys:
                self._error(
                    key_node,
                    f"the key {_brief(key)!r} is given twice, first in line {keys[key].line}.",
                )
            else:
                children[key] = child
                keys[key] = self._place(key_node)
        return Item(children, self._place(node), keys)

    def _scalar(self, node: ScalarNode) -> Any:
        text: str = node.value
        kind = node.tag.removeprefix(_TAG)
        try:
            if kind in ("str", "!"):
                return text
            if kind == "null" and _NULL.fullmatch(text):
                return None
            if kind == "bool" and _BOOL.fullmatch(text):
                return text.lower() == "true"
            if kind == "int" and _INT.fullmatch(text):
                return int(text, 0) if text[:2] in ("0x", "0o") else int(text)
            if kind == "float" and (_FLOAT.fullmatch(text) or _INT.fullmatch(text)):
                return float(text.replace(".inf", "inf").replace(".nan", "nan").lower())
        except ValueError:
            self._error(node, "a number with too many digits.")
            return 0
        if kind in ("null", "bool", "int", "float"):
            self._error(node, f"{text!r} is not a value of the tag {_short(node.tag)}.")
        else:
            self._error(node, f"the tag {_short(node.tag)} has no meaning in a recipe.")
        return text

    def _place(self, node: Node) -> Place:
        return Place(self._source, node.start_mark.line + 1, node.start_mark.column + 1)

    def _error(self, node: Node, what: str, *, hint: str | None = None) -> None:
        self.errors.append(PlacedError(what, self._place(node), hint=hint))


def _syntax_error(error: yaml.MarkedYAMLError, source: str) -> PlacedError:
    mark = error.problem_mark or error.context_mark
    place = Place(source, mark.line + 1, mark.column + 1) if mark else Place(source)
    problem = error.problem or error.context or "it can't be read"
    if "'\\t'" in problem:
        return PlacedError("a tab where YAML wants spaces; indent with spaces.", place)
    return PlacedError(_REPHRASED.get(problem, f"not valid YAML: {problem}."), place)


def _character(error: ReaderError) -> str:
    code = error.character if isinstance(error.character, int) else ord(error.character)
    return f"the character U+{code:04X}"


def _brief(key: str) -> str:
    return key if len(key) <= 40 else f"{key[:37]}..."


def _short(tag: str) -> str:
    return tag.replace(_TAG, "!!")
