"""Names of files in the contact sheet: any letters, and none that stops it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import ImageFont

from ferkit.faces.contact_sheet import caption, draw_sheet
from ferkit.faces.lettering import drawable, fitting, letters
from ferkit.faces.parts import FrameRow
from ferkit.faces.store import Store
from ferkit.faces.survey import survey

NOTHING_LIKE_IT = "\U000f0000"
"""For private use: no font has it."""


def shape(text: str) -> bytes:
    mask = letters(16).getmask(drawable(text))
    return bytes(mask) + bytes(str(mask.size), "ascii")


@pytest.mark.parametrize("letter", "éèêçôûüöäßñœåøżščğıαΩжЯאب")
def test_letters_of_many_scripts_have_their_own_shape(letter: str) -> None:
    assert shape(letter) not in (shape(NOTHING_LIKE_IT), shape(""), shape("e"))


def test_accents_that_stand_apart_are_joined() -> None:
    assert shape("dego\u0302ut") == shape("degôut")


def test_what_the_font_lacks_is_a_box() -> None:
    box = np.array(letters(16).getmask("惊")).reshape(-1)
    assert box.any()
    assert shape("惊") == shape(NOTHING_LIKE_IT)


@pytest.mark.parametrize("odd", ["\n", "\r", "\0", "\x1b", "\udcff", "\u2028"])
def test_what_has_no_shape_is_replaced(odd: str) -> None:
    assert drawable(f"a{odd}b") == "a\ufffdb"
    assert letters(12).getlength(drawable(f"a{odd}b")) > letters(12).getlength("ab")


def test_without_the_file_of_the_font(monkeypatch: pytest.MonkeyPatch) -> None:
    usual = ImageFont.load_default(12)
    really = ImageFont.truetype

    def no_files(font: Any, size: float) -> ImageFont.FreeTypeFont:
        if isinstance(font, str):
            raise OSError("cannot open resource")
        return really(font, size)

    monkeypatch.setattr(ImageFont, "truetype", no_files)
    monkeypatch.setattr(ImageFont, "load_default", lambda size: usual)
    assert letters(12) is usual


@pytest.mark.parametrize(
    "name", ["dégoût.jpg", "überrascht 惊讶.jpg", "two\nlines.jpg", f"{'é' * 300}.jpg"]
)
def test_a_sheet_of_any_names(tmp_path: Path, name: str) -> None:
    store = Store(tmp_path, {"keep": "all"}, regions=("face",), image_size=16)
    with store.writing(waiting=str) as writer:
        row = FrameRow("a", f"/data/{name}", 0, 0.0, [0] * 4, [0.0] * 10, 1.0, 1, (1.0,), 0)
        writer.add(np.full((1, 1, 3, 16, 16), 40, np.uint8), [row])
        writer.finish("a", f"/data/{name}")
    found = survey(store.folder)
    assert caption(found, 0)[0] == name
    assert draw_sheet(found, 4).width > 0


@pytest.fixture
def ten_px() -> Callable[[str], float]:
    return lambda text: 10.0 * len(text)


def test_long_names_lose_their_beginning(ten_px: Callable[[str], float]) -> None:
    class Font:
        getlength = staticmethod(ten_px)

    assert fitting("short.jpg", 90, Font()) == "short.jpg"  # type: ignore[arg-type]
    assert fitting("a-very-long-name.jpg", 100, Font()) == "...ame.jpg"  # type: ignore[arg-type]
