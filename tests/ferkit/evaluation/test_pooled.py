"""The test samples of all folds together, by hand, and as main figures or beside."""

from __future__ import annotations

import csv
import io
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rich.console import Console

from ferkit.evaluation.comparisons import Answer, Pair, compare
from ferkit.evaluation.latex import matrix_latex, settings_latex
from ferkit.evaluation.matrix import summarise_matrix
from ferkit.evaluation.matrix_sentences import compact_sentence, matrix_sentences
from ferkit.evaluation.matrix_table import matrix_markdown, matrix_rows, matrix_table
from ferkit.evaluation.pooled import HeldOut, Pooled, pool, read_held_out
from ferkit.evaluation.pooled_matrix import pooled_gain, with_pooled
from ferkit.evaluation.pooled_page import pooled_parts
from ferkit.evaluation.published import with_paper
from ferkit.evaluation.report import write_matrix_report
from ferkit.evaluation.settings_csv import matrix_csv, settings_csv
from ferkit.evaluation.settings_table import compact_cells
from ferkit.evaluation.wording import UNKNOWN

CLASSES = ("happy", "sad")
ALIKE = "all {} gave the same, which does not tell how much others would differ"


def fold(
    labels: str, said: str, *, start: int = 0, subject: str = "", classes: Any = CLASSES
) -> HeldOut:
    """Samples as letters: h or s."""
    n = len(labels)
    probs = np.array([[0.9, 0.1] if one == "h" else [0.1, 0.9] for one in said])
    given = np.array(["hs".index(one) for one in labels], np.int64)
    ids = [f"{place:04d}" for place in range(start, start + n)]
    return HeldOut(ids, [subject] * n, given, probs, classes)


# Fold 0 has 3 happy (2 right) and 1 sad (wrong), fold 1 has 1 happy (right) and 3 sad (2 right).
FOLDS = {"0.0": fold("hhhs", "hhsh"), "0.1": fold("hsss", "hssh", start=4)}


def pooled(runs: dict[str, HeldOut | None], keys: list[str] | None = None, **more: Any) -> Pooled:
    return pool(runs, keys or list(runs), **{"bootstrap": 100, "bins": 10, **more})


def test_samples_of_all_folds_are_measured_together() -> None:
    about = pooled(dict(FOLDS)).about
    found = {name: one["mean"] for name, one in about["metrics"].items()}
    # Of 4 happy 3 are right, of 4 sad 2; 5 answers are happy, 3 sad. The mean of the folds' mean
    # per-class accuracies would be ((2/3 + 0) / 2 + (1 + 2/3) / 2) / 2 = 0.583.
    assert about["confusion"] == [[3, 1], [2, 2]]
    assert found["accuracy"] == pytest.approx(5 / 8)
    assert found["mean_class_accuracy"] == pytest.approx((3 / 4 + 2 / 4) / 2)
    assert found["macro_f1"] == pytest.approx((6 / 9 + 4 / 7) / 2)
    assert (about["samples"], about["folds"], about["seeds"]) == (8, 2, ["0"])
    assert about["metrics"]["macro_f1"]["no_interval"] == "fewer than 10 samples to draw from"
    assert about["metrics"]["accuracy"]["method"].startswith("95 % percentile bootstrap over samp")


def test_groups_are_drawn_whole_where_they_are_known() -> None:
    runs: dict[str, HeldOut | None] = {
        f"0.{k}": fold("hs" * 4, "hs" * 3 + ("hs" if k % 2 else "sh"), start=8 * k, subject=f"s{k}")
        for k in range(12)
    }
    about = pooled(runs).about
    assert (about["resampled"], about["units"], about["samples"]) == ("subjects", 12, 96)
    assert about["metrics"]["macro_f1"]["method"] == (
        "95 % percentile bootstrap over subjects, 100 resamples"
    )
    # Half of the subjects have 6 of 8 right, the others all.
    one = about["metrics"]["mean_class_accuracy"]
    assert 0.75 < one["low"] < 0.875 < one["high"] < 1
    none = pooled(runs, bootstrap=0).about["metrics"]
    assert none["macro_f1"]["no_interval"] == "none was asked for"


def test_several_seeds_have_a_mean_over_them() -> None:
    runs: dict[str, HeldOut | None] = {**FOLDS}
    runs |= {"1.0": fold("hhhs", "hhhs"), "1.1": fold("hsss", "hssh", start=4)}
    about = pooled(runs).about
    accuracy = about["metrics"]["accuracy"]
    # 5/8 and 7/8: deviation 0.1768, half width 12.7062 * 0.125, cut off at 0 and 1.
    assert (accuracy["n"], accuracy["mean"]) == (2, pytest.approx(0.75))
    assert accuracy["sd"] == pytest.approx(math.sqrt(2) / 8)
    assert (accuracy["low"], accuracy["high"]) == (0, 1)
    assert about["confusion"] == [[7, 1], [3, 5]]
    same = pooled({**FOLDS, **{key.replace("0.", "1.", 1): one for key, one in FOLDS.items()}})
    assert same.about["metrics"]["accuracy"]["no_interval"] == ALIKE.format("seeds")


@pytest.mark.parametrize(
    ("runs", "why"),
    [
        ({"0.0": FOLDS["0.0"]}, "1 of 2 folds are done"),
        ({**FOLDS, "0.1": None}, "the predictions of 1 of 2 folds can't be read"),
        ({**FOLDS, "0.1": FOLDS["0.0"]}, "4 samples are tested in several folds"),
        ({**FOLDS, "0.1": fold("hs", "hs", start=4, classes=("a", "b"))}, "classes differ"),
    ],
)
def test_folds_that_do_not_make_a_whole_have_no_figure(
    runs: dict[str, HeldOut | None], why: str
) -> None:
    found = pooled(runs, ["0.0", "0.1"])
    assert why in found.about["why"]
    assert not found.tested
    # A whole seed still counts, and is alone.
    both = pooled({**FOLDS, "1.0": FOLDS["0.0"]}, ["0.0", "0.1", "1.0", "1.1"])
    assert both.about["seeds"] == ["0"]


def test_predictions_are_read_from_the_files_of_runs(tmp_path: Path) -> None:
    table = {
        "id": ["b", "a", "c", "d"],
        "split": ["test", "test", "test", "validation"],
        "subject": ["x", None, "x", "x"],
        "label": ["sad", "happy", None, "sad"],
        "prob_happy": [0.2, 0.7, 0.5, 0.1],
        "prob_sad": [0.8, 0.3, 0.5, 0.9],
    }
    file = tmp_path / "predictions.parquet"
    pq.write_table(pa.table(table), file)
    found = read_held_out(file)
    assert found is not None
    assert (found.ids, found.subjects, found.classes) == (["a", "b"], ["", "x"], CLASSES)
    assert found.labels.tolist() == [0, 1]
    assert found.probs[:, 0] == pytest.approx([0.7, 0.2])
    assert read_held_out(tmp_path / "none.parquet") is None


def leave_one_out(wrong: int) -> dict[str, HeldOut | None]:
    """Twelve subjects of six samples; of every second one so many are wrong."""
    runs: dict[str, HeldOut | None] = {}
    for k in range(12):
        labels = "hhhsss" if k % 3 else "hhhhhh"  # some subjects lack a class
        swapped = "".join("s" if one == "h" else "h" for one in labels[:wrong])
        said = swapped + labels[wrong:] if k % 2 else labels
        runs[f"0.{k}"] = fold(labels, said, start=6 * k, subject=f"s{k}")
    return runs


def results_of(held_out: HeldOut) -> dict[str, Any]:
    right = float((held_out.probs.argmax(axis=1) == held_out.labels).mean())
    names = ("accuracy", "mean_class_accuracy", "macro_f1", "calibration_error")
    return {"test": {name: {"value": right} for name in names}}


def summary_of(
    *, main: bool, metric: str = "accuracy", drop: int = 0, of_folds: int | None = None
) -> dict[str, Any]:
    runs = {"plain": leave_one_out(2), "better_": leave_one_out(1)}
    keys = list(runs["plain"])
    for key in keys[:drop]:
        del runs["better_"][key]
    summary = summarise_matrix(
        {
            name: {key: results_of(one) for key, one in each.items() if one is not None}
            for name, each in runs.items()
        },
        baseline="plain",
        metric=metric,
    )
    pools = {name: pooled(each, keys, of_folds=of_folds) for name, each in runs.items()}
    return with_pooled(summary, pools, main=main)


def test_beside_the_mean_over_folds_it_changes_nothing_else() -> None:
    made = summary_of(main=False)
    plain = made["variants"]["plain"]
    assert made["pooled"] == {"asked": False, "main": False}
    assert (plain["method"], plain["n"]) == (
        "95 % t-interval over folds, corrected for shared training data",
        12,
    )
    assert plain["pooled"]["metrics"]["accuracy"]["mean"] == pytest.approx(60 / 72)
    assert made["variants"]["better_"]["gain"]["folds"] == 12
    assert "over_folds" not in plain


def test_of_leave_one_subject_out_it_is_the_main_figure() -> None:
    made = summary_of(main=True)
    better, about = made["variants"]["better_"], made["variants"]["better_"]["pooled"]
    assert made["pooled"]["main"]
    for key in ("mean", "low", "high", "method"):
        assert better[key] == about["metrics"]["accuracy"][key]
    assert better["means"]["macro_f1"] == about["metrics"]["macro_f1"]["mean"]
    assert better["over_folds"]["accuracy"]["folds"] == 12
    assert better["over_folds"]["accuracy"]["sd"] > 0
    assert (better["n"], better["sd"], len(better["values"])) == (12, None, 12)


def test_the_gain_is_the_difference_that_is_tested() -> None:
    ours, theirs = leave_one_out(1), leave_one_out(2)
    gain = pooled_gain(pooled(ours), pooled(theirs), "accuracy")

    def answers(runs: dict[str, HeldOut | None]) -> dict[str, dict[str, Answer]]:
        return {
            key: {
                name: Answer(CLASSES[label], bool(said == label), subject)
                for name, subject, label, said in zip(
                    one.ids, one.subjects, one.labels, one.probs.argmax(axis=1), strict=True
                )
            }
            for key, one in runs.items()
            if one is not None
        }

    test = compare(Pair("", "a", "b", answers(ours), answers(theirs)))
    assert gain is not None
    assert gain["mean"] == pytest.approx(test["difference"]) == pytest.approx(6 / 72)
    assert (gain["low"], gain["high"]) == (test["low"], test["high"])
    assert gain["method"] == "paired 95 % percentile bootstrap over subjects, 2000 resamples"


def test_the_interval_of_a_gain_in_macro_f1_is_a_paired_bootstrap() -> None:
    gain = pooled_gain(pooled(leave_one_out(1)), pooled(leave_one_out(2)), "macro_f1")
    assert gain is not None

    def f1(labels: list[int], said: list[int]) -> float:
        found = []
        for k in (0, 1):
            both = sum(a == b == k for a, b in zip(labels, said, strict=True))
            found.append(2 * both / (labels.count(k) + said.count(k)))
        return sum(found) / 2

    generator = np.random.default_rng(3)
    sides = [leave_one_out(1), leave_one_out(2)]
    drawn = []
    for _ in range(600):  # subjects are folds here
        keys = [f"0.{k}" for k in generator.integers(12, size=12)]
        values = []
        for side in sides:
            folds = [one for key in keys if (one := side[key]) is not None]
            labels = [int(label) for one in folds for label in one.labels]
            said = [int(k) for one in folds for k in one.probs.argmax(axis=1)]
            values.append(f1(labels, said))
        drawn.append(values[0] - values[1])
    ends = np.quantile(drawn, [0.025, 0.975])
    assert (gain["low"], gain["high"]) == pytest.approx(tuple(ends), abs=0.012)


@pytest.mark.parametrize(
    ("ours", "theirs", "why"),
    [
        (leave_one_out(1), leave_one_out(1), "resampling does not change it"),
        (FOLDS, {**FOLDS, "0.1": fold("hsss", "hsss", start=5)}, "their test samples differ"),
        (FOLDS, {**FOLDS, "0.1": fold("hsss", "hsss", start=4)}, "fewer than 10 samples to draw"),
    ],
)
def test_a_gain_without_an_interval_says_why(ours: Any, theirs: Any, why: str) -> None:
    gain = pooled_gain(pooled(dict(ours)), pooled(dict(theirs)), "mean_class_accuracy")
    assert gain is not None
    assert (gain["low"], gain["high"]) == (None, None)
    assert gain["no_interval"].startswith(why)


def test_without_every_fold_the_means_stand_and_it_is_said() -> None:
    made = summary_of(main=True, drop=2)
    assert made["pooled"] == {"asked": True, "main": False}
    assert made["variants"]["plain"]["method"].startswith("95 % t-interval over folds")
    for text in (
        matrix_markdown(made),
        " ".join(matrix_sentences(made)),
        compact_sentence({"": made}),
    ):
        assert "No pooled figure of better_: 10 of 12 folds are done." in text.replace("\\_", "_")
        assert "until every variant has it, means over the folds that are done stand here." in text


def printed(table: Any) -> str:
    file = io.StringIO()
    Console(width=80, file=file, legacy_windows=False).print(table)
    return " ".join(file.getvalue().split())


def test_tables_have_it_beside_the_mean_over_folds() -> None:
    made = with_paper(
        summary_of(main=False, of_folds=20),
        {"source": "P", "metric": "accuracy", "comparable": True, "note": ""},
        figures={"plain": 0.8},
        models={},
    )
    columns, rows = matrix_rows(made)
    cells = dict(zip(columns, rows[0], strict=True))
    assert cells["accuracy"] == "83.3 %"
    assert cells["pooled: accuracy"].startswith("83.3 % [")
    # 36 + 12 happy of which 12 are wrong, 24 sad of which none is: (36/48 + 1) / 2.
    assert cells["pooled: mean per-class accuracy"].startswith("87.5 % [")
    said = "Pooled: of the test samples of 12 of 20 folds together, each predicted by the run that"
    assert said in matrix_markdown(made)
    assert said in printed(matrix_table(made))
    assert "pooled 87.5" in printed(matrix_table(made))
    assert compact_cells({"s": made})["s"]["plain"].pooled.startswith("pooled 83.3 [")
    assert "pooled: mean per-class accuracy" in matrix_latex(made)
    assert r"{\footnotesize pooled 83.3 {[}" in settings_latex({"s": made})
    row = next(csv.DictReader(io.StringIO(matrix_csv(made))))
    assert row["main"] == "mean over folds"
    assert row["pooled_mean_class_accuracy"] == "0.875000"
    assert float(row["pooled_low_of_macro_f1"]) < float(row["pooled_macro_f1"])
    assert row["folds_mean_of_accuracy"] == row["mean"]
    assert (row["pooled_seeds"], row["pooled_samples"]) == ("1", "72")


def test_tables_have_it_as_the_main_figure() -> None:
    made = summary_of(main=True, metric="mean_class_accuracy")
    columns, rows = matrix_rows(made)
    cells = dict(zip(columns, rows[0], strict=True))
    assert (cells["mean per-class accuracy"], cells["sd, points"]) == ("87.5 %", UNKNOWN)
    assert cells["accuracy"].startswith("83.3 % [")
    assert cells["mean over folds: mean per-class accuracy"].startswith("83.3 ± ")
    assert "Figures are of the test samples of all 12 folds together" in matrix_markdown(made)
    words = printed(matrix_table(made))
    assert "Of the test samples of all 12 folds together, below each the 95 % bootstrap" in words
    assert "paired by sample" in words
    sentence = compact_sentence({"s": made})
    assert "on test in percent, of the test samples of all 12 folds together, each" in sentence
    assert compact_cells({"s": made})["s"]["plain"].mean == "87.5"
    assert "87.5" in settings_latex({"s": made})
    row = next(csv.DictReader(io.StringIO(settings_csv({"s": made}))))
    assert (row["main"], row["mean"], row["pooled_mean_class_accuracy"]) == (
        "pooled",
        "0.875000",
        "0.875000",
    )
    assert row["folds_mean_of_mean_class_accuracy"] == "0.833333"


def test_the_page_has_figures_and_confusion_matrices(tmp_path: Path) -> None:
    made = {"s": summary_of(main=True), "t": summary_of(main=False, drop=1)}

    def page(state: dict[str, Any]) -> str:
        (tmp_path / "matrix.json").write_text(json.dumps({"name": "m", **state}))
        return write_matrix_report(tmp_path).read_text(encoding="utf-8")

    text = page({"settings": made})
    assert "<h2>All folds together</h2>" in text
    assert "plain: confusion matrix of all folds together, share of the row and count." in text
    assert "11 of 12 folds are done" in text
    assert "in s, each predicted by the run" in text
    many = pooled_parts({"settings": {str(place): made["s"] for place in range(7)}})
    assert many is not None
    (first, _) = many["parts"][0]["confusions"]
    assert (first["picture"], first["table"].columns) == (None, ["given \\ predicted", *CLASSES])
    assert first["table"].rows[0] == ["happy", "75 %\n36", "25 %\n12"]
    alone = page({"summary": made["s"]})
    assert "The figure of leave one subject out is that of the test samples" in alone
    without = summarise_matrix({"a": {0: results_of(fold("hs", "hs"))}}, baseline=None,
                               metric="accuracy")  # fmt: skip
    assert "All folds together" not in page({"summary": without})
