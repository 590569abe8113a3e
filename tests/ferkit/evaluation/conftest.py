"""A run folder with every file, as the runner would leave it, but of invented numbers."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from ferkit.evaluation.metrics import evaluate
from ferkit.evaluation.writing import write_results

SEVEN = ("anger", "disgust", "fear", "happy", "neutral", "sad", "surprise")

MakeRun = Callable[..., Path]


@pytest.fixture
def make_run(tmp_path: Path) -> MakeRun:
    """Writes a run folder and returns it."""

    def make(
        name: str = "run",
        *,
        classes: tuple[str, ...] = SEVEN,
        tests: int = 120,
        validations: int = 30,
        training: int = 80,
        seed: int = 0,
    ) -> Path:
        folder = tmp_path / name
        folder.mkdir()
        generator = np.random.default_rng(seed)
        sizes = {"test": tests, "validation": validations}
        parts = {split: _predictions(split, n, classes, generator) for split, n in sizes.items()}
        write_results(
            folder / "results.json",
            {
                split: evaluate(
                    _probs(part, classes),
                    np.array([classes.index(label) for label in part["label"]]),
                    classes=classes,
                    bootstrap=100,
                    bins=10,
                    seed=0,
                )
                for split, part in parts.items()
                if part["id"]
            },
        )
        _write_parquet(folder / "predictions.parquet", list(parts.values()))
        _write_parquet(
            folder / "train_samples.parquet",
            [
                _training("labelled", training, classes, generator),
                _training("unlabelled", 2 * training, classes, generator),
            ],
        )
        _write_metrics(folder / "metrics.csv")
        (folder / "recipe.yaml").write_text(yaml.safe_dump(_recipe(), sort_keys=False))
        run = _run(name, classes, {**sizes, "labelled": training})
        (folder / "run.json").write_text(json.dumps(run, ensure_ascii=False), encoding="utf-8")
        return folder

    return make


def _probs(part: dict[str, Any], classes: tuple[str, ...]) -> np.ndarray[Any, Any]:
    return np.stack([part[f"prob_{name}"] for name in classes], axis=1)


def _random_probs(
    n: int, k: int, truth: np.ndarray[Any, Any], generator: np.random.Generator
) -> np.ndarray[Any, Any]:
    logits = generator.normal(size=(n, k))
    logits[np.arange(n), truth] += 1.8
    odds = np.exp(logits)
    return np.asarray(odds / odds.sum(axis=1, keepdims=True), dtype=np.float32)


def _predictions(
    split: str, n: int, classes: tuple[str, ...], generator: np.random.Generator
) -> dict[str, Any]:
    truth = generator.integers(len(classes), size=n)
    probs = _random_probs(n, len(classes), truth, generator)
    names = [classes[row] for row in truth]
    return {
        "id": [f"{split}/{row:05d}.png" for row in range(n)],
        "path": ["" for _ in range(n)],
        "split": [split] * n,
        "subject": [f"s{row}" for row in range(n)],
        "label": names,
        "truth": names,
        "predicted": [classes[row] for row in probs.argmax(axis=1)],
        **{f"prob_{name}": probs[:, k] for k, name in enumerate(classes)},
    }


def _training(
    split: str, n: int, classes: tuple[str, ...], generator: np.random.Generator
) -> dict[str, Any]:
    truth = generator.integers(len(classes), size=n)
    wrong = generator.random(n) < 0.2
    given = np.where(wrong, (truth + 1) % len(classes), truth)
    probs = _random_probs(n, len(classes), truth, generator)
    weight = np.clip(generator.normal(np.where(wrong, 0.4, 0.95), 0.2), 0, 1)
    labelled = split == "labelled"
    return {
        "id": [f"{split}/{row:05d}.png" for row in range(n)],
        "path": [""] * n,
        "split": [split] * n,
        "given": [classes[row] if labelled else None for row in given],
        "truth": [classes[row] for row in truth],
        "weight": weight.astype(np.float32) if labelled else np.ones(n, np.float32),
        "loss": (1.2 - weight + 0.2 * generator.random(n)).astype(np.float32),
        **{f"target_{name}": probs[:, k] for k, name in enumerate(classes)},
        **{f"prob_{name}": probs[:, k] for k, name in enumerate(classes)},
        "intensity": generator.random(n).astype(np.float32),
    }


def _write_parquet(path: Path, parts: list[dict[str, Any]]) -> None:
    texts = {"id", "path", "split", "subject", "label", "truth", "predicted", "given"}
    tables = [
        pa.table(
            {
                name: pa.array(values, pa.string()) if name in texts else values
                for name, values in part.items()
            }
        )
        for part in parts
    ]
    pq.write_table(pa.concat_tables(tables), path)


def _write_metrics(path: Path) -> None:
    columns = ["phase", "round", "epoch", "step", "train_loss", "validation_loss"]
    columns += ["validation_accuracy", "lr", "seconds", "pool"]
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, columns, restval="")
        writer.writeheader()
        for phase, epochs in (("first", 12), ("self_training", 8)):
            for epoch in range(epochs):
                row: dict[str, Any] = {"phase": phase, "round": 0, "epoch": epoch, "lr": 1e-4}
                row |= {"step": 10 * epoch, "train_loss": 2 * 0.9**epoch, "seconds": 1.5}
                # A run that lost its validation loss for an epoch, and one that never had it.
                row["validation_loss"] = "nan" if epoch == 3 else 2 * 0.93**epoch + 0.1
                row["validation_accuracy"] = 0.8 - 0.5 * 0.9**epoch
                if phase == "self_training":
                    row["pool"] = 100 + epoch
                writer.writerow(row)


def _recipe() -> dict[str, Any]:
    return {
        "schema_version": 1,
        "name": "faces",
        "seed": 0,
        "data": {
            "train": {"use": "rendered", "count": 400, "domain": "easy", "label_noise": 0.2},
            "unlabelled": {"use": "rendered", "count": 1000, "domain": "wild"},
            "test": None,
            "labels": 80,
            "transductive": False,
        },
        "model": {
            "backbone": {"use": "small_cnn", "width": 32},
            "aggregation": {"space": {"use": "mean"}, "frames": {"use": "mean"}},
        },
        "training": {"batch_size": 32, "optimiser": {"name": "adam", "lr": 1e-4}},
        "loop": {"use": "self_training", "tau": 0.9, "fraction": 0.02},
        "labelled": {
            "label_updates": [{"use": "successive_smoothing", "alpha": 0.7}],
            "weightings": [{"use": "loss_trend", "c": 0.3, "sigma": 2.0}],
        },
        "unlabelled": {"label_updates": [], "weightings": []},
        "init": None,
    }


def _run(name: str, classes: tuple[str, ...], sizes: dict[str, int]) -> dict[str, Any]:
    splits: dict[str, Any] = {
        split: {"n": n, "classes": {one: n // len(classes) for one in classes}}
        for split, n in sizes.items()
    }
    splits["unlabelled"] = {"n": 160, "classes": {}}
    return {
        "schema_version": 1,
        "name": name,
        "status": "done",
        "started": "2026-01-02T03:04:05+00:00",
        "finished": "2026-01-02T03:05:15+00:00",
        "seconds": 70.2,
        "ferkit": "0.1.0",
        "versions": {"python": "3.11.9", "torch": "2.5.0"},
        "plugins": {"basics": "0.1.0", "selftraining": "0.1.0"},
        "seed": 0,
        "device": "cpu",
        "device_name": "cpu (x86_64, Linux)",
        "threads": 1,
        "classes": list(classes),
        "data": {
            "splits": splits,
            "fingerprints": {"train": "9f2c" * 8},
            "problems": [
                {
                    "kind": "missing file",
                    "count": 2,
                    "dropped": 2,
                    "examples": [f"faces.csv:{line}: there is no such file." for line in (7, 9)],
                },
                {
                    "kind": "duplicates across splits",
                    "count": 1,
                    "dropped": 0,
                    "examples": ["train, test: 2 near-duplicates lie in both."],
                },
            ],
        },
        "notes": ["The backbone was trained from scratch."],
    }
