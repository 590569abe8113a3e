"""The tables of a run folder."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest
import torch

from ferkit.contracts.data import Sample
from ferkit.errors import FerkitError
from ferkit.running.outputs import (
    prediction_columns,
    read_histograms,
    read_metrics,
    training_columns,
    write_histograms,
    write_metrics,
    write_table,
)
from ferkit.running.progress import MessageDisplay, SilentDisplay
from ferkit.running.watch import TrainingWatch
from ferkit.training.job import Histogram

CLASSES = ("happy", "sad")
SAMPLES = [
    Sample("a", path="a.png", label=0, truth=1, subject="p1", attributes={"intensity": 0.5}),
    Sample("b", path="b.png", label=-1),
]
PROBS = torch.tensor([[0.25, 0.75], [0.9, 0.1]])


def test_metrics_have_a_blank_where_a_phase_has_no_such_number(tmp_path: Path) -> None:
    path = tmp_path / "metrics.csv"
    write_metrics(
        path,
        [
            {"phase": "initial", "epoch": 1, "train_loss": 0.5, "validation_loss": None},
            {"phase": "self_training", "epoch": 1, "train_loss": 0.4, "pool": 7},
        ],
    )
    first, second = read_metrics(path)
    assert first["validation_loss"] is None
    assert first["pool"] is None
    assert second["pool"] == "7"
    assert path.read_text().splitlines()[0].endswith("seconds,pool")


HISTOGRAMS = [
    Histogram("a, b", 0, 1, "labelled", (3, *[0] * 18, 4, 2)),
    Histogram("a, b", 0, 2, "unlabelled", (0, 9, *[0] * 19)),
]


def test_histograms_are_a_row_per_bin(tmp_path: Path) -> None:
    path = tmp_path / "weight_histograms.csv"
    write_histograms(path, HISTOGRAMS)
    lines = path.read_text().splitlines()
    assert lines[0] == "phase,round,epoch,split,lower,upper,count"
    assert len(lines) == 1 + 2 * 21
    assert lines[1] == '"a, b",0,1,labelled,0,0.05,3'
    assert lines[20] == '"a, b",0,1,labelled,0.95,1,4'
    assert lines[21] == '"a, b",0,1,labelled,1,inf,2'
    assert lines[23] == '"a, b",0,2,unlabelled,0.05,0.1,9'
    assert read_histograms(path) == HISTOGRAMS
    assert read_histograms(tmp_path / "none.csv") == []


@pytest.mark.parametrize(
    "text",
    [
        "phase,round,epoch,split,lower,upper,count\na,0,1,labelled,0,0.05,3\n",
        "phase,round,epoch,split,lower,upper,count\na,0,one,labelled,0,0.05,3\n",
        "phase,round\na,0\n",
    ],
)
def test_damaged_histograms_are_told_of(tmp_path: Path, text: str) -> None:
    path = tmp_path / "weight_histograms.csv"
    path.write_text(text)
    with pytest.raises(FerkitError, match=r"weight_histograms\.csv: is damaged.*Remove it"):
        read_histograms(path)


def test_a_watch_keeps_the_rows_of_an_interrupted_run(tmp_path: Path) -> None:
    path, beside = tmp_path / "metrics.csv", tmp_path / "weight_histograms.csv"

    def watch() -> TrainingWatch:
        return TrainingWatch(path, SilentDisplay(), lambda row: None)

    first = watch()
    for each in HISTOGRAMS:
        first.weights_counted([each])
    again = Histogram("a, b", 0, 2, "unlabelled", (1, 8, *[0] * 19))
    second = watch()
    second.weights_counted([again])
    assert read_histograms(beside) == [HISTOGRAMS[0], again]
    second.rewrite([], HISTOGRAMS[:1])
    assert read_histograms(beside) == HISTOGRAMS[:1]


def test_a_user_sees_how_far_a_pass_of_predictions_is(tmp_path: Path) -> None:
    seen: list[dict] = []
    display = MessageDisplay(seen.append, every=0.0)
    watch = TrainingWatch(tmp_path / "metrics.csv", display, lambda row: None)
    watch.phase_started("self_training", 2)
    for done, total in ((4, 6), (6, 6), (8, 9)):  # before the first step: two splits
        watch.predicting(done, total)
    watch.step_finished(1, 2, 0.5)
    watch.step_finished(2, 2, 0.5)
    watch.predicting(4, 6)
    assert seen == [
        {"begin": "predicting", "total": 6, "unit": "sample"},
        {"done": 4, "detail": ""},
        {"done": 6, "detail": ""},
        {"begin": "predicting", "total": 9, "unit": "sample"},
        {"done": 8, "detail": ""},
        {"begin": "self_training", "total": 4, "unit": "step"},
        {"done": 1, "detail": "loss 0.500"},
        {"done": 2, "detail": "loss 0.500"},
        {"done": 2, "detail": "predicting 4 of 6"},
    ]


def test_a_run_without_weightings_has_no_histograms(tmp_path: Path) -> None:
    watch = TrainingWatch(tmp_path / "metrics.csv", SilentDisplay(), lambda row: None)
    watch.rewrite([{"phase": "supervised", "epoch": 1}], [])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["metrics.csv"]


def test_predictions_name_classes_and_keep_what_is_unknown_null(tmp_path: Path) -> None:
    path = tmp_path / "predictions.parquet"
    write_table(path, [prediction_columns(SAMPLES, PROBS, classes=CLASSES, split="test")])
    rows = pq.read_table(path).to_pylist()
    assert [row["predicted"] for row in rows] == ["sad", "happy"]
    assert [row["label"] for row in rows] == ["happy", None]
    assert [row["truth"] for row in rows] == ["sad", None]
    assert rows[0]["prob_sad"] == pytest.approx(0.75)
    assert rows[0]["subject"] == "p1"


def test_splits_with_different_columns_share_a_table(tmp_path: Path) -> None:
    def part(samples: list[Sample], split: str) -> dict[str, object]:
        n = len(samples)
        return training_columns(
            samples,
            given=torch.tensor([sample.label for sample in samples]),
            targets=PROBS[:n],
            weights=torch.ones(n),
            losses=torch.zeros(n),
            probs=PROBS[:n],
            classes=CLASSES,
            split=split,
        )

    path = tmp_path / "train_samples.parquet"
    write_table(path, [part(SAMPLES[:1], "labelled"), part(SAMPLES[1:], "unlabelled")])
    rows = pq.read_table(path).to_pylist()
    assert rows[0]["intensity"] == pytest.approx(0.5)
    assert rows[1]["intensity"] is None
    assert rows[1]["given"] is None
    assert rows[0]["given"] == "happy"
