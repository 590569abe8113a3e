"""A picture of what is in a store: crops spread over its sources, and its most doubtful ones."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from ferkit.faces.lettering import drawable, fitting, letters
from ferkit.faces.parts import shard_file
from ferkit.faces.shards import UNREADABLE, open_shard
from ferkit.faces.survey import Survey

WIDTH = 1400
"""Of the picture, pixels, at most, unless a single crop is wider."""
GAP, LINE = 10, 16
SMALL, LARGE = 96, 128
"""Sides, in pixels, between which crops are shown as they are."""
DOUBT = (200, 80, 20)
INK, PAPER, GREY = (30, 30, 30), (255, 255, 255), (110, 110, 110)


class Section(NamedTuple):
    """rows: positions in the survey's frames. colour: of the heading and of frames around crops."""

    heading: str
    rows: Sequence[int]
    colour: tuple[int, int, int]


def sections_of(survey: Survey, count: int) -> list[Section]:
    """Which crops to show: at most `count` spread over the sources, and half as many doubtful ones.

    Doubtful are those of the lowest scores, if scores differ, and those that reach furthest
    beyond the frame, if any does.
    """
    total = len(survey.frames)
    if not total:
        return []
    few = min(total, (count + 1) // 2)
    sections = [Section("spread over the sources", spread_out(survey, count), GREY)]
    score = survey.frames["score"].to_numpy()
    if score.min() < score.max():
        lowest = np.argsort(score, kind="stable")[:few].tolist()
        sections.append(Section("lowest scores", lowest, DOUBT))
    fraction = survey.valid_fraction.min(1)
    furthest = np.argsort(fraction, kind="stable")[:few].tolist()
    beyond = [row for row in furthest if fraction[row] < 1]
    if beyond:
        sections.append(Section("furthest beyond the frame", beyond, DOUBT))
    return sections


def spread_out(survey: Survey, count: int) -> list[int]:
    """At most `count` positions: one of every source, or of evenly spaced ones if there are more.

    Where there are fewer sources, those that have more crops show several, evenly spaced.
    """
    owned: dict[str, list[int]] = {}
    for row, key in enumerate(survey.frames["key"].to_pylist()):
        owned.setdefault(key, []).append(row)
    groups = list(owned.values())
    if len(groups) > count:
        groups = [groups[at * len(groups) // count] for at in range(count)]
    shares = [0] * len(groups)
    while sum(shares) < min(count, sum(len(group) for group in groups)):
        for at, group in enumerate(groups):
            if shares[at] < len(group) and sum(shares) < count:
                shares[at] += 1
    return [
        group[(2 * at + 1) * len(group) // (2 * share)]
        for group, share in zip(groups, shares, strict=True)
        for at in range(share)
    ]


def draw_sheet(survey: Survey, count: int) -> Image.Image:
    """All regions of the chosen crops side by side, with source, place, score and valid part.

    Args:
        count: crops of the first section, at most; of the others half as many.
    Raises: ValueError: there is no crop to show.
    """
    sections = sections_of(survey, count)
    if not sections:
        raise ValueError("there is no crop to show")
    font, bold = letters(12), letters(16)
    size = survey.encoding.image_size
    side = size if SMALL <= size <= LARGE else (SMALL if size < SMALL else LARGE)
    wide = side * len(survey.encoding.regions)
    cell_width = max(wide, LARGE)  # a caption needs some room
    cell_height = side + 2 * LINE + GAP
    columns = max(1, (WIDTH - GAP) // (cell_width + GAP))
    columns = min(columns, max(len(section.rows) for section in sections))
    heights = [3 * LINE + -(-len(one.rows) // columns) * cell_height for one in sections]
    width = GAP + columns * (cell_width + GAP)
    sheet = Image.new("RGB", (width, sum(heights) + 3 * LINE), PAPER)
    pen = ImageDraw.Draw(sheet)
    regions = ", ".join(survey.encoding.regions)
    title = drawable(f"{survey.folder.name}: {len(survey.frames)} crops; {regions}")
    pen.text((GAP, GAP), fitting(title, width - 2 * GAP, bold), INK, bold)
    top = 3 * LINE
    for section, height in zip(sections, heights, strict=True):
        pen.text((GAP, top), fitting(section.heading, width - 2 * GAP, bold), section.colour, bold)
        for place, row in enumerate(section.rows):
            x = GAP + place % columns * (cell_width + GAP)
            y = top + 2 * LINE + place // columns * cell_height
            sheet.paste(_crop(survey, row, side), (x, y))
            pen.rectangle((x - 2, y - 2, x + wide + 1, y + side + 1), None, section.colour)
            for line, text in enumerate(caption(survey, row)):
                below = y + side + 2 + line * LINE
                pen.text((x, below), fitting(drawable(text), cell_width, font), INK, font)
        top += height
    return sheet


def caption(survey: Survey, row: int) -> tuple[str, str]:
    """Two lines on a crop: its source and place there; its score and valid parts."""
    frame = {name: survey.frames[name][row].as_py() for name in survey.frames.column_names}
    name = Path(frame["source"]).name or frame["key"]
    many = frame["frame"] or frame["track"]
    place = f" @{frame['frame']}" + (f" face {frame['track']}" if frame["track"] else "")
    parts = [f"{fraction:.0%}" for fraction in frame["valid_fraction"]]
    inside = "" if all(one == "100%" for one in parts) else f", within {' '.join(parts)}"
    return name + (place if many else ""), f"score {frame['score']:.3f}{inside}"


def _crop(survey: Survey, row: int, side: int) -> Image.Image:
    """All regions of a crop side by side; grey if they can't be read after all."""
    encoding = survey.encoding
    size = encoding.image_size
    pixels: npt.NDArray[np.uint8] = np.full((len(encoding.regions), 3, size, size), 200, np.uint8)
    number, place = (survey.frames[name][row].as_py() for name in ("shard", "row"))
    try:
        open_shard(shard_file(survey.folder, number, encoding), encoding).copy_into(pixels, place)
    except UNREADABLE:
        pixels[:] = 200
    wide = pixels.transpose(2, 0, 3, 1).reshape(size, -1, 3)  # regions from left to right
    image = Image.fromarray(np.ascontiguousarray(wide))
    return image.resize((side * len(encoding.regions), side), Image.Resampling.BICUBIC)
