"""`ferkit prepare --detector yunet`: the whole road from files to a store."""

from __future__ import annotations

import csv
from pathlib import Path

from click.testing import CliRunner
from PIL import Image

from ferkit.commands.prepare import prepare


def test_photographs_to_a_store(real_data: Path, network: object, tmp_path: Path) -> None:
    folder = tmp_path / "faces"
    folder.mkdir()
    for name in ("london/neutral/001.jpg", "poses/lisa3.jpg", "photos/free-mountain-vector-01.jpg"):
        with Image.open(real_data / name) as image:
            image.save(folder / Path(name).with_suffix(".png").name)
    arguments = [folder, "--detector", "yunet", "--size", "32", "--device", "cpu"]
    arguments += ["--out", tmp_path / "store", "--failures", tmp_path / "failures.csv"]
    result = CliRunner().invoke(prepare, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.output
    with (tmp_path / "failures.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert Path(row["file"]).name == "free-mountain-vector-01.png"
    assert row["reason"] == "no face was found."
    (about,) = (tmp_path / "store").glob("*/store.json")
    assert '"yunet"' in about.read_text()
