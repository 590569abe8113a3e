"""A run whose test split has a picture of which nothing can be cropped."""

from __future__ import annotations

from pathlib import Path

from ferkit.cli import main
from ferkit.running.folder import read_json

RECIPE = """\
data:
  train: {use: table, path: rows.csv}
  split: {validation: 0}
faces: {detector: null, cropper: {use: face, size: 32}}
model: {backbone: {use: small_cnn, width: 4}}
training: {batch_size: 4, threads: 1}
loop: {use: supervised, epochs: 1, keep: last}
evaluation: {bootstrap: 0}
"""


def test_it_is_counted_both_ways(write_photos: Path) -> None:
    lines = ["path,label,split"]
    for name in ("happy", "sad"):
        for number in range(8):
            lines.append(f"{name}/{number}.png,{name},{'test' if number > 4 else 'train'}")
    (write_photos / "rows.csv").write_text("\n".join(lines))
    (write_photos / "sad" / "7.png").write_bytes(b"no picture")
    (write_photos / "recipe.yaml").write_text(RECIPE)
    out = write_photos.parent / "out"
    assert (
        main(["run", str(write_photos / "recipe.yaml"), "--out", str(out), "--progress=none"]) == 0
    )
    results = read_json(out / "results.json")
    entry = results["unseen"]["test"]
    assert results["test"]["n"] == 5
    assert (entry["n"], entry["of"], entry["classes"]) == (1, 6, {"happy": 0, "sad": 1})
    assert entry["kinds"] == {"unreadable image": 1}
    right = round(results["test"]["accuracy"]["value"] * 5)
    assert entry["accuracy"]["value"] == round(right / 6, 6)
    page = (out / "report.html").read_text()
    assert "Of 1 of the 6 test samples nothing could be cropped (unreadable image: 1)" in page


def test_of_a_fold_too(write_photos: Path) -> None:
    lines = [f"{name}/{number}.png,{name}" for name in ("happy", "sad") for number in range(8)]
    (write_photos / "rows.csv").write_text("\n".join(["path,label", *lines]))
    lost = {"happy/1.png", "happy/6.png", "sad/0.png", "sad/2.png"}
    for name in lost:
        (write_photos / name).write_bytes(name.encode())
    split = "{validation: 0, folds: 2, fold: FOLD}"
    counted = 0
    for fold in "01":
        recipe = write_photos / f"recipe{fold}.yaml"
        recipe.write_text(RECIPE.replace("{validation: 0}", split.replace("FOLD", fold)))
        out = write_photos.parent / f"out{fold}"
        assert main(["run", str(recipe), "--out", str(out), "--progress=none"]) == 0
        results = read_json(out / "results.json")
        entry = results["unseen"]["test"]
        assert results["test"]["n"] + entry["n"] == entry["of"] == 8
        counted += entry["n"]
    assert counted == len(lost)
