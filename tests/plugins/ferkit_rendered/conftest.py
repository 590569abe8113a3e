"""Data sets of rendered faces, small ones."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from ferkit_rendered.dataset import RenderedDataset
from ferkit_rendered.params import RenderedParams

from ferkit.plugin import Context


@pytest.fixture(scope="session")
def rendered() -> Callable[..., RenderedDataset]:
    """`rendered(domain="lab", count=7, ...)`: a data set on the CPU."""

    def make(**settings: object) -> RenderedDataset:
        return RenderedDataset(RenderedParams.model_validate(settings), Context())

    return make
