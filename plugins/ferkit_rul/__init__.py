"""Relative uncertainty learning (RUL): features of two samples, mixed by how uncertain they are."""

from __future__ import annotations

from ferkit.plugin import Component, hookimpl


@hookimpl
def ferkit_ssl_loops() -> list[Component]:
    """The loop, on the labelled samples."""
    return [
        Component(
            name="rul",
            summary="learns from mixed features which of two samples is the more uncertain",
            factory="ferkit_rul.loop:make_rul",
            params="ferkit_rul.params:RulParams",
            source="Zhang, Wang, Deng, Relative Uncertainty Learning (NeurIPS 2021)",
        )
    ]
