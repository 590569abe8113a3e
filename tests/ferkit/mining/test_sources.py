"""Which files are videos to mine."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ferkit.errors import FerkitError
from ferkit.faces.prepared import Quiet
from ferkit.mining.sources import described, find_videos, identify, known_videos
from ferkit.mining.written import Written


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("b.mp4", "a/c.MKV", "a/d/e.webm", "a/f.jpg", "a/.g.mp4", ".h/i.mp4", "out/j.mp4"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return tmp_path


def names(paths: list[Path], folder: Path) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in paths]


def test_folders_are_searched_at_any_depth(folder: Path) -> None:
    found, problems = find_videos([folder, folder / "b.mp4"])
    assert names(found, folder) == ["a/c.MKV", "a/d/e.webm", "b.mp4", "out/j.mp4"]
    assert problems == []


@pytest.fixture
def mined(folder: Path) -> Path:
    """A folder of mining below another one, with two clips and a file that is none."""
    out = folder / "a" / "mined"
    written = Written(out, "key")
    (out / "written").mkdir(parents=True)
    (out / "clips").mkdir()
    written.plan(["x-1-0-9.mp4", "x-1-20-29.mp4"])
    for name in ("x-1-0-9.mp4", "x-1-20-29.mp4", "own.mp4"):
        (out / "clips" / name).write_text(name)
    return out


def test_clips_of_an_earlier_mining_are_left_out_and_told(folder: Path, mined: Path) -> None:
    found, (problem,) = find_videos([folder])
    assert names(found, folder) == [
        "a/c.MKV",
        "a/d/e.webm",
        "a/mined/clips/own.mp4",
        "b.mp4",
        "out/j.mp4",
    ]
    assert (problem.kind, problem.where) == ("clips of mining", str(mined / "clips"))
    assert problem.what.startswith("2 clips that an earlier mining wrote here")
    _, problems = find_videos([folder], leave_out=mined)
    assert problems == []  # of one's own nothing is said


def test_clips_of_an_earlier_mining_can_be_given(folder: Path, mined: Path) -> None:
    found, problems = find_videos([mined / "clips"])
    assert len(found) == 3
    found, problems = find_videos([mined / "clips" / "x-1-0-9.mp4"])
    assert len(found) == 1
    assert problems == []
    (mined / "clips" / "own.mp4").unlink()
    with pytest.raises(FerkitError, match=r"no video found.*2 clips that an earlier mining wrote"):
        find_videos([mined])


def test_links_that_go_round_and_files_by_two_names(folder: Path) -> None:
    (folder / "a" / "back").symlink_to(folder)
    (folder / "again.mp4").symlink_to(folder / "b.mp4")
    found, _ = find_videos([folder / "a"])
    assert len(found) == len({os.path.realpath(path) for path in found}) == 4


def test_a_name_that_is_no_text(folder: Path) -> None:
    try:
        Path(os.fsdecode(bytes(folder) + b"/x\xff.mp4")).write_text("")
    except OSError:
        pytest.skip("this file system takes no such names")
    found, (problem,) = find_videos([folder])
    assert "b.mp4" in names(found, folder)
    assert problem.kind == "bad file name"
    problem.where.encode()


def test_a_relative_path_becomes_absolute(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    assert find_videos([Path("b.mp4")])[0] == [folder / "b.mp4"]


@pytest.mark.parametrize(("name", "said"), [("z.mp4", "no such file"), ("a/f.jpg", "ending")])
def test_wrong_files(folder: Path, name: str, said: str) -> None:
    with pytest.raises(FerkitError, match=said):
        find_videos([folder / name])


def test_what_is_known_is_not_read_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = [folder / "a/c.MKV", folder / "b.mp4"]
    videos, problems = identify(paths, known={}, progress=Quiet())
    assert problems == []
    known = known_videos(described({str(video.path): video for video in videos}))
    paths[1].write_text("something new")
    read: list[Path] = []
    monkeypatch.setattr(
        "ferkit.mining.sources.content_key", lambda path: (read.append(path), "key")[1]
    )
    again, _ = identify(paths, known=known, progress=Quiet())
    assert read == [paths[1]]
    assert again[0] == videos[0]
    assert again[1].content == "key"


def test_a_file_that_vanishes_is_told(folder: Path) -> None:
    videos, (problem,) = identify(
        [folder / "b.mp4", folder / "gone.mp4"], known={}, progress=Quiet()
    )
    assert [video.path for video in videos] == [folder / "b.mp4"]
    assert (problem.kind, problem.what) == ("unreadable file", "no such file.")


@pytest.mark.parametrize("text", ["", "nonsense", "[]", '{"a": 1}', '{"a": ["b"]}'])
def test_notes_that_can_not_be_read_are_no_notes(text: str) -> None:
    assert known_videos(text) == {}
