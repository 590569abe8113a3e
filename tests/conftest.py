"""Fixtures shared by all tests."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

torch.set_num_threads(1)

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def repository() -> Path:
    """The checkout these tests run from."""
    return REPOSITORY


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Real photographs and videos, where they lie beside the repository."""
    folder = REPOSITORY.parent / "shared" / "real"
    if not folder.is_dir():
        pytest.skip("no real photographs here: the folder shared/real is not beside the checkout")
    return folder


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keeps tests out of the user's cache, and the user's own settings out of tests."""
    monkeypatch.setenv("FERKIT_CACHE", str(tmp_path_factory.getbasetemp() / "ferkit-cache"))
    for variable in ("FERKIT_PLUGINS", "FERKIT_REGISTRY"):
        monkeypatch.delenv(variable, raising=False)
