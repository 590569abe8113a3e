"""Joining a Ray cluster: what is said where there is none."""

from __future__ import annotations

import socket
import sys

import pytest

from ferkit.errors import FerkitError
from ferkit.ray_cluster import cause_of, connect, import_ray


def test_without_ray_the_error_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(FerkitError, match="needs the package ray") as caught:
        import_ray()
    assert caught.value.hint == "pip install 'ferkit[ray]'"


def test_an_address_where_no_cluster_is() -> None:
    class Ray:
        @staticmethod
        def is_initialized() -> bool:
            return False

        @staticmethod
        def init(**_: object) -> None:
            raise ConnectionError("nobody there")

    with pytest.raises(FerkitError, match=r"no Ray cluster answers at 'auto': nobody there\."):
        connect(Ray, "auto")
    with socket.socket() as taken:  # bound, and nobody listens
        taken.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(FerkitError, match=f"no Ray cluster answers at 'ray://{address}'"):
            connect(Ray, f"ray://{address}")


def test_the_cause_is_the_first_error_that_is_told_to_people() -> None:
    plain = FerkitError("no such weights.")
    plain.__cause__ = OSError("gone")
    wrapped = RuntimeError("a task failed")
    wrapped.__cause__ = plain
    assert cause_of(wrapped) is plain
