"""FER2013."""

from __future__ import annotations

from dataset_trees.writing import Files

GREY = " ".join(["128"] * 2304)
"""Pixels of a row."""
ROWS = [f"{code},{GREY},Training" for code in range(7)] + [
    f"3,{GREY},PublicTest",
    f"6,{GREY},PrivateTest",
]
TABLE = "\n".join(["emotion,pixels,Usage", *ROWS]) + "\n"


def tree(name: str = "fer2013.csv") -> Files:
    """The table: every class, and both tests."""
    return {name: TABLE}
