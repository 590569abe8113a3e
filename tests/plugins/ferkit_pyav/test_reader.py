"""PyAV itself is an extra: the reader says so where it is missing."""

from __future__ import annotations

import sys

import pytest
from ferkit_pyav.params import PyAVParams

from ferkit.catalogue import catalogue
from ferkit.errors import FerkitError
from ferkit.plugin import Context, Kind
from ferkit.plugins import load


class Chosen(PyAVParams):
    """As a recipe holds it."""

    use: str = "pyav"


def test_without_pyav(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] in ("av", "ferkit_pyav")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "av", None)
    known = catalogue(load())
    assert "pyav" in known.names(Kind.VIDEO_READER)
    with pytest.raises(FerkitError, match=r"needs PyAV.* pip install 'ferkit\[pyav\]'"):
        known.build(Kind.VIDEO_READER, Chosen(), Context())


def test_parameters_that_do_not_change_crops() -> None:
    for field in PyAVParams.model_fields.values():
        assert field.json_schema_extra == {"crops": False}
