"""Downloads from a real server that does what servers do: break off, change, lie, answer pages."""

from __future__ import annotations

import json

import pytest

from ferkit.web import DownloadError


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
    assert file_server.asked_ranges == [None, "bytes=100000-", "bytes=150000-", "bytes=150000-"]
    assert file_server.asked[1]["if-range"] == '"1"'
    assert get.waits == [1.0, 1.0, 2.0]  # one that brought something begins the count anew
    assert "ended after 100000 of 307200 bytes; trying again in 1 s" in get.said[0]


def test_a_killed_download_is_resumed(get, half, file_server):
    half()
    assert get(file_server.url) == file_server.content
    assert file_server.asked_ranges == ["bytes=100000-"]


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
    assert file_server.asked_ranges == ["bytes=100000-"]
    assert "the server begins anew" in get.said[-1]


def test_a_server_without_ranges_begins_anew(get, half, file_server):
    half()
    file_server.ranges = False
    assert get(file_server.url) == file_server.content


def test_without_a_version_nothing_is_resumed(get, file_server):
    file_server.headers = {}
    file_server.cuts = [100_000]
    assert get(file_server.url) == file_server.content
    assert file_server.asked_ranges == [None, None]


def test_another_address_begins_anew(get, half, file_server):
    half()
    assert get(file_server.url + "/other") == file_server.content
    assert file_server.asked_ranges == [None]


def test_a_lost_side_file_begins_anew(get, half, file_server):
    half()
    get.part.with_name("net.part.json").write_text("{")
    assert get(file_server.url) == file_server.content
    assert file_server.asked_ranges == [None]


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
    assert file_server.asked_ranges == ["bytes=307200-"]


def test_416_for_a_part_that_is_too_long(get, of_unknown_size, file_server):
    get.part.write_bytes(file_server.content + b"more")
    assert get(file_server.url) == file_server.content
    assert file_server.asked_ranges == ["bytes=307204-", None]


@pytest.mark.parametrize(
    "odd", ["bytes 0-307199/307200", "bytes 100000-307199/999999", "pages 1-2/3", "bytes */307200"]
)
def test_a_part_that_does_not_fit_begins_anew(get, half, file_server, odd):
    half()
    file_server.odd_range = odd
    assert get(file_server.url) == file_server.content
    assert file_server.asked_ranges == ["bytes=100000-", None]


def test_a_part_that_nobody_asked_for(get, file_server):
    file_server.statuses = [206]
    with pytest.raises(DownloadError, match="sends another part than it was asked for"):
        get(file_server.url)


def test_redirects_are_followed_with_the_range(get, file_server):
    file_server.redirects = {"/a": "/b", "/b": f"{file_server.url}/c"}
    file_server.cuts = [100_000]
    assert get(f"{file_server.url}/a") == file_server.content
    assert [each["path"] for each in file_server.asked] == ["/a", "/b", "/c"] * 2
    assert file_server.asked[-1]["range"] == "bytes=100000-"


def test_odd_characters_in_an_address(get, file_server):
    assert get(f"{file_server.url}/my nét%20.pth?a=b&c#d") == file_server.content
    assert file_server.asked[0]["path"] == "/my%20n%C3%A9t%20.pth?a=b&c"
