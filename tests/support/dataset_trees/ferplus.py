"""FER+."""

from __future__ import annotations

from collections.abc import Sequence

from dataset_trees.fer2013 import GREY
from dataset_trees.writing import Files

COLUMNS = "neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF"


def row(usage: str, image: str, **votes: int) -> str:
    """A row of `fer2013new.csv`. votes: by column; the others are 0."""
    cells = [str(votes.get(name, 0)) for name in COLUMNS.split(",")]
    return ",".join([usage, image, *cells])


PLAIN = [
    row("Training", f"fer000000{at}.png", **{name: 10})
    for at, name in enumerate(COLUMNS.split(",")[:8])
]


def lists(rows: Sequence[str]) -> Files:
    """The list of votes, and FER2013's table with as many rows."""
    pixels = [f"0,{GREY},{each.split(',')[0]}" for each in rows]
    return {
        "fer2013new.csv": "\n".join([f"Usage,Image name,{COLUMNS}", *rows]) + "\n",
        "fer2013.csv": "\n".join(["emotion,pixels,Usage", *pixels]) + "\n",
    }


def images(rows: Sequence[str], *, inside: str = "") -> Files:
    """The images that its authors' programme writes."""
    folder = {"Training": "Train", "PublicTest": "Valid", "PrivateTest": "Test"}
    cells = [each.split(",") for each in rows]
    return {f"{inside}FER2013{folder[c[0]]}/{c[1]}": "face" for c in cells if c[1]}


def tree() -> Files:
    """Both lists, with ten votes for each of the classes."""
    return lists(PLAIN)
