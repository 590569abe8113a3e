"""Photographs of every kind come out as a viewer shows them, or with a reason."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from ferkit.errors import FerkitError
from ferkit.faces import decode
from ferkit.faces.decode import check_photo, decode_photo, is_video


@pytest.fixture
def pixels() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)


def as_tensor(pixels: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(pixels).permute(2, 0, 1)


def test_rgb(tmp_path: Path, pixels: np.ndarray) -> None:
    Image.fromarray(pixels).save(tmp_path / "a.png")
    image = decode_photo(tmp_path / "a.png")
    assert image.dtype == torch.uint8
    assert torch.equal(image, as_tensor(pixels))


@pytest.mark.parametrize(
    ("orientation", "turns"), [(1, 0), (3, 2), (6, -1), (8, 1)], ids=lambda value: str(value)
)
def test_exif_rotation(tmp_path: Path, pixels: np.ndarray, orientation: int, turns: int) -> None:
    image = Image.fromarray(pixels)
    exif = image.getexif()
    exif[0x0112] = orientation
    image.save(tmp_path / "a.png", exif=exif)
    assert torch.equal(
        decode_photo(tmp_path / "a.png"), torch.rot90(as_tensor(pixels), turns, (1, 2))
    )


def test_grey_palette_and_black_and_white(tmp_path: Path, pixels: np.ndarray) -> None:
    grey = Image.fromarray(pixels[..., 0])
    grey.save(tmp_path / "grey.png")
    assert torch.equal(
        decode_photo(tmp_path / "grey.png"), as_tensor(pixels[..., :1]).expand(3, -1, -1)
    )
    grey.convert("1").save(tmp_path / "bw.png")
    assert set(decode_photo(tmp_path / "bw.png").unique().tolist()) == {0, 255}
    flat = np.zeros((8, 8, 3), np.uint8)
    flat[:4] = (200, 30, 60)
    Image.fromarray(flat).quantize(4).save(tmp_path / "palette.png")
    assert torch.equal(decode_photo(tmp_path / "palette.png"), as_tensor(flat))


def test_transparency_lies_over_white(tmp_path: Path) -> None:
    rgba = np.zeros((4, 4, 4), np.uint8)
    rgba[..., 0] = 100
    rgba[..., 3] = [255, 0, 51, 255]
    Image.fromarray(rgba).save(tmp_path / "a.png")
    image = decode_photo(tmp_path / "a.png")
    assert image[:, 0, 0].tolist() == [100, 0, 0]
    assert image[:, 0, 1].tolist() == [255, 255, 255]
    assert image[:, 0, 2].tolist() == [224, 204, 204]  # 0.2 of it, 0.8 of white


def test_cmyk(tmp_path: Path) -> None:
    Image.new("CMYK", (8, 8), (0, 255, 255, 0)).save(tmp_path / "a.jpg", quality=95)
    red = decode_photo(tmp_path / "a.jpg").float().mean((1, 2))
    assert red[0] > 240
    assert red[1:].max() < 15


def test_16_bits_are_scaled_down(tmp_path: Path) -> None:
    values = np.array([[0, 257, 257 * 100, 65535]], np.uint16)
    Image.fromarray(values).save(tmp_path / "a.png")
    assert decode_photo(tmp_path / "a.png")[0].tolist() == [[0, 1, 100, 255]]


def test_animation_gives_its_first_frame(tmp_path: Path) -> None:
    first, second = (Image.new("RGB", (6, 6), colour) for colour in ("red", "blue"))
    first.save(tmp_path / "a.gif", save_all=True, append_images=[second])
    assert decode_photo(tmp_path / "a.gif")[:, 0, 0].tolist() == [255, 0, 0]


def test_one_pixel(tmp_path: Path) -> None:
    Image.new("RGB", (1, 1), (1, 2, 3)).save(tmp_path / "a.png")
    assert decode_photo(tmp_path / "a.png").flatten().tolist() == [1, 2, 3]


def test_broken_files_have_reasons(tmp_path: Path, pixels: np.ndarray) -> None:
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "text.jpg").write_text("not an image")
    Image.fromarray(np.tile(pixels, (9, 9, 1))).save(tmp_path / "whole.jpg")
    whole = (tmp_path / "whole.jpg").read_bytes()
    (tmp_path / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    for name, reason in [
        ("empty.jpg", "the file is empty"),
        ("text.jpg", "not an image that can be read"),
        ("cut.jpg", "the image is damaged"),
    ]:
        with pytest.raises(FerkitError, match=reason) as caught:
            decode_photo(tmp_path / name)
        assert caught.value.where == str(tmp_path / name)
        with pytest.raises(FerkitError, match=reason):
            check_photo(tmp_path / name)
    for read in (decode_photo, check_photo):
        with pytest.raises(FileNotFoundError):
            read(tmp_path / "none.jpg")


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_the_light_check_sees_the_whole_file(tmp_path: Path, mode: str) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (160, 200, 3), np.uint8)
    path = tmp_path / "a.jpg"
    Image.fromarray(noise).convert(mode).save(path)
    check_photo(path)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) * 9 // 10])
    with pytest.raises(FerkitError, match="the image is damaged"):
        check_photo(path)


def test_huge_images_are_refused(
    tmp_path: Path, pixels: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.fromarray(pixels).save(tmp_path / "a.png")
    monkeypatch.setattr(decode, "MAX_PIXELS", 599)
    with pytest.raises(FerkitError, match="30 x 20 pixels"):
        decode_photo(tmp_path / "a.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)  # PIL's own limit, twice exceeded
    with pytest.raises(FerkitError, match="too many pixels"):
        decode_photo(tmp_path / "a.png")


def test_no_warning_leaves_the_function(tmp_path: Path, pixels: np.ndarray) -> None:
    Image.fromarray(pixels[..., 0]).convert("P").save(
        tmp_path / "a.png", transparency=bytes(range(256))
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert decode_photo(tmp_path / "a.png").shape == (3, 20, 30)


@pytest.mark.parametrize(
    ("name", "answer"), [("a.mp4", True), ("b/c.MOV", True), ("a.jpg", False), ("mp4", False)]
)
def test_is_video(name: str, answer: bool) -> None:
    assert is_video(name) is answer
