"""registry.toml: read, checked, and the same list as entry points, folders and components."""

from __future__ import annotations

import hashlib
import tomllib
from importlib.util import find_spec
from pathlib import Path

import pytest

from ferkit.catalogue import catalogue
from ferkit.errors import FerkitError, FerkitErrors
from ferkit.plugin import Kind
from ferkit.plugins import load
from ferkit.registry import read_registry, registry_file

WEIGHTS = """\
schema_version = 1
[[weights]]
name = "w"
component = "backbone:resnet"
sha256 = "{sha}"
bytes = 3
licence = "MIT"
commercial_use = true
trained_on = "x"
"""


def test_registry_entry_points_and_folders_are_the_same_list(repository):
    registered = {
        plugin.name: plugin.package for plugin in read_registry().plugins if plugin.builtin
    }
    project = tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))
    assert registered == project["project"]["entry-points"]["ferkit"]
    folders = {path.name for path in (repository / "plugins").iterdir() if path.is_dir()}
    assert set(registered.values()) == folders


def test_registered_kinds_are_those_the_plugins_offer():
    registered = {plugin.name: set(plugin.kinds) for plugin in read_registry().plugins}
    loaded = load(list(registered))
    assert loaded.broken == ()
    offered: dict[str, set[Kind]] = {name: set() for name in registered}
    for offer in loaded.offers:
        offered[offer.plugin.name].add(offer.kind)
    assert offered == registered


def test_import_rules_and_mypy_know_every_plugin(repository):
    project = tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))
    packages = {plugin.package for plugin in read_registry().plugins if plugin.builtin}
    rules = project["tool"]["importlinter"]
    assert set(rules["root_packages"]) == packages | {"ferkit"}
    core, plugins = rules["contracts"][:2]
    assert set(core["forbidden_modules"]) == packages
    assert set(plugins["modules"]) == packages


def test_every_plugin_has_its_card(repository):
    for plugin in read_registry().plugins:
        card = repository / "plugins" / plugin.package / "README.md"
        assert card.is_file(), f"{plugin.package} has no README.md"


def test_weights_and_data_sets_belong_to_components():
    components = catalogue(load())
    for weights in read_registry().weights:
        kind, _, name = weights.component.partition(":")
        components.get(Kind(kind), name)
    for data in read_registry().datasets:
        assert len(set(data.classes)) == len(data.classes)


def test_bundled_weights_are_the_registered_bytes():
    spec = find_spec("facenet_pytorch")
    assert spec is not None
    assert spec.origin is not None
    bundled = [
        each for each in read_registry().weights if "facenet_pytorch" in (each.instructions or "")
    ]
    assert len(bundled) == 3
    for weights in bundled:
        inside = weights.instructions.split("facenet_pytorch/")[1].split(",")[0]
        content = (Path(spec.origin).parent / inside).read_bytes()
        assert len(content) == weights.bytes
        assert hashlib.sha256(content).hexdigest() == weights.sha256


def test_the_file_beside_the_source_is_read(repository):
    assert registry_file() == repository / "registry.toml"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("schema_version = 2\n", "schema_version: Input should be 1"),
        ("schema_version = 1\nplugins = []\n", "plugins: Extra inputs are not permitted"),
        ("schema_version = 1\n[[plugin]]\nname = 'x'\n", "plugin.0.package: Field required"),
        (WEIGHTS.format(sha="0" * 64), "weights.0: Value error, give either url or instructions"),
        (WEIGHTS.format(sha="xyz") + "url = 'u'", r"weights.0.sha256: String should match"),
    ],
)
def test_a_wrong_registry(tmp_path, text, message):
    path = tmp_path / "registry.toml"
    path.write_text(text)
    with pytest.raises(FerkitErrors, match=message):
        read_registry(path)


def test_a_registry_that_cannot_be_read(tmp_path):
    with pytest.raises(FerkitError, match=r"registry.toml: can't be read: No such file"):
        read_registry(tmp_path / "registry.toml")
    (tmp_path / "registry.toml").write_text("a = [")
    with pytest.raises(FerkitError, match=r"registry.toml: not valid TOML"):
        read_registry(tmp_path / "registry.toml")
