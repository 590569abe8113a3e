"""What a second call does with what the first one left."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from ferkit.errors import FerkitError, RunError
from ferkit.locking import locked
from ferkit.mining import mine as module
from ferkit.mining import video
from ferkit.mining.rule import Rule


def test_other_rules_do_not_look_again(miner: Any, write_video: Any) -> None:
    path = write_video("known.mp4", miner.known)
    miner(path)
    assert miner.frames_looked_at() == 59
    mined = miner(path, rule=Rule(min_frames=3, min_area=0.01))
    assert miner.parts() == [(7, 18), (25, 28), (31, 39), (41, 48), (49, 58)]
    assert (mined.outcomes[0].written, mined.removed) == (2, 0)
    mined = miner(path, rule=Rule(min_frames=10))
    assert miner.parts() == [(7, 18), (49, 58)]
    assert (mined.outcomes[0].written, mined.removed) == (0, 3)
    assert {f"clips/{p.name}" for p in (miner.out / "clips").iterdir()} == {
        row["path"] for row in miner.rows()
    }
    miner(path, rule=Rule(min_frames=3, min_score=0.999))
    assert miner.rows() == []
    assert miner.frames_looked_at() == 59
    miner(path, settings={"detector": "another"})
    assert miner.frames_looked_at() == 118


def test_a_clip_that_is_gone_or_changed_is_written_again(miner: Any, write_video: Any) -> None:
    path = write_video("known.mp4", miner.known)
    miner(path)
    gone, changed, whole = sorted((miner.out / "clips").iterdir())
    content = whole.read_bytes(), whole.stat().st_mtime_ns
    gone.unlink()
    changed.write_bytes(b"something else")
    mined = miner(path)
    assert mined.outcomes[0].written == 2
    assert changed.stat().st_size > 1000
    assert (whole.read_bytes(), whole.stat().st_mtime_ns) == content
    assert miner(path).outcomes[0].written == 0
    assert miner.frames_looked_at() == 59


def test_foreign_files_stay(miner: Any, write_video: Any) -> None:
    path = write_video("known.mp4", miner.known)
    miner(path)
    foreign = miner.out / "clips" / "own.mp4"
    foreign.write_bytes(b"mine")
    (miner.out / "clips" / ".a-1-0-5.mp4-99.writing").write_bytes(b"left by a killed process")
    miner(path, rule=Rule(min_frames=50))
    assert [each.name for each in (miner.out / "clips").iterdir()] == ["own.mp4"]


def test_a_moved_video_is_known_by_its_content(miner: Any, write_video: Any) -> None:
    path = write_video("a.mp4", [("one", 9)])
    miner(path)
    moved = path.rename(path.with_name("b.mp4"))
    mined = miner(moved)
    assert miner.frames_looked_at() == 9
    assert [row["source"] for row in miner.rows()] == [str(moved)]
    (clip,) = (miner.out / "clips").iterdir()
    assert clip.name.startswith("b-")
    assert mined.removed == 1


def test_a_changed_video_is_looked_at_again(miner: Any, write_video: Any) -> None:
    path = write_video("a.mp4", [("one", 9)])
    miner(path)
    write_video("a.mp4", [("one", 6), ("none", 3)])
    mined = miner(path)
    assert miner.parts() == [(0, 5)]
    assert mined.removed == 1
    assert miner.frames_looked_at() == 18


def test_videos_of_earlier_calls_stay(miner: Any, write_video: Any) -> None:
    first, second = write_video("a.mp4", [("one", 9)]), write_video("b.mp4", [("one", 7)])
    miner(first)
    mined = miner(second)
    assert [row.source for row in mined.others] == [str(first)]
    assert miner.parts() == [(0, 8), (0, 6)]
    assert len(list((miner.out / "clips").iterdir())) == 2
    before = (miner.out / "manifest.csv").read_text()
    with pytest.raises(FerkitError, match=r"1 videos that are not given now.*a\.mp4.*--out"):
        miner(second, rule=Rule(min_frames=3))
    assert (miner.out / "manifest.csv").read_text() == before
    miner(first, second, rule=Rule(min_frames=8))
    assert miner.parts() == [(0, 8)]
    (miner.out / "manifest.csv").unlink()  # the way to begin anew
    mined = miner(second, rule=Rule(min_frames=3))
    assert mined.removed == 1
    assert miner.parts() == [(0, 6)]


@pytest.mark.parametrize("when", ["look", "Cutter"])
def test_a_video_that_is_deleted_in_between(
    miner: Any, write_video: Any, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    gone, stays = write_video("a.mp4", [("one", 9)]), write_video("b.mp4", [("one", 8)])
    real = getattr(video, when)

    def late(path: Path, *more: Any) -> Any:
        gone.unlink(missing_ok=True)
        return real(path, *more)

    monkeypatch.setattr(video, when, late)
    mined = miner(gone, stays)
    assert [row["source"] for row in miner.rows()] == [str(stays)]
    (problem,) = mined.problems
    assert problem.where == str(gone)
    assert "no such file" in problem.what
    assert mined.failed == []


def test_a_killed_call_goes_on_with_the_next_video(
    miner: Any, write_video: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, length in (("a.mp4", 9), ("b.mp4", 10), ("c.mp4", 11)):
        write_video(name, [("one", length)])
    folder = miner.out.parent / "videos"
    real = video.look

    def stopped(path: Path, *more: Any) -> Any:
        if path.name == "b.mp4":
            raise KeyboardInterrupt
        return real(path, *more)

    monkeypatch.setattr(video, "look", stopped)
    with pytest.raises(KeyboardInterrupt):
        miner(folder)
    assert miner.frames_looked_at() == 9
    assert len(list((miner.out / "clips").iterdir())) == 1
    monkeypatch.setattr(video, "look", real)
    miner(folder)
    assert miner.frames_looked_at() == 9 + 10 + 11
    assert len(miner.rows()) == 3


def test_clips_of_a_killed_call_are_removed_if_unwanted(
    miner: Any, write_video: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_video("a.mp4", miner.known)
    monkeypatch.setattr(module, "write_manifest", lambda out, rows: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        miner(path)
    monkeypatch.undo()
    assert len(list((miner.out / "clips").iterdir())) == 3
    monkeypatch.setenv("TOY_FOLDER", str(miner.toy))
    assert miner(path, rule=Rule(min_frames=12)).removed == 2
    assert len(list((miner.out / "clips").iterdir())) == 1


def test_a_damaged_findings_file(miner: Any, write_video: Any) -> None:
    path = write_video("a.mp4", [("one", 9)])
    miner(path)
    (findings,) = (miner.out / "findings").glob("*.parquet")
    findings.write_bytes(findings.read_bytes()[:-20])
    with pytest.raises(RunError, match=r"findings are damaged.*Delete this file"):
        miner(path)
    findings.unlink()
    miner(path)
    assert miner.frames_looked_at() == 18


def test_a_manifest_of_someone_else(miner: Any, write_video: Any) -> None:
    path = write_video("a.mp4", [("one", 9)])
    miner.out.mkdir()
    (miner.out / "manifest.csv").write_text("path,label\na.jpg,happy\n")
    with pytest.raises(RunError, match="not a manifest as mining writes it"):
        miner(path)
    assert (miner.out / "manifest.csv").read_text() == "path,label\na.jpg,happy\n"


def test_a_second_call_waits(miner: Any, write_video: Any) -> None:
    path = write_video("a.mp4", [("one", 9)])
    miner.out.mkdir()
    held, ended = threading.Event(), threading.Event()

    def hold() -> None:
        with locked(miner.out / "lock", what="the folder", waiting=miner.say):
            held.set()
            ended.wait(10)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(10)
    miner.say = lambda text: (miner.said.append(text), ended.set())
    miner(path)
    thread.join()
    assert "the folder is in use by process" in miner.said[0]
