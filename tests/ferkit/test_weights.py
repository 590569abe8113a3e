"""Weights in the cache: found when they are right, refused with both hashes when they are not."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest

from ferkit import weights
from ferkit.errors import FerkitError
from ferkit.known_weights import KnownWeights, look_up
from ferkit.weights import check, digest, find_weights, verify

CONTENT = b"some weights"
SHA256 = hashlib.sha256(CONTENT).hexdigest()
OTHER = hashlib.sha256(b"others").hexdigest()


@pytest.fixture
def net(register) -> KnownWeights:
    register(name="net", url="https://example.org/net.PTH", sha256=SHA256, bytes=len(CONTENT))
    known = look_up("net")
    known.place.parent.mkdir(parents=True)
    return known


@pytest.fixture
def hashed(monkeypatch) -> list[Path]:
    """The files whose content was read."""
    read: list[Path] = []
    really = weights._measured

    def measured(path: Path) -> weights.Record:
        read.append(path)
        return really(path)

    monkeypatch.setattr(weights, "_measured", measured)
    return read


def test_a_right_file_is_found_and_hashed_once(net, hashed):
    net.place.write_bytes(CONTENT)
    assert [find_weights("net") for _ in range(3)] == [net.place] * 3
    assert hashed == [net.place]
    assert net.place.name == "net.pth"


def test_a_changed_file_is_hashed_again(net, hashed):
    net.place.write_bytes(CONTENT)
    find_weights("net")
    os.utime(net.place, ns=(0, 0))
    find_weights("net")
    assert len(hashed) == 2
    net.place.write_bytes(b"others")
    with pytest.raises(FerkitError, match=f"its sha256 is {OTHER}, it must be {SHA256}") as caught:
        find_weights("net")
    assert caught.value.hint == "Remove it and run 'ferkit fetch net'."
    assert net.place.is_file()


def test_a_damaged_side_file_costs_a_reading(net, hashed):
    net.place.write_bytes(CONTENT)
    for damage in ("", "{", "[]", '{"sha256": 1}'):
        weights.record_path(net).write_text(damage)
        assert find_weights("net") == net.place
    assert len(hashed) == 4


def test_a_cache_that_cannot_be_written_is_still_read(net, monkeypatch):
    net.place.write_bytes(CONTENT)

    def refuse(path, content):
        raise weights.RunError("can't be written.")

    monkeypatch.setattr(weights, "write_whole", refuse)
    assert find_weights("net") == net.place


def test_missing_weights_name_the_command_and_the_place(net):
    with pytest.raises(FerkitError) as caught:
        find_weights("net")
    text = str(caught.value)
    assert text.startswith(f"{net.place}: the weights 'net' are not here. Run 'ferkit fetch net'.")
    assert "get https://example.org/net.PTH; put it at" in text
    assert f"(sha256 {SHA256}), or run 'ferkit fetch net --from FILE'." in text


def test_unknown_weights(net):
    with pytest.raises(FerkitError, match=r"no weights 'nett'. Did you mean 'net'\? See 'ferkit f"):
        find_weights("nett")


def test_bundled_weights_are_found_where_they_are_installed():
    path = find_weights("mtcnn-pnet")
    assert path.name == "pnet.pt"
    assert not path.with_name("pnet.pt.json").exists()


def test_verify(tmp_path):
    path = tmp_path / "net.pt"
    path.write_bytes(CONTENT)
    verify(path, SHA256.upper())
    assert digest(path) == SHA256
    with pytest.raises(FerkitError, match=f"net.pt: not the right .* {SHA256}, it must be {OTHER}"):
        verify(path, OTHER)
    with pytest.raises(FerkitError, match=r"missing.pt: can't be read: No such file"):
        verify(tmp_path / "missing.pt", SHA256)
    with pytest.raises(FerkitError, match="can't be read: Is a directory"):
        verify(tmp_path, SHA256)


class TestUnpublishedHash:
    @pytest.fixture
    def net(self, register) -> KnownWeights:
        register(name="net", url="https://example.org/net.pth", sha256=None, bytes=len(CONTENT))
        known = look_up("net")
        known.place.parent.mkdir(parents=True)
        known.place.write_bytes(CONTENT)
        return known

    def test_it_has_to_be_accepted_first(self, net):
        with pytest.raises(FerkitError, match="nobody published a sha256") as caught:
            find_weights("net")
        assert caught.value.hint == "Run 'ferkit fetch net' to accept it as it is."
        assert check(net) == SHA256
        assert find_weights("net") == net.place

    def test_another_file_is_refused_later(self, net):
        check(net)
        net.place.write_bytes(b"others")
        with pytest.raises(FerkitError, match=f"is {OTHER}, it must be {SHA256}") as caught:
            find_weights("net")
        assert str(weights.record_path(net)) in (caught.value.hint or "")
        assert json.loads(weights.record_path(net).read_text())["sha256"] == SHA256
