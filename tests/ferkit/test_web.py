"""Addresses, redirects and connections that lead nowhere."""

from __future__ import annotations

import io
import socket
import ssl
from http.client import HTTPMessage
from urllib.error import URLError
from urllib.request import HTTPRedirectHandler, OpenerDirector, Request

import pytest

from ferkit.errors import FerkitError
from ferkit.web import DownloadError, Dropped, address, ask, make_opener, meaning


@pytest.fixture
def redirects() -> HTTPRedirectHandler:
    handlers = make_opener().handlers
    return next(each for each in handlers if isinstance(each, HTTPRedirectHandler))


def test_encryption_is_not_given_up(redirects):
    asked = Request("https://example.org/net", headers={"Range": "bytes=3-"})
    body = io.BytesIO()
    with pytest.raises(DownloadError, match=r"to http://example.org/b, where ferkit does not"):
        redirects.redirect_request(asked, body, 302, "", HTTPMessage(), "http://example.org/b")
    assert body.closed
    followed = redirects.redirect_request(
        asked, io.BytesIO(), 302, "", HTTPMessage(), "https://example.com/b"
    )
    assert followed is not None
    assert followed.full_url == "https://example.com/b"
    assert followed.get_header("Range") == "bytes=3-"


@pytest.mark.parametrize("to", ["file:///etc/passwd", "ftp://127.0.0.1/x", "data:,x"])
def test_redirects_to_other_kinds_are_not_followed(file_server, to):
    file_server.redirects = {"/a": to}
    with pytest.raises(DownloadError, match="where ferkit does not follow"):
        ask(Request(f"{file_server.url}/a"), timeout_s=20)


def test_redirects_in_a_circle(file_server):
    file_server.redirects = {"/a": "/b", "/b": "/a"}
    with pytest.raises(DownloadError, match="the server redirects in a circle"):
        ask(Request(f"{file_server.url}/a"), timeout_s=20)


def test_a_silent_server(file_server):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/net"
        with pytest.raises(Dropped, match="does not answer in time"):
            ask(Request(url), timeout_s=0.05)


def test_a_server_that_speaks_no_http(file_server, monkeypatch):
    monkeypatch.setattr(type(file_server), "answer", lambda self, to: to.wfile.write(b"SSH\n"))
    with pytest.raises(Dropped, match=r"the connection broke \(SSH"):
        ask(Request(file_server.url), timeout_s=20)


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
def test_addresses_of_other_kinds(url, text):
    with pytest.raises(FerkitError, match=text) as caught:
        address(url)
    assert caught.value.status == 2
    assert "secret" not in str(caught.value)


def test_no_other_protocols():
    protocols = {name for name in make_opener().handle_open if name != "unknown"}
    assert protocols <= {"http", "https"}


def test_a_certificate_that_is_not_trusted(monkeypatch):
    mistrust = ssl.SSLCertVerificationError(1, "[SSL: CERTIFICATE_VERIFY_FAILED] certificate")
    mistrust.verify_message = "self-signed certificate"

    def refuse(opener, request, timeout):
        raise URLError(mistrust)

    monkeypatch.setattr(OpenerDirector, "open", refuse)
    message = r"the server's certificate is not trusted \(self-signed certificate\)"
    with pytest.raises(Dropped, match=message) as caught:
        ask(Request("https://example.org/net"), timeout_s=1)
    assert caught.value.hopeless


@pytest.mark.parametrize(("status", "text"), [(404, "404 Not Found"), (799, "799")])
def test_statuses_in_words(status, text):
    assert meaning(status) == text
