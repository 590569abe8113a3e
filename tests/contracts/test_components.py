"""Every installed component keeps the contract of its kind."""

from __future__ import annotations

import pytest

from ferkit.catalogue import catalogue
from ferkit.errors import FerkitError
from ferkit.plugins import load
from ferkit.testing import CHECKS, check

SMALL = {"vgg": {"depth": 11}, "small_cnn": {"width": 4}}
"""Parameters that make a component's check quick."""

ENTRIES = [entry for entry in catalogue(load()).entries() if entry.kind in CHECKS]


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: f"{entry.kind.value}-{entry.name}")
def test_contract(entry) -> None:
    check(entry.kind, entry.name, **SMALL.get(entry.name, {}))


def test_a_kind_without_a_check_is_an_error() -> None:
    with pytest.raises(FerkitError, match="no contract check for dataset"):
        check("dataset", "folder")
