"""JAFFE."""

from __future__ import annotations

from dataset_trees.writing import Files

NAMES = (
    "KA.AN1.39.tiff",
    "KA.DI1.42.tiff",
    "KA.FE1.45.tiff",
    "KA.HA1.29.tiff",
    "KM.NE1.1.tiff",
    "KM.SA1.9.tiff",
    "YM.SU1.58.tiff",
)

TABLE = """\
JAFFE

# HAP SAD SUR ANG DIS FEA PIC
------------------------------------------------
1 2.87 2.52 2.10 1.97 1.98 2.06 KM-NE1
9 1.13 4.10 1.55 1.94 2.97 3.03 KM-SA1
12 1.13 4.10 1.55 1.94 2.97 3.03 KM-SA4
29 4.58 1.29 1.90 1.23 1.32 1.35 KA-HA1
39 1.23 2.26 1.87 4.71 3.19 1.90 KA-AN1
42 1.23 2.13 1.61 3.39 4.55 2.10 KA-DI1
45 1.39 2.29 4.29 2.00 2.58 4.42 KA-FE1
53 4.87 1.29 1.68 1.16 1.29 1.23 YN-HA2
58 2.87 1.39 4.77 1.42 1.55 2.03 YM-SU1

Semantic Ratings Data (Fear Excluded)
# HAP SAD SUR ANG DIS PIC
------------------------------------------------
1 5.00 5.00 5.00 5.00 5.00 KM-NE1
"""


def pictures(folder: str = "") -> Files:
    """A photograph of each class."""
    return {folder + name: "face" for name in NAMES}


def tree() -> Files:
    """The photographs and the ratings."""
    return pictures("jaffe/") | {"README_FIRST.txt": TABLE}
