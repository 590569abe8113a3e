"""From videos put together from known pieces to clips and a manifest."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

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
