"""Letters for pictures: names of files in most scripts, and none that can't be drawn."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import matplotlib
from PIL import ImageFont

Font = ImageFont.ImageFont | ImageFont.FreeTypeFont

UNDRAWN = ("Cc", "Cs", "Zl", "Zp")
"""Unicode categories without a shape: control, half of a pair (bytes that are no text), breaks."""


def letters(size: int) -> Font:
    """A font with accents and many scripts; characters that it lacks are drawn as a box.

    Args:
        size: of the letters, pixels.
    """
    # Pillow's own font has hardly more than ASCII. matplotlib brings this one.
    file = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"
    try:
        return ImageFont.truetype(str(file), size)
    except OSError:  # some distributions take fonts out of packages
        return ImageFont.load_default(size)


def drawable(text: str) -> str:
    """The text on one line, with a replacement character for each that has no shape.

    Letters and their accents are joined, as not every system that writes them apart can draw them
    so.
    """
    joined = unicodedata.normalize("NFC", text)
    return "".join("\ufffd" if unicodedata.category(one) in UNDRAWN else one for one in joined)


def fitting(text: str, width: float, font: Font) -> str:
    """The text, or so much of its end as fits, after three dots."""
    if font.getlength(text) <= width:
        return text
    while text and font.getlength("..." + text) > width:
        text = text[1:]
    return "..." + text
