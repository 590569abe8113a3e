"""Self-contained HTML pages: templates, escaping, pictures within the page."""

from __future__ import annotations

import base64
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined

import ferkit


class Picture(NamedTuple):
    """A PNG for a page. data: base64. width, height: pixels."""

    data: str
    width: int
    height: int
    caption: str


class PlainTable(NamedTuple):
    """A table of texts; the first cell of each row is its heading."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    caption: str = ""


def picture(png: bytes, caption: str) -> Picture:
    """A picture for a page.

    Args:
        png: content of a PNG file.
        caption: one sentence; also the text for those who do not see it.
    Raises: ValueError: it is not a PNG.
    """
    if len(png) < 24 or not png.startswith(b"\x89PNG\r\n\x1a\n"):
        raise ValueError("not a PNG")
    width, height = struct.unpack(">II", png[16:24])
    return Picture(base64.b64encode(png).decode("ascii"), width, height, caption)


def render(template: str, content: Mapping[str, Any]) -> str:
    """Fill in a template of `templates/`. Every text is escaped.

    Args:
        template: name of the file.
        content: what the template shows; a name it lacks is an error.
    """
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template).render(ferkit=ferkit.__version__, **content)
