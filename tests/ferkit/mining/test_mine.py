"""From videos put together from known pieces to clips and a manifest."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from ferkit.errors import FerkitError, RunError
from ferkit.faces.track import Tracking


def test_known_pieces(miner: Any, write_video: Any, read_bars: Any) -> None:
    path = write_video("known.mp4", miner.known)
    mined = miner(path)
    rows = miner.rows()
    assert miner.parts() == [(7, 18), (41, 48), (49, 58)]  # a cut between the last two
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


def test_no_clips_lists_parts_of_the_video(miner: Any, write_video: Any) -> None:
    path = write_video("known.mp4", miner.known)
    miner(path)
    mined = miner(path, clips=False)
    assert mined.removed == 3
    assert list((miner.out / "clips").iterdir()) == []
    for row, (first, last) in zip(miner.rows(), [(7, 18), (41, 48), (49, 58)], strict=True):
        assert (row["path"], row["how"]) == (str(path), "indexed")
        assert (row["first_frame"], row["last_frame"]) == (str(first), str(last))
    assert miner.frames_looked_at() == 59


def test_a_part_that_begins_at_a_key_frame_is_copied(
    miner: Any, write_video: Any, read_bars: Any
) -> None:
    path = write_video("known.mp4", miner.known, keys="scenes")
    miner(path)
    rows = miner.rows()
    assert [row["how"] for row in rows] == ["copied"] * 3
    assert [read_bars(miner.out / row["path"])[0] for row in rows] == [7, 41, 49]


def test_rows_come_by_path_and_frame_whatever_the_order(miner: Any, write_video: Any) -> None:
    paths = [
        write_video("b.mp4", [("one", 9), ("none", 2), ("one", 9)]),
        write_video("a.mp4", [("none", 1), ("one", 30)]),
        write_video("deep/er/c.MOV", [("one", 7)]),
        write_video("none.mp4", [("none", 9)]),
    ]
    miner(paths[0], paths[3].parent, paths[0])
    rows = miner.rows()
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


def test_the_same_content_twice_is_mined_once(miner: Any, write_video: Any) -> None:
    path = write_video("a.mp4", [("one", 9)])
    copy = path.with_name("z.mp4")
    copy.write_bytes(path.read_bytes())
    mined = miner(path.parent)
    assert [row["source"] for row in miner.rows()] == [str(path)]
    (problem,) = mined.problems
    assert (problem.kind, problem.where) == ("same content", str(copy))
    assert str(path) in problem.what


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
    rows = miner.rows()
    assert [Path(row["source"]).name for row in rows] == ["a.mp4", "b.mkv"]
    assert 100 < int(rows[1]["frames"]) < 400
    failures = (miner.out / "failures.csv").read_text()
    assert failures.count("\n") == 5
    assert "the file is empty" in failures
    again = miner(folder)
    assert {Path(p.where).name for p in again.problems} == set(told)
    assert miner.frames_looked_at() == sum(int(row["frames"]) for row in rows)


def test_out_that_is_a_file(miner: Any, write_video: Any) -> None:
    path = write_video("a.mp4", [("one", 9)])
    miner.out.write_text("")
    with pytest.raises(RunError, match=r"can't be written"):
        miner(path)


def test_out_may_be_where_the_videos_are(miner: Any, write_video: Any) -> None:
    path = write_video("clips/a.mp4", [("one", 9)])  # a folder of that name, but one's own
    miner.out = path.parent.parent
    for _ in range(2):
        mined = miner(miner.out)
        assert [row["source"] for row in miner.rows()] == [str(path)]
        assert mined.problems == ()
    assert len(list(path.parent.iterdir())) == 2


def test_clips_of_another_folder_are_no_videos_to_mine(miner: Any, write_video: Any) -> None:
    path = write_video("a.mp4", [("one", 9)])
    miner.out = path.parent / "before"
    miner(path)
    miner.out = path.parent.parent / "out"
    mined = miner(path.parent)
    assert [row["source"] for row in miner.rows()] == [str(path)]
    (problem,) = mined.problems
    assert problem.where == str(path.parent / "before" / "clips")
    assert str(problem.where) in (miner.out / "failures.csv").read_text()


def test_clips_are_no_videos_to_mine(miner: Any, write_video: Any) -> None:
    path = write_video("a.mp4", [("one", 9)])
    miner.out = path.parent / "out"
    miner(path.parent)
    miner(path.parent)
    assert len(miner.rows()) == 1


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
    assert miner.parts() == [(0, 8)]


def test_tracking_keeps_findings_of_its_own(miner: Any, write_video: Any) -> None:
    path = write_video("known.mp4", [("one", 12), ("two", 6), ("one", 9)])
    miner.tracking = Tracking(every=4)
    miner(path, settings={"tracking": "on"})
    rows = miner.rows()
    assert [row["source"] for row in rows] == [str(path)] * len(rows)
    assert rows
    assert len(list((miner.out / "findings").glob("*.parquet"))) == 1
