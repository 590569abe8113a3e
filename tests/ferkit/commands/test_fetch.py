"""`ferkit fetch` as a user calls it."""

from __future__ import annotations

import functools
import hashlib
import io
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress

import pytest

from ferkit import cli, downloading
from ferkit.commands import fetch as command
from ferkit.known_weights import look_up
from ferkit.weights import find_weights

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys, monkeypatch) -> Run:
    """`run("net", "--yes") -> status, stdout, stderr`; no waiting between attempts."""
    monkeypatch.setattr(
        downloading, "Patience", functools.partial(downloading.Patience, pause=lambda wait_s: None)
    )

    def call(*arguments: object) -> tuple[int, str, str]:
        status = cli.main(["fetch", *map(str, arguments)])
        told = capsys.readouterr()
        return status, told.out, told.err

    return call


@pytest.fixture
def sha256(file_server) -> str:
    return hashlib.sha256(file_server.content).hexdigest()


@pytest.fixture
def net(register, file_server, sha256):
    register(name="net", url=f"{file_server.url}/net.pth", sha256=sha256, bytes=307_200)
    return look_up("net")


@pytest.fixture
def research(register, file_server):
    """Weights that are not for commercial use, without a published hash."""
    register(
        name="research",
        url=f"{file_server.url}/r.pth",
        commercial_use=False,
        licence="CC BY-NC 4.0",
    )
    return look_up("research")


@pytest.fixture
def terminal(monkeypatch):
    """Answers on a terminal: `terminal("y")`."""

    def answer(text: str) -> None:
        typed = io.StringIO(text + "\n")
        typed.isatty = lambda: True
        monkeypatch.setattr(sys, "stdin", typed)

    return answer


def test_the_list(run, net, research):
    status, out, _ = run()
    lines = {line.split()[0]: line.split(maxsplit=1)[1].rstrip() for line in out.splitlines()}
    assert status == 0
    assert lines["name"].split() == ["for", "size", "licence", "commercial", "use", "here"]
    assert lines["net"].split() == ["enhancer:net", "307", "kB", "MIT", "yes", "no"]
    assert lines["research"].split()[-3:] == ["4.0", "no", "no"]
    assert lines["mtcnn-onet"].split() == (
        ["face_detector:mtcnn", "1.56", "MB", "MIT", "yes", "in", "a", "package"]
    )
    run("net")
    assert "yes             yes" in run()[1]


def test_a_fetch_says_what_comes(run, net, file_server, sha256):
    status, out, err = run("net")
    assert (status, err) == (0, "")
    assert out.splitlines() == [
        "net",
        "  for:            enhancer:net",
        "  licence:        MIT",
        "  commercial use: yes",
        "  trained on:     drawn faces",
        "  size:           307 kB",
        f"  from:           {file_server.url}/net.pth",
        f"  sha256:         {sha256}",
        f"net: verified, kept at {net.place}",
    ]
    assert run("net") == (0, f"net: verified, in the cache already: {net.place}\n", "")


def test_a_broken_file_in_the_cache_is_told_of_once(run, net):
    net.place.parent.mkdir(parents=True)
    net.place.write_bytes(b"others")
    status, _, err = run("net")
    assert (status, err.count("It is fetched anew.")) == (0, 1)
    assert find_weights("net") == net.place


def test_another_address(run, net, file_server):
    status, out, _ = run("net", "--url", f"{file_server.url}/elsewhere")
    assert status == 0
    assert f"from:           {file_server.url}/elsewhere" in out
    assert [each["path"] for each in file_server.asked] == ["/elsewhere"]


def test_a_registry_given_on_the_line(run, net, file_server, tmp_path, sha256):
    mine = tmp_path / "mine.toml"
    mine.write_text(
        "schema_version = 1\n"
        f"[[weights]]\nname = 'mtcnn-pnet'\nurl = 'u'\nsha256 = '{sha256}'\n"
        f"[[weights]]\nname = 'mine'\nurl = '{file_server.url}'\ncomponent = 'backbone:x'\n"
        "licence = 'x'\ncommercial_use = true\ntrained_on = 'x'\n"
    )
    assert run("mine", "--registry", mine)[0] == 0
    status, _, err = run("mine")
    assert status == 2
    assert "no weights 'mine'" in err


def test_bundled_weights_need_no_fetching(run):
    status, out, _ = run("mtcnn-pnet")
    assert status == 0
    assert out.startswith("mtcnn-pnet: verified, comes with a package: ")


def test_a_mistyped_name(run, net):
    status, _, err = run("nett")
    assert status == 2
    assert err == "ferkit: no weights 'nett'. Did you mean 'net'? See 'ferkit fetch'.\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--yes"], "ferkit fetch: name the weights."),
        (
            ["net", "--url", "https://x/y", "--from", "x"],
            "--url and --from can't be given",
        ),
        (["net", "--url", "file:///etc/passwd"], "file:///etc/passwd: no address that ferkit down"),
        (["net", "--from", "no.pth"], "no.pth: can't be read: No such file or directory."),
        (["net", "--sha256", "abc"], "abc: a sha256 has 64 hex digits."),
        (["net", "--sha256", "0" * 64], f"{'0' * 64}: the published sha256 of 'net' is "),
        (["--sha256", "0" * 64], "ferkit fetch: name the weights."),
        (["net", "--registry", "no.toml"], "no.toml: can't be read: No such file or directory."),
    ],
)
def test_wrong_options(run, net, arguments, message):
    status, _, err = run(*arguments)
    assert status == 2
    assert message in err


def test_a_server_that_refuses(run, net, file_server):
    file_server.statuses = [404]
    status, _, err = run("net")
    assert status == 1
    assert err.startswith(f"{file_server.url}/net.pth: the server answers 404 Not Found. By hand: ")
    assert str(net.place) in err


def test_a_busy_server(run, net, file_server):
    file_server.statuses = [503]
    status, _, err = run("net")
    assert status == 0
    assert "503 Service Unavailable; trying again in 1 s" in err


class TestConsent:
    @pytest.mark.parametrize(("answer", "status"), [("y", 0), ("n", 1), ("", 1)])
    def test_it_is_asked_for_on_a_terminal(self, run, research, terminal, answer, status):
        terminal(answer)
        found, out, err = run("research")
        assert found == status
        assert "commercial use: no" in out
        assert "The licence forbids commercial use. Is yours another one" in out
        assert ("ferkit: the weights 'research' were not fetched." in err) is (status == 1)
        assert research.place.exists() is (status == 0)

    def test_without_a_terminal_it_has_to_be_given(self, run, research, file_server):
        status, _, err = run("research")
        assert status == 2
        assert "If yours is none, run 'ferkit fetch research --yes'." in err
        assert file_server.asked == []

    def test_it_may_be_given_ahead(self, run, research, sha256):
        status, _, err = run("research", "--yes")
        assert status == 0
        assert "It could not be verified: nobody published its sha256." in err
        assert sha256 in err
        assert find_weights("research") == research.place

    def test_a_hash_that_the_user_knows(self, run, research, sha256, file_server):
        file_server.length = False
        status, _, err = run("research", "--yes")
        assert status == 1
        assert "the server does not say how long the file is" in err
        assert "--sha256. By hand: get " in err
        status, out, err = run("research", "--yes", "--sha256", sha256)
        assert (status, err) == (0, "")
        assert out.splitlines()[-1] == f"research: verified, kept at {research.place}"

    def test_it_is_not_asked_for_twice_nor_for_ones_own_file(
        self, run, research, file_server, tmp_path
    ):
        file = tmp_path / "mine.pth"
        file.write_bytes(file_server.content)
        status, out, _ = run("research", "--from", file)
        assert (status, out.splitlines()[-1]) == (0, f"research: kept at {research.place}")
        assert run("research")[0] == 0


def test_another_hash_in_the_users_registry_is_said_not_to_hold(run, net, monkeypatch):
    monkeypatch.setattr(
        "ferkit.known_weights.look_up",
        lambda name, registry: type(net)(net.entry, net.sources, net.sha256, "0" * 64),
    )
    status, _, err = run("net")
    assert status == 0
    assert err == f"Your registry gives another sha256 ({'0' * 64}); ferkit's own holds.\n"


def test_a_bar_on_a_terminal(run, net, monkeypatch, file_server):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    file_server.statuses = [503]
    status, _, err = run("net")
    assert status == 0
    assert "307.2/307.2 kB" in err
    assert "trying again" in err


def test_a_killed_fetch_goes_on(run, net, file_server):
    file_server.hold.clear()
    fetching = subprocess.Popen(
        [sys.executable, "-m", "ferkit", "fetch", "net"], stdout=subprocess.DEVNULL
    )
    assert file_server.half_sent.wait(30)
    part = net.place.with_name(".net.pth.part")
    while fetching.poll() is None and not (part.exists() and part.stat().st_size):
        with suppress(subprocess.TimeoutExpired):
            fetching.wait(0.01)
    fetching.kill()
    fetching.wait()
    file_server.hold.set()
    assert not net.place.exists()
    assert run("net")[0] == 0
    start = int(file_server.asked[1]["range"].removeprefix("bytes=").rstrip("-"))
    assert 0 < start <= 153_600
    assert find_weights("net").read_bytes() == file_server.content


@pytest.mark.parametrize(
    ("number", "text"),
    [(None, "unknown"), (1, "1 B"), (999, "999 B"), (28_570, "28.6 kB"), (999_600, "1 MB"),
     (57_400_000_000, "57.4 GB")],
)  # fmt: skip
def test_sizes_in_words(number, text):
    assert command._size(number) == text


def test_the_command_imports_no_torch(net):
    code = (
        "import sys; from ferkit.cli import main; main(['fetch']); main(['fetch', 'net']); "
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True).returncode == 0
