"""KDEF."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

from dataset_trees.writing import Files

CODES = ("AF", "AN", "DI", "HA", "NE", "SA", "SU")
ANGLES = ("FL", "HL", "S", "HR", "FR")
PEOPLE = ("AF01", "BF01", "AM35")


def tree(folder: str = "KDEF_and_AKDEF/KDEF/", people: Sequence[str] = PEOPLE) -> Files:
    """Every expression of some people in every view."""
    return {
        f"{folder}{person}/{person}{code}{angle}.JPG": "photo"
        for person, code, angle in product(people, CODES, ANGLES)
    }
