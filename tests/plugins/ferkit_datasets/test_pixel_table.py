"""Images in a table, unpacked into the cache."""

from __future__ import annotations

import shutil

import pytest
import torch
from ferkit_datasets import pixel_table
from ferkit_datasets.pixel_table import parse_pixels, unpack

from ferkit.cache import cache_folder
from ferkit.errors import FerkitError, RunError
from ferkit.faces.decode import decode_photo

SIZE = 48 * 48


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("FERKIT_CACHE", str(tmp_path / "cache"))


def table(grow, rows, name="fer2013.csv"):
    lines = [f"{code},{pixels},{usage}" for code, pixels, usage in rows]
    return grow({name: "\n".join(["emotion,pixels,Usage", *lines]) + "\n"}) / name


def grey(value: int) -> str:
    return " ".join([str(value)] * SIZE)


def test_pixels_come_out_as_they_went_in(grow) -> None:
    values = [place % 256 for place in range(SIZE)]
    rows = unpack(table(grow, [(3, " ".join(map(str, values)), "Training")]))
    [(number, line, code, usage, why, file)] = rows
    assert (number, line, code, usage, why) == (0, 2, "3", "Training", "")
    assert file.name == "fer0000000.pgm"
    expected = torch.tensor(values, dtype=torch.uint8).reshape(48, 48).expand(3, 48, 48)
    assert torch.equal(decode_photo(file), expected)


def test_what_is_wrong_with_pixels() -> None:
    assert parse_pixels(grey(255)) == bytes([255]) * SIZE
    assert parse_pixels("1 2 3") == "it has 3 pixels, not 48 x 48."
    assert "0 to 255" in parse_pixels(grey(256))
    assert "0 to 255" in parse_pixels("1 two")


def test_unpacked_once_and_told(grow, caplog) -> None:
    path = table(grow, [(0, grey(9), "Training"), (1, "", "PrivateTest")])
    first = unpack(path)
    assert [record.levelname for record in caplog.records] == ["WARNING"] * 2
    assert "its images are unpacked, once, to" in caplog.text
    caplog.clear()
    assert unpack(path) == first
    assert caplog.text == ""
    assert first[1].why == "it has 0 pixels, not 48 x 48."
    assert not first[1].file.exists()


def test_another_content_is_another_folder(grow) -> None:
    [one] = unpack(table(grow, [(0, grey(1), "Training")]))
    [two] = unpack(table(grow, [(0, grey(2), "Training")]))
    assert one.file.parent != two.file.parent
    assert one.file.is_file()


def test_a_killed_process_is_gone_on_from(grow, monkeypatch) -> None:
    monkeypatch.setattr(pixel_table, "PART", 2)
    path = table(grow, [(row, grey(row), "Training") for row in range(5)])
    write, written = pixel_table._write_image, []

    def killed_at_the_fourth(file, pixels):
        if len(written) == 3:
            raise KeyboardInterrupt
        written.append(file.name)
        write(file, pixels)

    monkeypatch.setattr(pixel_table, "_write_image", killed_at_the_fourth)
    with pytest.raises(KeyboardInterrupt):
        unpack(path)
    assert {each.name for each in cache_folder("pixels").glob("*/*")} == {
        "0000",
        "0001.writing",
        "lock",
    }
    again = []
    monkeypatch.setattr(
        pixel_table,
        "_write_image",
        lambda file, pixels: (again.append(file.name), write(file, pixels)),
    )
    rows = unpack(path)
    assert again == ["fer0000002.pgm", "fer0000003.pgm", "fer0000004.pgm"]
    assert [decode_photo(row.file)[0, 0, 0].item() for row in rows] == [0, 1, 2, 3, 4]
    assert not list(cache_folder("pixels").glob("*/*.writing"))


def test_a_folder_that_somebody_removed_comes_back(grow) -> None:
    path = table(grow, [(0, grey(7), "Training")])
    [row] = unpack(path)
    stat = row.file.stat()
    shutil.rmtree(row.file.parent)
    assert unpack(path) == [row]
    assert row.file.stat().st_mtime_ns == stat.st_mtime_ns  # so that fingerprints stay


def test_no_such_table(grow, monkeypatch, tmp_path) -> None:
    with pytest.raises(FerkitError, match="there is no column 'Usage'"):
        unpack(grow({"train.csv": "emotion,pixels\n0,1 2\n"}) / "train.csv")
    (tmp_path / "occupied").write_text("a file")
    monkeypatch.setenv("FERKIT_CACHE", str(tmp_path / "occupied"))
    with pytest.raises(RunError, match="FERKIT_CACHE moves the cache"):
        unpack(table(grow, [(0, grey(7), "Training")]))
