"""Ferkit's weights and the user's: mirrors first, but ferkit's own hash holds."""

from __future__ import annotations

import re
from pathlib import Path

import platformdirs
import pytest

from ferkit import known_weights as module
from ferkit.errors import FerkitError
from ferkit.known_weights import known_weights, look_up, user_registry
from ferkit.registry import WeightsEntry

OWN, USERS = "a" * 64, "b" * 64


@pytest.fixture
def own(monkeypatch):
    """Puts one entry into ferkit's own registry: `own(url=...)`."""

    def put(**given):
        facts = {"component": "enhancer:net", "licence": "MIT", "commercial_use": False}
        entry = WeightsEntry(**{"name": "net", "trained_on": "photographs", **facts, **given})
        registry = type("Registry", (), {"weights": (entry,)})
        monkeypatch.setattr(module, "read_registry", lambda: registry)

    return put


def test_a_mirror_is_tried_first_and_the_own_hash_holds(own, register):
    own(url="https://own/net.pth", sha256=OWN, bytes=3)
    register(name="net", url="https://mirror/x.bin", sha256=USERS, licence="none at all")
    known = look_up("net")
    assert known.sources == ("https://mirror/x.bin", "https://own/net.pth")
    assert (known.sha256, known.overruled) == (OWN, USERS)
    assert (known.entry.licence, known.entry.commercial_use) == ("MIT", False)
    assert known.place.name == "net.pth"


def test_a_mirror_needs_no_more_than_name_and_url(own, tmp_path):
    own(instructions="write to the authors", sha256=OWN)
    path = tmp_path / "mine.toml"
    path.write_text(
        "schema_version = 1\n[[weights]]\nname = 'net'\nurl = 'https://mirror/net.pt'\n"
    )
    known = look_up("net", path)
    assert known.sources == ("https://mirror/net.pt",)
    assert known.sha256 == OWN
    assert known.overruled is None
    assert known.place.name == "net"
    assert look_up("net").sources == ()


def test_a_users_hash_holds_where_ferkit_knows_none(own, register):
    own(url="https://own/net.pth")
    register(name="net", url="https://own/net.pth", sha256=USERS)
    known = look_up("net")
    assert (known.sources, known.sha256) == (("https://own/net.pth",), USERS)


def test_weights_of_the_users_own(register):
    path = register(name="mine", url="https://lab/mine.SafeTensors", sha256=USERS)
    known = known_weights()["mine"]
    assert known.place.name == "mine.safetensors"
    assert "mtcnn-pnet" in known_weights(path)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"name": "mine"}, "weights.0: Value error, give either url or instructions"),
        ({"name": "mine", "url": "u", "sha": "x"}, "weights.0.sha: Extra inputs are not"),
        ({"name": "../up", "url": "u"}, r"weights can't be called '../up'. Use letters"),
        ({"name": "mtcnn-pnet", "url": "u", "sah256": "x"}, "weights.0.sah256: Extra inputs"),
        ({"url": "u"}, "weights.0.name: Field required"),
    ],
)
def test_a_wrong_entry(register, given, message):
    path = register(**given)
    with pytest.raises(FerkitError, match=message) as caught:
        known_weights()
    assert str(path) in str(caught.value)


def test_an_entry_that_stands_there_twice(register):
    register(name="mine", url="u")
    register(name="mine", url="v")
    with pytest.raises(FerkitError, match="weights 'mine' stand there twice"):
        known_weights()


def test_a_registry_that_is_named_must_be_there(monkeypatch, tmp_path):
    monkeypatch.setenv("FERKIT_REGISTRY", str(tmp_path / "no.toml"))
    with pytest.raises(FerkitError, match=r"no.toml: can't be read: No such file"):
        known_weights()


@pytest.mark.parametrize("text", ["weights = 3", "schema_version = 1\nweights = ['x']"])
def test_a_registry_of_another_shape(tmp_path, text):
    path = tmp_path / "odd.toml"
    path.write_text(text)
    with pytest.raises(FerkitError, match=r"odd.toml: weights(.0)?: Input should be"):
        known_weights(path)


def test_the_usual_place_of_a_users_registry(monkeypatch, tmp_path):
    monkeypatch.setenv("FERKIT_REGISTRY", "")
    monkeypatch.setattr(platformdirs, "user_config_dir", lambda name: str(tmp_path / name))
    assert user_registry() is None
    usual = tmp_path / "ferkit" / "registry.toml"
    usual.parent.mkdir()
    usual.write_text("schema_version = 1\n")
    assert user_registry() == usual
    monkeypatch.setenv("FERKIT_REGISTRY", "~/mine.toml")
    assert user_registry() == Path.home() / "mine.toml"


def test_the_example_in_the_docs(repository, tmp_path):
    page = (repository / "docs" / "weights.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    path = tmp_path / "registry.toml"
    path.write_text(example)
    known = known_weights(path)
    assert known["enlightengan"].sources[0] == "https://files.example.org/enlightengan.pth"
    assert known["our-resnet"].entry.bytes == 44_795_832
