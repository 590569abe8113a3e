"""Paired tests between variants, from the predictions their runs left."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ferkit.evaluation.comparisons import (
    Answer,
    Pair,
    compare,
    compare_all,
    read_answers,
    readable_answers,
)


def answers(right: str, *, subjects: str = "", label: str = "happy") -> dict[str, Answer]:
    """Of samples a, b, c ...: "1" is right; subjects by letter, "-" unknown."""
    return {
        chr(97 + place): Answer(label, flag == "1", subjects[place : place + 1].replace("-", ""))
        for place, flag in enumerate(right)
    }


def pair(ours: list[str], theirs: list[str], subjects: str = "", setting: str = "") -> Pair:
    return Pair(
        setting,
        "new",
        "old",
        {str(seed): answers(one, subjects=subjects) for seed, one in enumerate(ours)},
        {str(seed): answers(one, subjects=subjects) for seed, one in enumerate(theirs)},
    )


def test_one_seed_is_mcnemar() -> None:
    result = compare(pair(["1111110111"], ["0000001000"]))
    assert (result["n"], result["answers"], result["units"]) == (10, 10, 10)
    assert result["difference"] == pytest.approx(0.8)
    # 9 against 1: 2 (1 + 10) / 1024
    assert result["p"] == pytest.approx(22 / 1024)
    found = result["mcnemar"]["0"]
    assert (found["only_variant"], found["only_against"]) == (9, 1)
    assert (found["p"], found["p_mid"]) == pytest.approx((22 / 1024, 12 / 1024))
    assert result["test"] == "exact sign-flip test over samples, two-sided"
    assert result["low"] < 0.8 < result["high"] <= 1


def test_seeds_are_summed_before_anything_is_tested() -> None:
    # Gains of a, b, c over both seeds: 2, 1, 0. Of the sums +-2 +-1 two in four are 3 from 0.
    result = compare(pair(["110", "100"], ["000", "000"]))
    assert result["p"] == pytest.approx(2 / 4)
    assert result["difference"] == pytest.approx(3 / 6)
    assert (result["n"], result["answers"]) == (3, 6)
    assert [found["only_variant"] for found in result["mcnemar"].values()] == [2, 1]


def test_subjects_are_flipped_whole() -> None:
    # Subjects A, B, C gain 2, 2 and 1; only all of one sign are as far from 0: 2 in 8.
    result = compare(pair(["111110"], ["000000"], "AABBCC"))
    assert (result["unit"], result["units"], result["n"]) == ("subjects", 3, 6)
    assert result["p"] == pytest.approx(2 / 8)
    assert result["notes"] == ["with 3 subjects no p below 0.25 is possible"]
    # Unknown subjects are units of their own.
    assert compare(pair(["1111"], ["0000"], "AA--"))["units"] == 3
    # Where no subject comes twice, samples are the units.
    assert compare(pair(["1111"], ["0000"], "ABC-"))["unit"] == "samples"


def test_folds_are_pooled() -> None:
    folds = {"0.0": answers("11"), "0.1": {"x": Answer("sad", True, "")}}
    others = {"0.0": answers("00"), "0.1": {"x": Answer("sad", False, "")}}
    result = compare(Pair("", "new", "old", folds, others))
    assert (result["n"], result["replicates"]) == (3, ["0.0", "0.1"])
    assert result["p"] == pytest.approx(2 / 8)
    assert result["mcnemar"]["0"]["only_variant"] == 3


def test_only_shared_samples_with_the_same_label_count() -> None:
    ours = {**answers("11"), "only": Answer("sad", True, ""), "other": Answer("sad", True, "")}
    theirs = {**answers("00"), "other": Answer("fear", False, "")}
    result = compare(Pair("", "new", "old", {"0": ours}, {"0": theirs}, without=["1"]))
    assert result["n"] == 2
    assert result["notes"][:3] == [
        "left out: answers to samples that only one of the two has (1)",
        "left out: answers to samples whose label differs (1)",
        "left out: runs without readable predictions (1)",
    ]


def test_what_cannot_be_tested_says_why_and_counts_for_nothing() -> None:
    nothing = Pair("s", "new", "old", {"0": answers("1")}, {"1": answers("1")})
    strange = Pair("t", "new", "old", {"0": answers("1")}, {"0": {"z": Answer("sad", True, "")}})
    missing = Pair("u", "new", "old", {}, {}, without=["0"])
    tested = compare_all([nothing, strange, missing, pair(["1111111"], ["0000000"])])
    assert tested["comparisons"] == 1
    assert [one.get("why") for one in tested["pairs"]] == [
        "they share no seeds",
        "they share no test samples",
        "predictions are missing",
        None,
    ]
    assert [one["p_holm"] for one in tested["pairs"][:3]] == [None] * 3
    assert tested["pairs"][3]["p_holm"] == tested["pairs"][3]["p"] == pytest.approx(2 / 128)


def test_holm_runs_over_all_settings_and_counts_shared_runs_once() -> None:
    first = pair(["1111111"], ["0000000"], setting="s")  # p = 1/64
    second = pair(["11111"], ["00000"], setting="t")  # p = 1/16
    tested = compare_all([first, second])
    assert [one["p_holm"] for one in tested["pairs"]] == pytest.approx([2 / 64, 1 / 16])
    assert [one["setting"] for one in tested["pairs"]] == ["s", "t"]
    same = [
        Pair(setting, "new", "old", first.answers, first.others, runs=(("a", "b"),))
        for setting in "st"
    ]
    tested = compare_all([*same, second])
    assert tested["comparisons"] == 2
    assert [one["p_holm"] for one in tested["pairs"]] == pytest.approx([2 / 64, 2 / 64, 1 / 16])
    assert [one["setting"] for one in tested["pairs"]] == ["s", "t", "t"]


def write(path: Path, **columns: list[str | None]) -> Path:
    pq.write_table(pa.table({k: pa.array(v, pa.string()) for k, v in columns.items()}), path)
    return path


def test_answers_are_read_from_the_test_split(tmp_path: Path) -> None:
    path = write(
        tmp_path / "p.parquet",
        id=["a", "b", "a", "c", "d", "d"],
        split=["test", "test", "validation", "test", "test", "test"],
        subject=["s", None, "s", "s", "s", "s"],
        label=["x", "y", "x", None, "x", "x"],
        predicted=["x", "x", "x", "x", "x", "x"],
    )
    assert read_answers(path) == {"a": Answer("x", True, "s"), "b": Answer("y", False, "")}
    bare = write(tmp_path / "q.parquet", id=["a"], split=["test"], label=["x"], predicted=["x"])
    assert read_answers(bare) == {"a": Answer("x", True, "")}
    with pytest.raises(ValueError, match="no samples of other"):
        read_answers(path, "other")
    lacking = write(tmp_path / "r.parquet", id=["a"], split=["test"])
    with pytest.raises(ValueError, match="lacks columns: label, predicted"):
        read_answers(lacking)
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 and nothing")
    for broken in (lacking, tmp_path / "broken.parquet", tmp_path / "absent.parquet", tmp_path):
        assert readable_answers(broken) is None
