"""Downloads from a real server that does what servers do: break off, change, lie, answer pages."""

from __future__ import annotations

import gzip
import json
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from ferkit.downloading import Patience, discard, download
from ferkit.errors import FerkitError, RunError
from ferkit.web import DownloadError


@dataclass
class Download:
    """Calls `download` and keeps what it tells."""

    part: Path
    waits: list[float] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    seen: list[tuple[int, int | None]] = field(default_factory=list)

    def __call__(
        self, url: str, *, size: int | None = None, attempts: int = 5, timeout_s: float = 20
    ) -> bytes:
        download(
            url,
            self.part,
            size=size,
            progress=lambda done, total: self.seen.append((done, total)),
            say=self.said.append,
            patience=Patience(attempts=attempts, timeout_s=timeout_s, pause=self.waits.append),
        )
        return self.part.read_bytes()


@pytest.fixture
def get(tmp_path: Path) -> Download:
    return Download(tmp_path / "net.part")


@pytest.fixture
def half(get: Download, file_server) -> Callable[..., None]:
    """Leaves the first 100 000 bytes there, as a download that was killed does."""

    def break_off() -> None:
        file_server.cuts = [100_000]
        with pytest.raises(DownloadError, match="ended after 100000 of 307200 bytes"):
            get(file_server.url, attempts=1)
        file_server.asked.clear()

    return break_off


def ranges(file_server) -> list[str | None]:
    return [each.get("range") for each in file_server.asked]


def test_a_whole_file(get, file_server):
    assert get(file_server.url, size=307_200) == file_server.content
    done = [number for number, _ in get.seen]
    assert done == sorted(done)
    assert get.seen[-1] == (307_200, 307_200)
    assert {total for _, total in get.seen} == {307_200}
    assert get.said == get.waits == []
    (asked,) = file_server.asked
    assert "range" not in asked
    assert asked["accept-encoding"] == "identity"
    assert asked["user-agent"].startswith("ferkit/")


def test_a_dropped_connection_is_resumed(get, file_server):
    file_server.cuts = [100_000, 50_000, 0, None]
    assert get(file_server.url) == file_server.content
    assert ranges(file_server) == [None, "bytes=100000-", "bytes=150000-", "bytes=150000-"]
    assert file_server.asked[1]["if-range"] == '"1"'
    assert get.waits == [1.0, 1.0, 2.0]  # one that brought something begins the count anew
    assert "ended after 100000 of 307200 bytes; trying again in 1 s" in get.said[0]


def test_a_killed_download_is_resumed(get, half, file_server):
    half()
    assert get(file_server.url) == file_server.content
    assert ranges(file_server) == ["bytes=100000-"]


def test_a_date_tells_versions_too(get, file_server):
    file_server.headers = {"ETag": 'W/"1"', "Last-Modified": "Sat, 21 Nov 2020 10:00:00 GMT"}
    file_server.cuts = [100_000]
    get(file_server.url)
    assert file_server.asked[1]["if-range"] == "Sat, 21 Nov 2020 10:00:00 GMT"


def test_a_file_that_changed_begins_anew(get, half, file_server):
    half()
    file_server.headers["ETag"] = '"2"'
    file_server.content = file_server.content[::-1]
    assert get(file_server.url) == file_server.content
    assert ranges(file_server) == ["bytes=100000-"]
    assert "the server begins anew" in get.said[-1]


def test_a_server_without_ranges_begins_anew(get, half, file_server):
    half()
    file_server.ranges = False
    assert get(file_server.url) == file_server.content


def test_without_a_version_nothing_is_resumed(get, file_server):
    file_server.headers = {}
    file_server.cuts = [100_000]
    assert get(file_server.url) == file_server.content
    assert ranges(file_server) == [None, None]


def test_another_address_begins_anew(get, half, file_server):
    half()
    assert get(file_server.url + "/other") == file_server.content
    assert ranges(file_server) == [None]


def test_a_lost_side_file_begins_anew(get, half, file_server):
    half()
    get.part.with_name("net.part.json").write_text("{")
    assert get(file_server.url) == file_server.content
    assert ranges(file_server) == [None]


def test_a_complete_part_is_not_asked_for(get, half, file_server):
    half()
    get.part.write_bytes(file_server.content)
    assert get(file_server.url) == file_server.content
    assert file_server.asked == []


@pytest.fixture
def of_unknown_size(get, half) -> None:
    half()
    side = get.part.with_name("net.part.json")
    side.write_text(json.dumps(json.loads(side.read_text()) | {"total": None}))


def test_416_for_a_complete_part(get, of_unknown_size, file_server):
    get.part.write_bytes(file_server.content)
    assert get(file_server.url) == file_server.content
    assert ranges(file_server) == ["bytes=307200-"]


def test_416_for_a_part_that_is_too_long(get, of_unknown_size, file_server):
    get.part.write_bytes(file_server.content + b"more")
    assert get(file_server.url) == file_server.content
    assert ranges(file_server) == ["bytes=307204-", None]


@pytest.mark.parametrize(
    "odd", ["bytes 0-307199/307200", "bytes 100000-307199/999999", "pages 1-2/3", "bytes */307200"]
)
def test_a_part_that_does_not_fit_begins_anew(get, half, file_server, odd):
    half()
    file_server.odd_range = odd
    assert get(file_server.url) == file_server.content
    assert ranges(file_server) == ["bytes=100000-", None]


def test_a_part_that_nobody_asked_for(get, file_server):
    file_server.statuses = [206]
    with pytest.raises(DownloadError, match="sends another part than it was asked for"):
        get(file_server.url)


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
    assert ranges(file_server) == [None, None, None, "bytes=307200-"]


def test_an_empty_file(get, file_server):
    file_server.content = b""
    with pytest.raises(DownloadError, match="the file there is empty"):
        get(file_server.url)


def test_a_packed_file(get, file_server):
    file_server.headers["Content-Encoding"] = "gzip"
    file_server.content = gzip.compress(b"x")
    with pytest.raises(DownloadError, match=r"sends it packed \(gzip\)"):
        get(file_server.url)


class TestRedirects:
    def test_they_are_followed_with_the_range(self, get, file_server):
        file_server.redirects = {"/a": "/b", "/b": f"{file_server.url}/c"}
        file_server.cuts = [100_000]
        assert get(f"{file_server.url}/a") == file_server.content
        assert [each["path"] for each in file_server.asked] == ["/a", "/b", "/c"] * 2
        assert file_server.asked[-1]["range"] == "bytes=100000-"

    def test_a_circle(self, get, file_server):
        file_server.redirects = {"/a": "/b", "/b": "/a"}
        with pytest.raises(DownloadError, match="the server redirects in a circle"):
            get(f"{file_server.url}/a")

    @pytest.mark.parametrize("to", ["file:///etc/passwd", "ftp://127.0.0.1/x", "data:,x"])
    def test_only_to_the_web(self, get, file_server, to):
        file_server.redirects = {"/a": to}
        with pytest.raises(DownloadError, match="where ferkit does not follow"):
            get(f"{file_server.url}/a")
        assert not get.part.exists()


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
        with pytest.raises(DownloadError, match=r"example.org is not known .*is there a network\?"):
            get("https://example.org/net.pth")
        assert get.waits == []

    def test_a_silent_server(self, get):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            url = f"http://127.0.0.1:{silent.getsockname()[1]}/net"
            with pytest.raises(DownloadError, match="does not answer in time, 2 times"):
                get(url, attempts=2, timeout_s=0.05)

    def test_a_server_that_falls_silent(self, get, file_server):
        file_server.hold.clear()
        with pytest.raises(DownloadError, match="does not answer in time"):
            get(file_server.url, attempts=1, timeout_s=0.2)
        assert 0 < get.part.stat().st_size <= 153_600
        file_server.hold.set()
        assert get(file_server.url) == file_server.content

    def test_a_server_that_speaks_no_http(self, get, file_server, monkeypatch):
        monkeypatch.setattr(type(file_server), "answer", lambda self, to: to.wfile.write(b"SSH\n"))
        with pytest.raises(DownloadError, match=r"the connection broke \(SSH"):
            get(file_server.url, attempts=1)


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


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("file:///etc/passwd", "no address that ferkit downloads from"),
        ("ftp://example.org/net", "no address that ferkit downloads from"),
        ("/home/me/net.pth", "no address that ferkit downloads from"),
        ("https:///net.pth", "no address that ferkit downloads from"),
        ("https://me:secret@example.org/", "no user names or passwords"),
        ("http://[", "no address to download from"),
        ("http://example.org:port/", "no address to download from"),
    ],
)
def test_addresses_of_other_kinds(get, url, text):
    with pytest.raises(FerkitError, match=text) as caught:
        get(url)
    assert caught.value.status == 2
    assert "secret" not in str(caught.value)


def test_odd_characters_in_an_address(get, file_server):
    assert get(f"{file_server.url}/my nét%20.pth?a=b&c#d") == file_server.content
    assert file_server.asked[0]["path"] == "/my%20n%C3%A9t%20.pth?a=b&c"
