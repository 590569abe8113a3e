"""YAML with places, by the rules of YAML 1.2, and every way in which it can be wrong."""

from __future__ import annotations

import math

import pytest

from ferkit.errors import FerkitErrors
from ferkit.recipe_yaml import MAX_NODES, parse, plain


def read(text: str) -> object:
    item = parse(text, "r.yaml")
    assert item is not None
    return plain(item)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-4", 1e-4),
        ("1.0e-4", 1e-4),
        (".5", 0.5),
        ("-3", -3),
        ("0x1F", 31),
        ("0o17", 15),
        ("007", 7),
        ("1_000", "1_000"),
        ("12:30:45", "12:30:45"),
        ("2024-01-01", "2024-01-01"),
        ("no", "no"),
        ("On", "On"),
        ("y", "y"),
        ("true", True),
        ("False", False),
        ("~", None),
        ("null", None),
        ("'5'", "5"),
        ('"true"', "true"),
        ("!!str 5", "5"),
        ("!!float 5", 5.0),
        ("-.inf", -math.inf),
        ("1.2.3", "1.2.3"),
    ],
)
def test_scalars_follow_yaml_1_2(text, value):
    found = read(f"key: {text}\n")["key"]
    assert found == value
    assert type(found) is type(value)


def test_not_a_number_is_read():
    assert math.isnan(read("key: .nan")["key"])


def test_keys_are_their_text():
    assert read("{1: a, no: b, null: c, 0x1F: d}") == {
        "1": "a",
        "no": "b",
        "null": "c",
        "0x1F": "d",
    }


def test_values_and_keys_know_their_places():
    item = parse("a: 1\nb:\n  - x\n  - {c: 2}\n", "r.yaml")
    assert str(item.keys["b"]) == "r.yaml:2:1"
    inner = item.value["b"].value[1]
    assert str(inner.place) == "r.yaml:4:5"
    assert str(inner.keys["c"]) == "r.yaml:4:6"
    assert str(inner.value["c"].place) == "r.yaml:4:9"


def test_aliases_are_written_out():
    assert read("a: &x [1, 2]\nb: *x") == {"a": [1, 2], "b": [1, 2]}


@pytest.mark.parametrize("text", ["", "# only a comment\n", "---\n"])
def test_an_empty_document(text):
    item = parse(text, "r.yaml")
    assert item is None or item.value is None


BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n"
    for before, name in zip("abcdef", "bcdefg", strict=True)
)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a:\n\tb: 1\n", r"^r.yaml:2:1: a tab where YAML wants spaces"),
        ("a: 1\na: 2\n", r"^r.yaml:2:1: the key 'a' is given twice, first in line 1\.$"),
        ("a: {b: 1, b: 2}\nc: 1\nc: 2", r"r.yaml:1:11: .*\nr.yaml:3:1: the key 'c'"),
        (BOMB, rf"more than {MAX_NODES} values, with aliases"),
        ("a: &a [*a]", r"^r.yaml:1:4: an alias \(\*\) inside what it names"),
        ("a: &a {b: {c: *a}}", r"an alias \(\*\) inside what it names"),
        ("a: *b", "found undefined alias 'b'"),
        ("a: 1\n---\nb: 2\n", r"r.yaml:2:1: several documents \('---'\) in one file"),
        ("a: b: c", r"^r.yaml:1:5: a ':' where none can stand"),
        ("a: 'b", r"the file ends inside a quoted text"),
        ("a: [1, 2", r"^r.yaml:1:9: not valid YAML: "),
        ("a:\n  b: 1\n c: 2\n", r"^r.yaml:3:2: not valid YAML|indentation"),
        ("a: !!python/object:os.system x", r"the tag !!python/object:os.system has no meaning"),
        ("a: !cat {b: 1}", r"the tag !cat has no meaning in a recipe"),
        ("a: !!int x", r"'x' is not a value of the tag !!int"),
        ("a: !!binary aGk=", r"the tag !!binary has no meaning"),
        ("<<: {a: 1}", r"merge keys \(<<\) are not supported. Write the keys out"),
        ("{[1]: 2}", r"a key must be text"),
        ("a: " + "9" * 5000, r"a number with too many digits"),
        ("[" * 5000, r"nested too deeply"),
        ("a: b\x00c", r"^r.yaml:1:5: the character U\+0000 is not allowed in YAML"),
    ],
)
def test_what_a_recipe_cannot_be(text, message):
    with pytest.raises(FerkitErrors, match=message):
        parse(text, "r.yaml")


def test_quoted_merge_keys_are_keys():
    assert read("'<<': 1") == {"<<": 1}
