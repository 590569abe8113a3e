"""The tables of a run folder."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest
import torch

from ferkit.contracts.data import Sample
from ferkit.running.outputs import (
    prediction_columns,
    read_metrics,
    training_columns,
    write_metrics,
    write_table,
)

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
