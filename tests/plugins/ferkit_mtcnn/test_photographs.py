"""The same face in a photograph however it is stored."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from ferkit_mtcnn.detector import MtcnnDetector
from ferkit_mtcnn.params import MtcnnParams
from PIL import Image, ImageOps

from ferkit.contracts.faces import Faces
from ferkit.faces.decode import decode_photo
from ferkit.plugin import Context

ORIENTATION = 0x0112


@pytest.fixture(scope="module")
def detector() -> MtcnnDetector:
    return MtcnnDetector(MtcnnParams(min_face_fraction=0.2), Context())


@pytest.fixture(scope="module")
def portrait(real_data: Path) -> Image.Image:
    with Image.open(real_data / "london" / "neutral" / "001.jpg") as image:
        return image.convert("RGB")


@pytest.fixture(scope="module")
def expected(real_data: Path, detector: MtcnnDetector) -> Faces:
    faces = detector.detect([decode_photo(real_data / "london" / "neutral" / "001.jpg")])[0]
    assert len(faces.score) == 1
    return faces


def grey(image: Image.Image) -> Image.Image:
    return image.convert("L")


def grey_with_alpha(image: Image.Image) -> Image.Image:
    return image.convert("LA")


def alpha(image: Image.Image) -> Image.Image:
    mask = Image.new("L", image.size, 255)
    mask.paste(0, (0, 0, 30, 30))
    layered = image.copy()
    layered.putalpha(mask)
    return layered


def cmyk(image: Image.Image) -> Image.Image:
    return image.convert("CMYK")


def palette(image: Image.Image) -> Image.Image:
    return image.quantize(256)


def deep(image: Image.Image) -> Image.Image:
    return Image.fromarray(np.asarray(image.convert("L")).astype(np.uint16) * 257)


@pytest.mark.parametrize(
    ("convert", "name"),
    [
        (grey, "grey.png"),
        (grey, "grey.jpg"),
        (grey_with_alpha, "grey_alpha.png"),
        (alpha, "alpha.png"),
        (cmyk, "cmyk.jpg"),
        (cmyk, "cmyk.tiff"),
        (palette, "palette.gif"),
        (deep, "deep.png"),
        (deep, "deep.tiff"),
    ],
)
def test_kinds_of_pixels(
    tmp_path: Path,
    detector: MtcnnDetector,
    portrait: Image.Image,
    expected: Faces,
    convert: object,
    name: str,
) -> None:
    assert callable(convert)
    quality = {"quality": 95} if name.endswith(".jpg") else {}
    convert(portrait).save(tmp_path / name, **quality)
    same_face(detector.detect([decode_photo(tmp_path / name)])[0], expected)


@pytest.mark.parametrize(
    ("orientation", "turn"),
    [
        (2, Image.Transpose.FLIP_LEFT_RIGHT),
        (3, Image.Transpose.ROTATE_180),
        (6, Image.Transpose.ROTATE_90),
        (8, Image.Transpose.ROTATE_270),
    ],
)
def test_orientation_in_exif(
    tmp_path: Path,
    detector: MtcnnDetector,
    portrait: Image.Image,
    expected: Faces,
    orientation: int,
    turn: Image.Transpose,
) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    path = tmp_path / "turned.jpg"
    portrait.transpose(turn).save(path, exif=exif, quality=95)
    with Image.open(path) as stored:
        assert ImageOps.exif_transpose(stored).size == portrait.size
    same_face(detector.detect([decode_photo(path)])[0], expected)


def same_face(found: Faces, expected: Faces) -> None:
    assert len(found.score) == 1
    assert float(found.score[0]) > 0.95
    side = float((expected.box_xyxy[0, 2:] - expected.box_xyxy[0, :2]).amax())
    assert (found.box_xyxy - expected.box_xyxy).abs().max() < 0.1 * side
    away = (found.landmarks - expected.landmarks).norm(dim=2).max()
    assert float(away) < 0.05 * side
    assert torch.isfinite(found.landmarks).all()
