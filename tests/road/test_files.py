"""The whole road on files: a table of photographs, a folder per class, a table of videos."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from torch import Tensor

from ferkit.cli import main
from ferkit.running.folder import read_json

Draw = Callable[..., Any]

RECIPE = """\
data:
  train: {data}
faces:
  sampling: {{mode: even, value: 3}}
  cropper: {{use: face, size: 32}}
model:
  backbone: {{use: small_cnn, width: 4}}
training: {{batch_size: 8, threads: 1}}
loop: {{use: supervised, epochs: 1}}
evaluation: {{bootstrap: 20}}
"""


def run(tmp_path: Path, data: str, *more: str) -> Path:
    recipe, out = tmp_path / "mine.yaml", tmp_path / "out"
    recipe.write_text(RECIPE.format(data=data))
    assert main(["run", str(recipe), "--out", str(out), "--progress", "none", *more]) == 0
    return out


def kinds(out: Path) -> dict[str, int]:
    problems = read_json(out / "run.json")["data"]["problems"]
    return {problem["kind"]: problem["count"] for problem in problems}


def labels_by_id(out: Path) -> dict[str, str]:
    tables = [("predictions.parquet", "label"), ("train_samples.parquet", "given")]
    return {
        Path(row["path"]).name: row[column]
        for name, column in tables
        for row in pq.read_table(out / name).to_pylist()
    }


def write_table(path: Path, rows: list[dict[str, str]]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, ["path", "label", "subject"])
        writer.writeheader()
        writer.writerows(rows)


def test_table_of_videos_with_broken_ones(
    draw: Draw, tmp_path: Path, write_video: Callable[[Path, Tensor], None]
) -> None:
    rows, truth = [], {}
    for number, (sample, name, clip) in enumerate(draw(10, clip_length=6)):
        path = tmp_path / f"clip{number:02d}.mp4"
        write_video(path, clip if number != 3 else clip * 0)  # one shows nobody
        if number == 5:
            path.write_bytes(b"not a video")
        rows.append({"path": path.name, "label": name, "subject": sample.subject})
        truth[path.name] = name
    write_table(tmp_path / "labels.csv", rows)
    out = run(tmp_path, "{use: table, path: labels.csv}")
    found = labels_by_id(out)
    assert len(found) == len(rows) - 2
    assert not {"clip03.mp4", "clip05.mp4"} & set(found)
    assert found == {name: truth[name] for name in found}, "labels stay with their clips"
    assert sum(kinds(out).get(kind, 0) for kind in ("no face", "unreadable video")) == 2
    sizes = read_json(out / "run.json")["data"]["splits"]
    assert sum(split["n"] for split in sizes.values()) == len(rows) - 2
    subjects = {
        split: {row["subject"] for row in pq.read_table(out / "predictions.parquet").to_pylist()
                if row["split"] == split}
        for split in ("test", "validation")
    }  # fmt: skip
    assert not subjects["test"] & subjects["validation"]


def test_folder_per_class_with_photographs_and_strangers(
    draw: Draw, tmp_path: Path, write_photograph: Callable[[Path, Tensor], None]
) -> None:
    truth = {}
    for number, (_, name, clip) in enumerate(draw(12)):
        folder = tmp_path / "photos" / name
        folder.mkdir(parents=True, exist_ok=True)
        write_photograph(folder / f"{number:02d}.jpg", clip[0])
        truth[f"{number:02d}.jpg"] = name
    (tmp_path / "photos" / "happy" / "notes.txt").write_text("ask Ada for the rest")
    (tmp_path / "photos" / "happy" / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 cut off")
    out = run(tmp_path, "{use: folder, path: photos}")
    assert labels_by_id(out) == truth
    assert read_json(out / "run.json")["classes"] == ["happy", "neutral"]
    assert kinds(out)["unreadable image"] == 1
    # Nothing is prepared twice: the store has it all.
    again = tmp_path / "again"
    assert main(["run", str(out / "recipe.yaml"), "--out", str(again), "--progress", "none"]) == 0
    assert (again / "results.json").read_bytes() == (out / "results.json").read_bytes()


def test_real_photographs_by_subject(real_data: Path, tmp_path: Path) -> None:
    table = real_data / "london" / "labels.csv"
    out = run(tmp_path, f"{{use: table, path: {table}}}", "--smoke")
    about = read_json(out / "run.json")
    assert about["classes"] == ["happy", "neutral"]
    sizes = {name: split["n"] for name, split in about["data"]["splits"].items()}
    assert sum(sizes.values()) == 96, "a smoke run takes 96 samples, and every face is found"
    rows = pq.read_table(out / "predictions.parquet").to_pylist()
    test = {row["subject"] for row in rows if row["split"] == "test"}
    assert test
    assert not test & {row["subject"] for row in rows if row["split"] == "validation"}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("{use: table, path: lables.csv}", "lables.csv"),
        ("{use: folder, path: empty}", "empty"),
    ],
)
def test_what_is_not_there_is_said(
    data: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    recipe = tmp_path / "mine.yaml"
    recipe.write_text(RECIPE.format(data=data))
    status = main(["run", str(recipe), "--out", str(tmp_path / "out"), "--progress", "none"])
    assert status == 2
    assert message in capsys.readouterr().err
