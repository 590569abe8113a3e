"""Weights from a file that the user has, and from packages that bring them."""

from __future__ import annotations

import hashlib
import os
import threading
from pathlib import Path

import pytest

from ferkit.errors import FerkitError
from ferkit.fetching import Arrived, take
from ferkit.known_weights import look_up
from ferkit.web import DownloadError
from ferkit.weights import find_weights, whereabouts

OTHER = hashlib.sha256(b"others").hexdigest()


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


class TestFromFile:
    def test_it_is_copied(self, net, sha256, file_server, tmp_path, said):
        file = tmp_path / "download.bin"
        file.write_bytes(file_server.content)
        assert take(net, file, say=said.append) == Arrived(net.place, sha256, new=True)
        assert file.exists()
        assert find_weights("net") == net.place
        assert file_server.asked == []

    def test_it_ends_a_download_that_was_given_up(self, net, fetched, file_server, tmp_path, said):
        file_server.cuts = [1000, 0]
        with pytest.raises(DownloadError, match="after 1000 of"):
            fetched(net)
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

    @pytest.mark.parametrize(
        ("path", "told"),
        [
            (".", "it is a folder. Name the file"),
            ("/dev/zero", "/dev/zero: it is no file"),
            ("x" * 300, "x: can't be read: File name too long"),
        ],
    )
    def test_no_file(self, loose, tmp_path, said, path, told):
        if path.startswith("/") and not Path(path).exists():
            pytest.skip(f"no {path} here")
        with pytest.raises(FerkitError, match=told) as caught:
            take(loose, Path(path), say=said.append)
        assert caught.value.status == 2

    def test_a_pipe(self, net, sha256, file_server, tmp_path, said):
        pipe = tmp_path / "pipe"
        os.mkfifo(pipe)
        writing = threading.Thread(target=lambda: pipe.write_bytes(file_server.content))
        writing.start()
        assert take(net, pipe, say=said.append) == Arrived(net.place, sha256, new=True)
        writing.join()

    def test_the_right_hash_is_enough(self, register, sha256, file_server, tmp_path, said):
        register(name="mistyped", url="https://example.org/x", sha256=sha256, bytes=7)
        file = tmp_path / "download.bin"
        file.write_bytes(file_server.content)
        assert take(look_up("mistyped"), file, say=said.append).new

    def test_what_a_killed_copy_left_is_removed(self, net, file_server, tmp_path, said):
        net.place.parent.mkdir(parents=True)
        (net.place.parent / ".net.pth-12345.writing").write_bytes(b"half")
        (net.place.parent / ".other.pth-12345.writing").write_bytes(b"half")
        file = tmp_path / "download.bin"
        file.write_bytes(file_server.content)
        take(net, file, say=said.append)
        left = {"net.pth", "net.pth.json", ".net.pth.lock", ".other.pth-12345.writing"}
        assert files(net.place.parent) == left

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
        self, brought, package, fetched, sha256, file_server, tmp_path, said
    ):
        file = package / "net.onnx"
        file.write_bytes(file_server.content)
        there = Arrived(file, sha256, new=False)
        assert fetched(brought, file_server.url) == there
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

    def test_an_address_that_the_user_gives(
        self, brought, package, fetched, sha256, file_server, said
    ):
        (package / "net.onnx").write_bytes(b"others")
        assert fetched(brought, file_server.url) == Arrived(brought.in_cache, sha256, new=True)
        assert said[0].endswith("It is fetched anew.")
        with pytest.raises(FerkitError, match=f"is {OTHER}, it must be {sha256}"):
            take(brought, package / "net.onnx", say=said.append)

    def test_without_a_published_hash_the_package_is_trusted(self, package, register):
        register(name="loose", instructions="bundled: fakepackage/net.onnx, of fakepackage")
        (package / "net.onnx").write_bytes(b"others")
        assert find_weights("loose") == package / "net.onnx"
