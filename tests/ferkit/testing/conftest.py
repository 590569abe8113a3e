"""A reader of ferkit's own, for the tests to break."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ferkit.catalogue import catalogue
from ferkit.contracts.faces import VideoReader
from ferkit.plugin import Context, Kind
from ferkit.plugins import load
from ferkit.recipe_models import pick_model


@pytest.fixture(scope="session")
def make_reader() -> Callable[[Context], VideoReader]:
    """Makes the default reader, one frame or a few to a chunk."""
    known = catalogue(load())
    chosen = pick_model(known, Kind.VIDEO_READER, "decord")(use="decord", chunk_mib=0.2)
    return lambda context: known.build(Kind.VIDEO_READER, chosen, context)
