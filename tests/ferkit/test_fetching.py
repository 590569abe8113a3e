"""Weights from servers and files into the cache, by one process or two at once."""

from __future__ import annotations

import hashlib
import threading
from pathlib import Path

import pytest

from ferkit.errors import FerkitError, RunError
from ferkit.fetching import Arrived, present, take
from ferkit.known_weights import look_up
from ferkit.web import DownloadError
from ferkit.weights import find_weights, record_path, whereabouts

OTHER = hashlib.sha256(b"others").hexdigest()


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_fetched_once_and_found(net, fetched, sha256, file_server):
    assert whereabouts(net) == "no"
    assert fetched(net) == Arrived(net.place, sha256, new=True)
    assert fetched(net) == Arrived(net.place, sha256, new=False)
    assert len(file_server.asked) == 1
    assert find_weights("net") == net.place
    assert whereabouts(net) == "yes"
    assert net.place.read_bytes() == file_server.content
    assert files(net.place.parent) == {"net.pth", "net.pth.json", ".net.pth.lock"}


def test_a_wrong_file_is_removed_and_both_hashes_said(net, fetched, sha256, file_server):
    file_server.content = file_server.content[::-1]
    found = hashlib.sha256(file_server.content).hexdigest()
    with pytest.raises(
        DownloadError, match=f"its sha256 is {found}, it must be {sha256}; it was removed. By hand:"
    ):
        fetched(net)
    assert files(net.place.parent) == {".net.pth.lock"}


def test_the_next_source_is_tried(net, fetched, said, file_server):
    file_server.redirects = {"/mirror": "/circle", "/circle": "/mirror"}
    arrived = fetched(net, f"{file_server.url}/mirror", *net.sources)
    assert arrived.new
    assert said == [
        f"{file_server.url}/mirror: the server redirects in a circle, or too often."
        " The next source is tried."
    ]


def test_no_source_works(net, fetched, file_server):
    file_server.statuses = [404, 403]
    with pytest.raises(DownloadError, match="403 Forbidden") as caught:
        fetched(net, f"{file_server.url}/mirror", *net.sources)
    assert caught.value.status == 1
    assert f"By hand: get {net.sources[0]}; put it at {net.place} (sha256" in str(caught.value)


def test_a_broken_file_in_the_cache_is_fetched_anew(net, fetched, said, file_server):
    net.place.parent.mkdir(parents=True)
    net.place.write_bytes(b"others")
    assert whereabouts(net) == "not verified yet"
    file_server.statuses = [404]
    with pytest.raises(DownloadError):
        fetched(net)
    assert net.place.read_bytes() == b"others"
    assert fetched(net).new
    assert f"its sha256 is {OTHER}" in said[0]
    assert said[0].endswith("It is fetched anew.")


def test_a_full_disk_ends_it(net, fetched, monkeypatch, file_server):
    def full(self, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(RunError, match="the disk is full") as caught:
        fetched(net, f"{file_server.url}/mirror", *net.sources)
    assert not isinstance(caught.value, DownloadError)
    assert len(file_server.asked) == 1


def test_a_cache_that_is_a_file(net, fetched):
    net.place.parent.parent.write_bytes(b"")
    with pytest.raises(RunError, match=r"weights: can't be written \(Not a directory\)"):
        fetched(net)


def test_two_at_once(net, fetched, said, file_server):
    file_server.hold.clear()
    arrived: list[Arrived] = []
    both = [threading.Thread(target=lambda: arrived.append(fetched(net))) for _ in range(2)]
    both[0].start()
    assert file_server.half_sent.wait(10)
    both[1].start()
    while not said:  # the second says that it waits
        both[1].join(0.01)
    file_server.hold.set()
    for each in both:
        each.join()
    assert sorted(each.new for each in arrived) == [False, True]
    assert len(file_server.asked) == 1
    assert "the file of the weights 'net' is in use by process" in said[0]


class TestUnpublishedHash:
    def test_the_first_is_remembered_and_another_refused(self, loose, fetched, sha256, file_server):
        assert fetched(loose).sha256 == sha256
        assert find_weights("loose") == loose.place
        loose.place.unlink()
        file_server.content = b"others"
        with pytest.raises(DownloadError, match=f"is {OTHER}, it must be {sha256}") as caught:
            fetched(loose)
        assert f"to accept another one remove {record_path(loose)}" in str(caught.value)
        record_path(loose).unlink()
        assert fetched(loose).sha256 == OTHER

    def test_a_file_without_a_told_end_is_taken_only_by_its_hash(
        self, loose, fetched, sha256, file_server
    ):
        file_server.length = False
        file_server.cuts = [1000] * 3
        with pytest.raises(DownloadError, match="a part would pass for the whole"):
            fetched(loose)
        assert files(loose.place.parent) == {".loose.pth.lock"}
        with pytest.raises(DownloadError, match=f"it must be {sha256}; it was removed"):
            fetched(loose.held_to(sha256))
        file_server.cuts = []
        assert fetched(loose.held_to(sha256.upper())) == Arrived(loose.place, sha256, new=True)
        assert find_weights("loose") == loose.place

    def test_a_file_put_there_by_hand(self, loose, fetched, sha256, file_server, said):
        loose.place.parent.mkdir(parents=True)
        loose.place.write_bytes(file_server.content)
        assert present(loose, said.append) == Arrived(loose.place, sha256, new=False)
        assert find_weights("loose") == loose.place
        loose.place.write_bytes(b"others")
        with pytest.raises(FerkitError, match=f"is {OTHER}, it must be {sha256}"):
            fetched(loose)
        assert loose.place.read_bytes() == b"others"

    def test_from_another_file(self, loose, fetched, sha256, tmp_path, said):
        fetched(loose)
        file = tmp_path / "download.bin"
        file.write_bytes(b"others")
        with pytest.raises(FerkitError, match=f"is {OTHER}, it must be {sha256}"):
            take(loose, file, say=said.append)

    @pytest.mark.parametrize(
        ("content", "told"),
        [
            (b"", "it is empty"),
            (b"<html>Sign in", "it is a web page"),
            (b"PK\x03\x04 cut off", "it is damaged, or not whole"),
        ],
    )
    def test_what_can_be_no_weights_is_not_remembered(
        self, loose, fetched, file_server, tmp_path, said, content, told
    ):
        file = tmp_path / "download.bin"
        file.write_bytes(content)
        with pytest.raises(FerkitError, match=f"download.bin: no file of weights: {told}"):
            take(loose, file, say=said.append)
        loose.place.write_bytes(content)
        with pytest.raises(FerkitError, match=f"loose.pth: no file of weights: {told}"):
            present(loose, said.append)
        assert not record_path(loose).exists()
        loose.place.unlink()
        file_server.content = content
        with pytest.raises(DownloadError):
            fetched(loose)
        assert files(loose.place.parent) == {".loose.pth.lock"}

    def test_the_size_is_held_to(self, register, tmp_path, said):
        register(name="sized", url="https://example.org/x", bytes=7)
        file = tmp_path / "download.bin"
        with file.open("wb") as opened:
            opened.truncate(1 << 36)  # a hole; nobody would wait for its copy
        with pytest.raises(FerkitError, match="it has 68719476736 bytes, not 7"):
            take(look_up("sized"), file, say=said.append)


def test_weights_without_an_address(register, fetched):
    register(name="asked-for", instructions="Write to the authors.", sha256=OTHER)
    known = look_up("asked-for")
    with pytest.raises(FerkitError) as caught:
        fetched(known)
    assert caught.value.status == 2
    assert str(caught.value) == (
        "ferkit can't download the weights 'asked-for'. By hand: Write to the authors; put it at "
        f"{known.place} (sha256 {OTHER}), or run 'ferkit fetch asked-for --from FILE'."
    )
