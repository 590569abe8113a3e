"""Servers that refuse, break off for good, answer something else, or are not there."""

from __future__ import annotations

import gzip
import json
import socket
from pathlib import Path

import pytest

from ferkit.downloading import discard
from ferkit.errors import RunError
from ferkit.web import DownloadError


def test_a_server_that_always_breaks_off_at_the_same_place(get, file_server):
    file_server.ranges = False
    file_server.cuts = [1000] * 9
    with pytest.raises(DownloadError, match="ended after 1000 of 307200 bytes, 5 times"):
        get(file_server.url)
    assert get.waits == [1.0, 2.0, 4.0, 8.0]


def test_a_busy_server_is_asked_again(get, file_server):
    file_server.statuses = [503, 500, 429]
    assert get(file_server.url) == file_server.content
    assert get.waits == [1.0, 2.0, 4.0]
    assert "the server answers 503 Service Unavailable; trying again in 1 s" in get.said[0]


@pytest.mark.parametrize(("after", "waits"), [("7", [7.0]), ("9999", [60.0]), ("soon", [1.0])])
def test_a_server_says_when(get, file_server, after, waits):
    file_server.headers["Retry-After"] = after
    file_server.statuses = [503]
    get(file_server.url)
    assert get.waits == waits


def test_a_server_that_stays_broken(get, file_server):
    file_server.statuses = [500] * 9
    with pytest.raises(
        DownloadError, match=r"127.0.0.1:\d+: the server answers 500 Internal Server Error, 5 times"
    ) as caught:
        get(file_server.url)
    assert caught.value.status == 1
    assert len(file_server.asked) == 5


@pytest.mark.parametrize(
    ("status", "text"),
    [(403, "403 Forbidden"), (404, "404 Not Found"), (204, "204 No Content"), (416, "416 Req"),
     (799, "799")],
)  # fmt: skip
def test_a_refusal_is_final(get, file_server, status, text):
    file_server.statuses = [status]
    with pytest.raises(DownloadError, match=f"the server answers {text}"):
        get(file_server.url)
    assert len(file_server.asked) == 1


def test_a_refusal_keeps_the_part(get, half, file_server):
    half()
    file_server.statuses = [403]
    with pytest.raises(DownloadError, match="403 Forbidden"):
        get(file_server.url)
    assert get.part.stat().st_size == 100_000


@pytest.mark.parametrize(
    ("page", "kind"),
    [
        (b"<!DOCTYPE html><title>Google Drive - Virus scan warning</title>", "text/html"),
        (b"\xef\xbb\xbf \n<HTML><body>confirm</body>", "application/octet-stream"),
        (b"<!-- page --><html>", "text/html; charset=utf-8"),
    ],
)
def test_a_web_page_is_no_file(get, file_server, page, kind):
    file_server.content = page * 40
    file_server.headers["Content-Type"] = kind
    with pytest.raises(DownloadError, match=r"a web page instead of the file. It may want a lo"):
        get(file_server.url, size=5)
    assert not get.part.exists()


def test_a_file_that_is_called_a_page_is_a_file(get, file_server):
    file_server.headers["Content-Type"] = "text/html"
    assert get(file_server.url) == file_server.content


def test_a_file_of_another_size_is_not_downloaded(get, file_server):
    with pytest.raises(DownloadError, match="the file there has 307200 bytes, not 400000"):
        get(file_server.url, size=400_000)
    assert not get.part.exists()


def test_a_length_that_is_not_said(get, file_server):
    file_server.length = False
    assert get(file_server.url) == file_server.content
    assert get.seen[-1] == (307_200, None)
    discard(get.part)
    with pytest.raises(DownloadError, match="has more than 300000 bytes"):
        get(file_server.url, size=300_000)
    assert list(get.part.parent.iterdir()) == []
    with pytest.raises(DownloadError, match="the file there has 307200 bytes, not 400000"):
        get(file_server.url, size=400_000)
    assert file_server.asked_ranges == [None, None, None, "bytes=307200-"]


def test_an_empty_file(get, file_server):
    file_server.content = b""
    with pytest.raises(DownloadError, match="the file there is empty"):
        get(file_server.url)


def test_a_packed_file(get, file_server):
    file_server.headers["Content-Encoding"] = "gzip"
    file_server.content = gzip.compress(b"x")
    with pytest.raises(DownloadError, match=r"sends it packed \(gzip\)"):
        get(file_server.url)


class TestNoConnection:
    def test_a_server_that_is_not_there(self, get):
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        with pytest.raises(DownloadError, match="connection refused, 5 times"):
            get(f"http://127.0.0.1:{port}/net")
        assert get.waits == [1.0, 2.0, 4.0, 8.0]

    def test_no_network(self, get, monkeypatch):
        def unknown(*where, **how):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

        monkeypatch.setattr(socket, "getaddrinfo", unknown)
        monkeypatch.setenv("no_proxy", "*")
        with pytest.raises(DownloadError) as caught:
            get("https://example.org/net.pth")
        said = "example.org is not known (name or service not known), or there is no network."
        assert caught.value.what == said
        assert get.waits == []

    def test_a_server_that_falls_silent(self, get, file_server):
        file_server.hold.clear()
        with pytest.raises(DownloadError, match="does not answer in time"):
            get(file_server.url, attempts=1, timeout_s=0.2)
        assert 0 < get.part.stat().st_size <= 153_600
        file_server.hold.set()
        assert get(file_server.url) == file_server.content


def test_a_full_disk(get, file_server):
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    get.part.symlink_to("/dev/full")
    get.part.with_name("net.part.json").write_text(
        json.dumps({"url": file_server.url, "version": '"1"', "total": 307_200})
    )
    file_server.statuses = []

    def keep(path, missing_ok=False):
        """The symlink stands for the disk, so it must stay."""

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "unlink", keep)
        with pytest.raises(RunError, match=r"net.part: the disk is full. What came so far stays"):
            get(file_server.url)


class TestNobodyKnowsTheEnd:
    """Neither the server nor a hash tells a part from the whole."""

    def test_such_a_file_is_not_taken(self, get, file_server):
        file_server.length = False
        file_server.cuts = [1000]
        with pytest.raises(DownloadError, match="does not say how long the file is") as caught:
            get(file_server.url, verified=False)
        assert "give it with --sha256" in str(caught.value)
        assert not get.part.exists()

    def test_a_known_size_is_enough(self, get, file_server):
        file_server.length = False
        file_server.cuts = [1000]
        assert get(file_server.url, verified=False, size=307_200) == file_server.content
        assert "ended after 1000 of 307200 bytes" in get.said[0]

    @pytest.mark.parametrize("cut", [None, 20_000, 309_000, 309_355])
    def test_the_last_piece_says_the_end(self, get, file_server, cut):
        file_server.chunked = True
        file_server.cuts = [cut]
        assert get(file_server.url, verified=False) == file_server.content
        assert len(get.said) == (cut is not None)

    def test_the_length_that_the_first_answer_said_holds(self, get, half, file_server):
        half()
        file_server.total = False
        file_server.cuts = [1000]
        assert get(file_server.url, verified=False) == file_server.content
        assert "ended after 101000 of 307200 bytes" in get.said[0]
