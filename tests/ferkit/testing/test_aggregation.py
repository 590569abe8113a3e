"""The contract check of aggregations holds them to what they declare."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ferkit.catalogue import Entry, catalogue
from ferkit.plugin import Kind
from ferkit.plugins import load
from ferkit.testing import CHECKS
from ferkit.testing.checks import maker

KNOWN = catalogue(load())


def check(name: str, *provides: str) -> None:
    """Check an aggregation as if it declared these words."""
    entry = KNOWN.get(Kind.AGGREGATION, name)
    declared = replace(entry.component, provides=provides)
    entry_so: Entry = replace(entry, component=declared)
    CHECKS[Kind.AGGREGATION](entry_so, maker(KNOWN, entry, {}))


@pytest.mark.parametrize(
    ("name", "provides"),
    [
        ("mean", ()),
        ("mean", ("slot=frames", "slot=space", "slot=regions")),
        ("region_attention", ()),
        ("spatial_attention", ("penalty",)),
    ],
)
def test_right_declarations(name: str, provides: tuple[str, ...]) -> None:
    check(name, *provides)


def test_slots_are_those_that_the_factory_accepts() -> None:
    with pytest.raises(AssertionError, match=r"accepts the slots regions, and its .* names frames"):
        check("region_attention", "slot=frames")
    with pytest.raises(
        AssertionError, match=r"slots space, regions, frames, and its .* names space"
    ):
        check("mean", "slot=space")


def test_a_penalty_is_declared() -> None:
    with pytest.raises(AssertionError, match=r"returns a penalty, .* not provide 'penalty'"):
        check("spatial_attention", "slot=space")
