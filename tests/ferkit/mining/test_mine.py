"""From videos put together from known pieces to clips and a manifest."""

from __future__ import annotations

import csv
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from ferkit.errors import FerkitError, RunError
from ferkit.faces.track import Tracking
from ferkit.locking import locked
from ferkit.mining import mine as module
from ferkit.mining import video
from ferkit.mining.rule import Rule

KNOWN = [
    ("none", 7),
    ("one", 12),
    ("two", 6),
    ("one", 4),
    ("none", 2),
    ("small", 9),
    ("none", 1),
    ("one", 8),
    ("one", 10, "blue"),
]


def manifest(out: Path) -> list[dict[str, str]]:
    with (out / "manifest.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def parts(rows: list[dict[str, str]]) -> list[tuple[int, int]]:
    return [(int(row["source_first"]), int(row["source_last"])) for row in rows]


def test_known_pieces(miner: Any, write_video: Any, read_bars: Any) -> None:
    path = write_video("known.mp4", KNOWN)
    mined = miner(path)
    rows = manifest(miner.out)
    assert parts(rows) == [(7, 18), (41, 48), (49, 58)]  # a cut between the last two
    (outcome,) = mined.outcomes
    assert (outcome.frames, outcome.short, outcome.small) == (59, 1, 1)
    assert outcome.seconds == pytest.approx(59 / 25, abs=1e-4)
    for row in rows:
        assert row["source"] == row["group"] == str(path)
        assert (row["first_frame"], row["last_frame"], row["how"]) == ("", "", "encoded")
        first, last = int(row["source_first"]), int(row["source_last"])
        assert read_bars(miner.out / row["path"]) == list(range(first, last + 1))
        assert int(row["frames"]) == last - first + 1
        assert float(row["start_s"]) == pytest.approx(first / 25, abs=1e-3)
        assert float(row["end_s"]) == pytest.approx((last + 1) / 25, abs=1e-3)
        assert float(row["median_area"]) == pytest.approx(32 * 32 / (64 * 96), abs=1e-4)
        assert 0.95 < float(row["mean_score"]) < 1
    assert len(list((miner.out / "clips").iterdir())) == 3
    assert (miner.out / "failures.csv").read_text().splitlines() == ["file,kind,reason,left out"]


def test_other_rules_do_not_look_again(miner: Any, write_video: Any) -> None:
    path = write_video("known.mp4", KNOWN)
    miner(path)
    assert miner.frames_looked_at() == 59
    mined = miner(path, rule=Rule(min_frames=3, min_area=0.01))
    assert parts(manifest(miner.out)) == [(7, 18), (25, 28), (31, 39), (41, 48), (49, 58)]
    assert (mined.outcomes[0].written, mined.removed) == (2, 0)
    mined = miner(path, rule=Rule(min_frames=10))
    assert parts(manifest(miner.out)) == [(7, 18), (49, 58)]
    assert (mined.outcomes[0].written, mined.removed) == (0, 3)
    assert {f"clips/{p.name}" for p in (miner.out / "clips").iterdir()} == {
        row["path"] for row in manifest(miner.out)
    }
    miner(path, rule=Rule(min_frames=3, min_score=0.999))
    assert manifest(miner.out) == []
    assert miner.frames_looked_at() == 59
    miner(path, settings={"detector": "another"})
    assert miner.frames_looked_at() == 118


def test_no_clips_lists_parts_of_the_video(miner: Any, write_video: Any) -> None:
    path = write_video("known.mp4", KNOWN)
    miner(path)
    mined = miner(path, clips=False)
    assert mined.removed == 3
    assert list((miner.out / "clips").iterdir()) == []
    for row, (first, last) in zip(manifest(miner.out), [(7, 18), (41, 48), (49, 58)], strict=True):
        assert (row["path"], row["how"]) == (str(path), "indexed")
        assert (row["first_frame"], row["last_frame"]) == (str(first), str(last))
    assert miner.frames_looked_at() == 59


def test_a_part_that_begins_at_a_key_frame_is_copied(
    miner: Any, write_video: Any, read_bars: Any
) -> None:
    path = write_video("known.mp4", KNOWN, keys="scenes")
    miner(path)
    rows = manifest(miner.out)
    assert [row["how"] for row in rows] == ["copied"] * 3
    assert [read_bars(miner.out / row["path"])[0] for row in rows] == [7, 41, 49]


def test_a_clip_that_is_gone_or_changed_is_written_again(miner: Any, write_video: Any) -> None:
    path = write_video("known.mp4", KNOWN)
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
    path = write_video("known.mp4", KNOWN)
    miner(path)
    foreign = miner.out / "clips" / "own.mp4"
    foreign.write_bytes(b"mine")
    (miner.out / "clips" / ".a-1-0-5.mp4-99.writing").write_bytes(b"left by a killed process")
    miner(path, rule=Rule(min_frames=50))
    assert [each.name for each in (miner.out / "clips").iterdir()] == ["own.mp4"]


def test_rows_come_by_path_and_frame_whatever_the_order(miner: Any, write_video: Any) -> None:
    paths = [
        write_video("b.mp4", [("one", 9), ("none", 2), ("one", 9)]),
        write_video("a.mp4", [("none", 1), ("one", 30)]),
        write_video("deep/er/c.MOV", [("one", 7)]),
        write_video("none.mp4", [("none", 9)]),
    ]
    miner(paths[0], paths[3].parent, paths[0])
    rows = manifest(miner.out)
    assert [(Path(row["source"]).name, row["source_first"]) for row in rows] == [
        ("a.mp4", "1"),
        ("b.mp4", "0"),
        ("b.mp4", "11"),
        ("c.MOV", "0"),
    ]
    assert miner.frames_looked_at() == 67
    text = (miner.out / "manifest.csv").read_bytes()
    miner(*reversed(paths))
    assert (miner.out / "manifest.csv").read_bytes() == text


def test_a_moved_video_is_known_by_its_content(miner: Any, write_video: Any) -> None:
    path = write_video("a.mp4", [("one", 9)])
    miner(path)
    moved = path.rename(path.with_name("b.mp4"))
    mined = miner(moved)
    assert miner.frames_looked_at() == 9
    assert [row["source"] for row in manifest(miner.out)] == [str(moved)]
    (clip,) = (miner.out / "clips").iterdir()
    assert clip.name.startswith("b-")
    assert mined.removed == 1


def test_the_same_content_twice_is_mined_once(miner: Any, write_video: Any) -> None:
    path = write_video("a.mp4", [("one", 9)])
    copy = path.with_name("z.mp4")
    copy.write_bytes(path.read_bytes())
    mined = miner(path.parent)
    assert [row["source"] for row in manifest(miner.out)] == [str(path)]
    (problem,) = mined.problems
    assert (problem.kind, problem.where) == ("same content", str(copy))
    assert str(path) in problem.what


def test_a_changed_video_is_looked_at_again(miner: Any, write_video: Any) -> None:
    path = write_video("a.mp4", [("one", 9)])
    miner(path)
    write_video("a.mp4", [("one", 6), ("none", 3)])
    mined = miner(path)
    assert parts(manifest(miner.out)) == [(0, 5)]
    assert mined.removed == 1
    assert miner.frames_looked_at() == 18


def test_videos_of_earlier_calls_stay(miner: Any, write_video: Any) -> None:
    first, second = write_video("a.mp4", [("one", 9)]), write_video("b.mp4", [("one", 7)])
    miner(first)
    mined = miner(second)
    assert [row.source for row in mined.others] == [str(first)]
    assert parts(manifest(miner.out)) == [(0, 8), (0, 6)]
    assert len(list((miner.out / "clips").iterdir())) == 2
    before = (miner.out / "manifest.csv").read_text()
    with pytest.raises(FerkitError, match=r"1 videos that are not given now.*a\.mp4.*--out"):
        miner(second, rule=Rule(min_frames=3))
    assert (miner.out / "manifest.csv").read_text() == before
    miner(first, second, rule=Rule(min_frames=8))
    assert parts(manifest(miner.out)) == [(0, 8)]
    (miner.out / "manifest.csv").unlink()  # the way to begin anew
    mined = miner(second, rule=Rule(min_frames=3))
    assert mined.removed == 1
    assert parts(manifest(miner.out)) == [(0, 6)]


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
    assert len(manifest(miner.out)) == 3


def test_clips_of_a_killed_call_are_removed_if_unwanted(
    miner: Any, write_video: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_video("a.mp4", KNOWN)
    monkeypatch.setattr(module, "write_manifest", lambda out, rows: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        miner(path)
    monkeypatch.undo()
    assert len(list((miner.out / "clips").iterdir())) == 3
    monkeypatch.setenv("TOY_FOLDER", str(miner.toy))
    assert miner(path, rule=Rule(min_frames=12)).removed == 2
    assert len(list((miner.out / "clips").iterdir())) == 1


def test_broken_videos_are_told_and_the_rest_goes_on(miner: Any, write_video: Any) -> None:
    whole = write_video("a.mp4", [("one", 9)])
    long = write_video("b.mkv", [("one", 400)], keys=10)
    content = long.read_bytes()
    long.write_bytes(content[: len(content) * 2 // 3])
    folder = whole.parent
    (folder / "empty.mp4").write_bytes(b"")
    (folder / "text.avi").write_text("this is no video\n")
    (folder / "notes.txt").write_text("not looked at")
    (folder / ".hidden.mp4").write_bytes(b"")
    (folder / "nowhere.mp4").symlink_to(folder / "gone.mp4")
    mined = miner(folder)
    told = {Path(p.where).name: (p.kind, p.dropped) for p in mined.problems}
    assert told == {
        "b.mkv": ("broken video", False),
        "empty.mp4": ("unreadable video", True),
        "text.avi": ("unreadable video", True),
        "nowhere.mp4": ("missing file", True),
    }
    rows = manifest(miner.out)
    assert [Path(row["source"]).name for row in rows] == ["a.mp4", "b.mkv"]
    assert 100 < int(rows[1]["frames"]) < 400
    failures = (miner.out / "failures.csv").read_text()
    assert failures.count("\n") == 5
    assert "the file is empty" in failures
    again = miner(folder)
    assert {Path(p.where).name for p in again.problems} == set(told)
    assert miner.frames_looked_at() == sum(int(row["frames"]) for row in rows)


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


def test_out_that_is_a_file(miner: Any, write_video: Any) -> None:
    path = write_video("a.mp4", [("one", 9)])
    miner.out.write_text("")
    with pytest.raises(RunError, match=r"can't be written"):
        miner(path)


def test_clips_are_no_videos_to_mine(miner: Any, write_video: Any) -> None:
    path = write_video("a.mp4", [("one", 9)])
    miner.out = path.parent / "out"
    miner(path.parent)
    miner(path.parent)
    assert len(manifest(miner.out)) == 1


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


def test_progress_tells_frames_per_second_and_videos(miner: Any, write_video: Any) -> None:
    paths = [write_video("a.mp4", [("one", 20)]), write_video("b.mp4", [("none", 20)])]
    miner(*paths)
    assert any(text.startswith("mining 1 MB") for _, text in miner.told)
    shares = [done for done, text in miner.told if "frames/s" in text]
    assert shares == sorted(shares)
    assert miner.told[-2][1].endswith("2 of 2 videos")


def test_without_pyav_only_clips_are_refused(
    miner: Any, write_video: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_video("a.mp4", [("one", 9)])
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(FerkitError, match=r"PyAV.*pip install 'ferkit\[pyav\]'.*--no-clips"):
        miner(path)
    miner(path, clips=False)
    assert parts(manifest(miner.out)) == [(0, 8)]


def test_tracking_keeps_findings_of_its_own(miner: Any, write_video: Any) -> None:
    path = write_video("known.mp4", [("one", 12), ("two", 6), ("one", 9)])
    miner.tracking = Tracking(every=4)
    miner(path, settings={"tracking": "on"})
    rows = manifest(miner.out)
    assert [row["source"] for row in rows] == [str(path)] * len(rows)
    assert rows
    assert len(list((miner.out / "findings").glob("*.parquet"))) == 1
