"""Weights from servers and files into the cache, by one process or two at once."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from ferkit.downloading import Patience
from ferkit.errors import FerkitError, RunError
from ferkit.fetching import Arrived, fetch, present, take
from ferkit.known_weights import look_up
from ferkit.web import DownloadError
from ferkit.weights import find_weights, record_path, whereabouts

OTHER = hashlib.sha256(b"others").hexdigest()


@pytest.fixture
def sha256(file_server) -> str:
    return hashlib.sha256(file_server.content).hexdigest()


@pytest.fixture
def net(register, file_server, sha256):
    """Weights whose hash is published."""
    register(name="net", url=f"{file_server.url}/net.pth", sha256=sha256, bytes=307_200)
    return look_up("net")


@pytest.fixture
def loose(register, file_server):
    """Weights whose hash nobody published."""
    register(name="loose", url=f"{file_server.url}/loose.pth")
    return look_up("loose")


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def get(said) -> Callable[..., Arrived]:
    def call(known, *sources) -> Arrived:
        return fetch(
            known,
            sources or known.sources,
            progress=lambda done, total: None,
            say=said.append,
            patience=Patience(attempts=2, pause=lambda wait_s: None),
        )

    return call


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_fetched_once_and_found(net, get, sha256, file_server):
    assert whereabouts(net) == "no"
    assert get(net) == Arrived(net.place, sha256, new=True)
    assert get(net) == Arrived(net.place, sha256, new=False)
    assert len(file_server.asked) == 1
    assert find_weights("net") == net.place
    assert whereabouts(net) == "yes"
    assert net.place.read_bytes() == file_server.content
    assert files(net.place.parent) == {"net.pth", "net.pth.json", ".net.pth.lock"}


def test_a_wrong_file_is_removed_and_both_hashes_said(net, get, sha256, file_server):
    file_server.content = file_server.content[::-1]
    found = hashlib.sha256(file_server.content).hexdigest()
    with pytest.raises(
        DownloadError, match=f"its sha256 is {found}, it must be {sha256}; it was removed. By hand:"
    ):
        get(net)
    assert files(net.place.parent) == {".net.pth.lock"}


def test_the_next_source_is_tried(net, get, said, file_server):
    file_server.redirects = {"/mirror": "/circle", "/circle": "/mirror"}
    arrived = get(net, f"{file_server.url}/mirror", *net.sources)
    assert arrived.new
    assert said == [
        f"{file_server.url}/mirror: the server redirects in a circle, or too often."
        " The next source is tried."
    ]


def test_no_source_works(net, get, file_server):
    file_server.statuses = [404, 403]
    with pytest.raises(DownloadError, match="403 Forbidden") as caught:
        get(net, f"{file_server.url}/mirror", *net.sources)
    assert caught.value.status == 1
    assert f"By hand: get {net.sources[0]}; put it at {net.place} (sha256" in str(caught.value)


def test_a_broken_file_in_the_cache_is_fetched_anew(net, get, said, file_server):
    net.place.parent.mkdir(parents=True)
    net.place.write_bytes(b"others")
    assert whereabouts(net) == "not verified yet"
    file_server.statuses = [404]
    with pytest.raises(DownloadError):
        get(net)
    assert net.place.read_bytes() == b"others"
    assert get(net).new
    assert f"its sha256 is {OTHER}" in said[0]
    assert said[0].endswith("It is fetched anew.")


def test_a_full_disk_ends_it(net, get, monkeypatch, file_server):
    def full(self, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(RunError, match="the disk is full") as caught:
        get(net, f"{file_server.url}/mirror", *net.sources)
    assert not isinstance(caught.value, DownloadError)
    assert len(file_server.asked) == 1


def test_a_cache_that_is_a_file(net, get):
    net.place.parent.parent.write_bytes(b"")
    with pytest.raises(RunError, match=r"weights: can't be written \(Not a directory\)"):
        get(net)


def test_two_at_once(net, get, said, file_server):
    file_server.hold.clear()
    arrived: list[Arrived] = []
    both = [threading.Thread(target=lambda: arrived.append(get(net))) for _ in range(2)]
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


class TestFromFile:
    def test_it_is_copied(self, net, sha256, file_server, tmp_path, said):
        file = tmp_path / "download.bin"
        file.write_bytes(file_server.content)
        assert take(net, file, say=said.append) == Arrived(net.place, sha256, new=True)
        assert file.exists()
        assert find_weights("net") == net.place
        assert file_server.asked == []

    def test_it_ends_a_download_that_was_given_up(self, net, get, file_server, tmp_path, said):
        file_server.cuts = [1000, 0]
        with pytest.raises(DownloadError, match="after 1000 of"):
            get(net)
        assert ".net.pth.part" in files(net.place.parent)
        file = tmp_path / "download.bin"
        file.write_bytes(file_server.content)
        take(net, file, say=said.append)
        assert files(net.place.parent) == {"net.pth", "net.pth.json", ".net.pth.lock"}

    def test_the_wrong_one(self, net, sha256, tmp_path, said):
        file = tmp_path / "download.bin"
        file.write_bytes(b"others")
        with pytest.raises(
            FerkitError, match=f"its sha256 is {OTHER}, it must be {sha256}"
        ) as told:
            take(net, file, say=said.append)
        assert told.value.status == 2
        assert file.exists()
        assert files(net.place.parent) == {".net.pth.lock"}

    def test_none(self, net, tmp_path, said):
        with pytest.raises(FerkitError, match=r"no.bin: can't be read: No such file") as told:
            take(net, tmp_path / "no.bin", say=said.append)
        assert told.value.status == 2

    def test_the_one_in_the_cache(self, net, sha256, file_server, said):
        net.place.parent.mkdir(parents=True)
        net.place.write_bytes(file_server.content)
        assert take(net, net.place, say=said.append).sha256 == sha256
        assert net.place.read_bytes() == file_server.content


class TestPackages:
    """Weights that a package brings, where it is installed in the right version."""

    @pytest.fixture
    def package(self, tmp_path, monkeypatch) -> Path:
        folder = tmp_path / "site" / "fakepackage"
        folder.mkdir(parents=True)
        (folder / "__init__.py").touch()
        monkeypatch.syspath_prepend(folder.parent)
        return folder

    @pytest.fixture
    def brought(self, package, register, sha256):
        text = "bundled: fakepackage/net.onnx, installed with fakepackage 2"
        register(name="brought", instructions=text, sha256=sha256)
        return look_up("brought")

    def test_the_right_version_needs_no_copy(
        self, brought, package, get, sha256, file_server, tmp_path, said
    ):
        file = package / "net.onnx"
        file.write_bytes(file_server.content)
        there = Arrived(file, sha256, new=False)
        assert get(brought, file_server.url) == there
        assert take(brought, tmp_path / "mine.onnx", say=said.append) == there
        assert whereabouts(brought) == "in a package"
        assert not brought.in_cache.exists()

    @pytest.mark.parametrize("inside", [None, b"others"])
    def test_another_version_is_no_dead_end(
        self, brought, package, sha256, file_server, tmp_path, said, inside
    ):
        if inside is not None:
            (package / "net.onnx").write_bytes(inside)
        with pytest.raises(FerkitError, match="ferkit fetch brought --from FILE") as caught:
            find_weights("brought")
        assert f"installed with fakepackage 2; put it at {brought.in_cache}" in str(caught.value)
        file = tmp_path / "mine.onnx"
        file.write_bytes(file_server.content)
        assert take(brought, file, say=said.append) == Arrived(brought.in_cache, sha256, new=True)
        assert find_weights("brought") == brought.in_cache
        assert whereabouts(brought) == "yes"
        assert inside is None or (package / "net.onnx").read_bytes() == inside

    def test_an_address_that_the_user_gives(self, brought, package, get, sha256, file_server, said):
        (package / "net.onnx").write_bytes(b"others")
        assert get(brought, file_server.url) == Arrived(brought.in_cache, sha256, new=True)
        assert said[0].endswith("It is fetched anew.")
        with pytest.raises(FerkitError, match=f"is {OTHER}, it must be {sha256}"):
            take(brought, package / "net.onnx", say=said.append)

    def test_without_a_published_hash_the_package_is_trusted(self, package, register):
        register(name="loose", instructions="bundled: fakepackage/net.onnx, of fakepackage")
        (package / "net.onnx").write_bytes(b"others")
        assert find_weights("loose") == package / "net.onnx"


class TestUnpublishedHash:
    def test_the_first_is_remembered_and_another_refused(self, loose, get, sha256, file_server):
        assert get(loose).sha256 == sha256
        assert find_weights("loose") == loose.place
        loose.place.unlink()
        file_server.content = b"others"
        with pytest.raises(DownloadError, match=f"is {OTHER}, it must be {sha256}") as caught:
            get(loose)
        assert f"to accept another one remove {record_path(loose)}" in str(caught.value)
        record_path(loose).unlink()
        assert get(loose).sha256 == OTHER

    def test_a_file_without_a_told_end_is_taken_only_by_its_hash(
        self, loose, get, sha256, file_server
    ):
        file_server.length = False
        file_server.cuts = [1000] * 3
        with pytest.raises(DownloadError, match="a part would pass for the whole"):
            get(loose)
        assert files(loose.place.parent) == {".loose.pth.lock"}
        with pytest.raises(DownloadError, match=f"it must be {sha256}; it was removed"):
            get(loose.held_to(sha256))
        file_server.cuts = []
        assert get(loose.held_to(sha256.upper())) == Arrived(loose.place, sha256, new=True)
        assert find_weights("loose") == loose.place

    def test_a_file_put_there_by_hand(self, loose, get, sha256, file_server, said):
        loose.place.parent.mkdir(parents=True)
        loose.place.write_bytes(file_server.content)
        assert present(loose, said.append) == Arrived(loose.place, sha256, new=False)
        assert find_weights("loose") == loose.place
        loose.place.write_bytes(b"others")
        with pytest.raises(FerkitError, match=f"is {OTHER}, it must be {sha256}"):
            get(loose)
        assert loose.place.read_bytes() == b"others"

    def test_from_another_file(self, loose, get, sha256, tmp_path, said):
        get(loose)
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
        self, loose, get, file_server, tmp_path, said, content, told
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
            get(loose)
        assert files(loose.place.parent) == {".loose.pth.lock"}

    def test_the_size_is_held_to(self, register, tmp_path, said):
        register(name="sized", url="https://example.org/x", bytes=7)
        file = tmp_path / "download.bin"
        file.write_bytes(b"others")
        with pytest.raises(FerkitError, match="it has 6 bytes, not 7"):
            take(look_up("sized"), file, say=said.append)


def test_weights_without_an_address(register, get):
    register(name="asked-for", instructions="Write to the authors.", sha256=OTHER)
    known = look_up("asked-for")
    with pytest.raises(FerkitError) as caught:
        get(known)
    assert caught.value.status == 2
    assert str(caught.value) == (
        "ferkit can't download the weights 'asked-for'. By hand: Write to the authors; put it at "
        f"{known.place} (sha256 {OTHER}), or run 'ferkit fetch asked-for --from FILE'."
    )
