"""One short run of each protocol on rendered faces: what it divides, and what it says of itself."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow.parquet as pq
import pytest
import yaml

from ferkit.cli import main

TRAIN = {
    "use": "rendered",
    "domain": "lab",
    "count": 56,
    "seed": 1,
    "frame_size": 64,
    "identities": 8,
}
BASE: dict[str, Any] = {
    "faces": {"cropper": {"use": "face", "size": 32}},
    "model": {"backbone": {"use": "small_cnn", "width": 4}},
    "training": {"batch_size": 16, "threads": 1},
    "loop": {"use": "supervised", "epochs": 1},
    "evaluation": {"bootstrap": 0, "figures": False},
}


class Done(NamedTuple):
    run: dict[str, Any]
    results: dict[str, Any]
    page: str
    tested: set[str]

    def sizes(self) -> dict[str, int]:
        return {name: split["n"] for name, split in self.run["data"]["splits"].items()}

    def declared(self) -> list[str]:
        return [one["name"] for one in self.run["data"]["protocol"] if one["declared"]]


Perform = Callable[..., Done]


@pytest.fixture
def perform(tmp_path: Path) -> Perform:
    """Runs a recipe with this section `data`."""
    count = iter(range(100))

    def go(*arguments: str, **data: Any) -> Done:
        recipe, out = tmp_path / "recipe.yaml", tmp_path / f"out{next(count)}"
        recipe.write_text(yaml.safe_dump({**BASE, "data": {"train": TRAIN, **data}}))
        said = ["run", str(recipe), "--out", str(out), "--progress", "none", *arguments]
        assert main(said) == 0
        rows = pq.read_table(out / "predictions.parquet").to_pylist()
        return Done(
            json.loads((out / "run.json").read_text()),
            json.loads((out / "results.json").read_text()),
            (out / "report.html").read_text(),
            {row["id"] for row in rows if row["split"] == "test"},
        )

    return go


def test_folds(perform: Perform) -> None:
    split = {"folds": 2, "validation": 0.2, "near_duplicates": None}
    both = [perform(split={**split, "fold": fold}) for fold in range(2)]
    assert len(both[0].tested | both[1].tested) == 56
    assert not both[0].tested & both[1].tested
    assert both[0].declared() == ["k-fold"]
    assert [one.run["data"]["folds"] for one in both] == [2, 2]
    assert "Protocol: Cross-validation: fold 0 of 2" in both[0].page


def test_leave_one_subject_out(perform: Perform) -> None:
    split = {"folds": "subject", "fold": 2, "validation": 0.2, "near_duplicates": None}
    done = perform(split=split)
    assert done.declared() == ["leave-one-subject-out"]
    assert "Protocol: Leave one subject out: fold 2 of 8" in done.page
    assert 0 < done.sizes()["test"] < 20


def test_selected_on_the_reported_split(perform: Perform) -> None:
    done = perform(selection="reported")
    assert done.declared() == ["selected-on-test"]
    assert done.run["data"]["folds"] is None
    assert "Protocol: Selected and reported on the same split" in done.page
    assert done.results["validation"] == done.results["test"]
    assert done.sizes()["validation"] == done.sizes()["test"] > 0


def test_wrong_labels_and_few_of_them(perform: Perform) -> None:
    done = perform(labels_per_class=4, noise={"rate": 0.25, "seed": 1})
    assert done.declared() == ["label-noise"]
    n = done.sizes()["labelled"]
    assert done.sizes()["unlabelled"] > 0
    noise = done.results["label_noise"]
    assert (noise["n"], noise["wrong"]) == (n, int(0.25 * n + 0.5))
    kinds = {problem["kind"] for problem in done.run["data"]["problems"]}
    assert {"injected label noise", "wrong validation labels"} <= kinds
    assert "25 % of the training and validation labels were replaced" in done.page


def test_another_data_set_and_transductive(perform: Perform) -> None:
    other = {**TRAIN, "domain": "easy", "start": 500, "count": 28}
    done = perform(test=other, transductive=True)
    assert set(done.declared()) == {"own-test-set", "transductive"}
    assert "differs from data.train in domain" in done.page
    assert "28 of 28 test samples are trained on as well" in done.page


def test_validation_reported(perform: Perform, tmp_path: Path, write_photos: Path) -> None:
    rows = ["path,label,split"]
    for name in ("happy", "sad"):
        for i in range(8):
            split = "train" if i < 5 else "validation"
            rows.append(f"{name}/{i}.png,{name},{split}")
    table = write_photos / "labels.csv"
    table.write_text("\n".join(rows))
    train = {"use": "table", "path": str(table)}
    for selection, sizes in (("inner", (8, 2)), ("reported", (10, 6))):
        done = perform(
            "--set",
            "faces.detector=null",
            train=train,
            reported="validation",
            selection=selection,
            split={"validation": 0.2},
        )
        assert done.sizes()["test"] == 6
        assert (done.sizes()["labelled"], done.sizes()["validation"]) == sizes
        assert "reported-validation" in done.declared()
        assert ("selected-on-test" in done.declared()) == (selection == "reported")


def test_a_trial_of_a_protocol_is_short(perform: Perform) -> None:
    done = perform(
        "--smoke",
        split={"folds": "subject", "fold": 70},
        train={**TRAIN, "identities": 99, "count": 300},
    )
    assert done.declared() == ["leave-one-subject-out"]
