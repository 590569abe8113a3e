"""Photographs to RGB."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps, UnidentifiedImageError
from torch import Tensor

from ferkit.errors import FerkitError

IMAGE_SUFFIXES = frozenset(
    {".bmp", ".gif", ".jfif", ".jpe", ".jpeg", ".jpg", ".pbm", ".pgm"}
    | {".png", ".pnm", ".ppm", ".tif", ".tiff", ".webp"}
)
VIDEO_SUFFIXES = frozenset(
    {".3gp", ".avi", ".flv", ".m2ts", ".m4v", ".mkv", ".mov", ".mp4"}
    | {".mpeg", ".mpg", ".mts", ".ogv", ".ts", ".webm", ".wmv"}
)
MAX_PIXELS = 150_000_000
"""Larger photographs are refused: decoding one would take more than half a gigabyte."""


def is_video(path: str | Path) -> bool:
    """Whether the file's suffix is one of a video; case does not matter."""
    return Path(path).suffix.lower() in VIDEO_SUFFIXES


def decode_photo(path: str | Path) -> Tensor:
    """Read a photograph the way a viewer shows it.

    The orientation in its EXIF data is applied; grey, palette, CMYK and 16-bit images become
    8-bit RGB; what is transparent is laid over white; of an animation the first frame is
    taken.

    Returns: (3, H, W) uint8 RGB, in memory as rows of pixels (channels last).
    Raises: FerkitError: not an image, empty, cut off, or more than `MAX_PIXELS`.
        OSError: the file can't be opened. MemoryError: there is too little now.
    """
    with opened_photo(path) as image:
        pixels = np.array(to_rgb(ImageOps.exif_transpose(image)))
    return torch.from_numpy(pixels).permute(2, 0, 1)


def check_photo(path: str | Path) -> None:
    """Whether `decode_photo` would read a photograph; JPEG is decoded at an eighth of its size.

    Raises: as `decode_photo`.
    """
    with opened_photo(path) as image:
        image.draft(None, (1, 1))
        to_rgb(ImageOps.exif_transpose(image))


@contextmanager
def opened_photo(path: str | Path) -> Iterator[Image.Image]:
    """A photograph to decode in the block; what is wrong with it becomes a `FerkitError`.

    Raises: as `decode_photo`.
    """
    with Path(path).open("rb") as file:
        try:
            with _silent_warnings(), Image.open(file) as image:
                _refuse_huge(image, path)
                yield image
        except (FerkitError, MemoryError):  # memory may be there next time
            raise
        except UnidentifiedImageError as error:
            empty = Path(path).stat().st_size == 0
            what = "the file is empty." if empty else "not an image that can be read."
            raise FerkitError(what, where=str(path)) from error
        except Image.DecompressionBombError as error:
            raise FerkitError("the image has too many pixels.", where=str(path)) from error
        except Exception as error:  # PIL's decoders raise nearly anything on broken files
            what = str(error).rstrip(".") or type(error).__name__
            raise FerkitError(f"the image is damaged: {what}.", where=str(path)) from error


@contextmanager
def _silent_warnings() -> Iterator[None]:
    """Size is checked here; what else PIL warns of (odd EXIF, palettes) changes nothing shown."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _refuse_huge(image: Image.Image, path: str | Path) -> None:
    if image.width * image.height > MAX_PIXELS:
        raise FerkitError(
            f"the image has {image.width} x {image.height} pixels, more than"
            f" {MAX_PIXELS // 1_000_000} million.",
            where=str(path),
            hint="Scale it down.",
        )


def to_rgb(image: Image.Image) -> Image.Image:
    """Any PIL image as 8-bit RGB, transparency over white."""
    if image.mode.startswith("I") or image.mode == "F":
        return _grey_to_8_bits(image).convert("RGB")
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        layered = image.convert("RGBA")
        page = Image.new("RGBA", layered.size, (255, 255, 255, 255))
        return Image.alpha_composite(page, layered).convert("RGB")
    return image.convert("RGB")


def _grey_to_8_bits(image: Image.Image) -> Image.Image:
    """Modes I, I;16 and F: 16 bits are scaled down; values that fit into 8 bits stay."""
    values = np.asarray(image, dtype=np.float64)
    largest = float(np.nanmax(values)) if values.size else 0.0
    if image.mode == "F":
        scale = 255.0 if largest <= 1.0 else 1.0
    else:
        scale = 1.0 if image.mode == "I" and largest <= 255 else 1 / 257
    eight = np.nan_to_num(values * scale).clip(0, 255).round().astype(np.uint8)
    return Image.fromarray(eight)
