"""The points by which the photographs of RAF-DB say whose face is labelled."""

from __future__ import annotations

import pytest
from dataset_trees import raf_db
from ferkit_datasets.params import RafDbParams
from ferkit_datasets.raf_db import read_raf_db


def told(reading, folder) -> list[tuple[str, str]]:
    return [(p.kind, p.where.removeprefix(f"{folder}/")) for p in reading.problems]


POINTS = "38.500\t40.250\n64.0 41.0\n51.0\t55.5\n41.0\t70.0\n62.0\t71.0\n1\n0\n2\n"
FIVE = ((38.5, 40.25), (64.0, 41.0), (51.0, 55.5), (41.0, 70.0), (62.0, 71.0))


def manual(text: str = POINTS, inside: str = "basic/Annotation/manual/") -> dict[str, str | bytes]:
    """The points of every photograph of the tree."""
    names = [row.split()[0].removesuffix(".jpg") for row in raf_db.ROWS]
    return {f"{inside}{name}_manu_attri.txt": text for name in names}


@pytest.mark.parametrize("inside", ["basic/Annotation/manual/", "basic/Annotation/manual/manual/"])
def test_raf_db_tells_whose_face_is_labelled(grow, inside) -> None:
    folder = grow(raf_db.tree() | manual(inside=inside))
    reading = read_raf_db(RafDbParams(path=str(folder), images="original"))
    assert [s.landmarks for s in reading.samples] == [FIVE] * 8
    assert reading.problems == ()
    without = read_raf_db(RafDbParams(path=str(folder), images="original", landmarks=False))
    assert {s.landmarks for s in without.samples} == {None}
    assert without.problems == ()
    aligned = read_raf_db(RafDbParams(path=str(folder)))
    assert {s.landmarks for s in aligned.samples} == {None}


def test_raf_db_points_are_put_in_order(grow) -> None:
    lines = POINTS.splitlines()
    mirrored = "\n".join([lines[1], lines[0], lines[2], lines[4], lines[3], *lines[5:]])
    folder = grow(raf_db.tree() | manual(mirrored))
    reading = read_raf_db(RafDbParams(path=str(folder), images="original"))
    assert reading.samples[0].landmarks == FIVE


def test_raf_db_points_that_are_not_there(grow) -> None:
    folder = grow(raf_db.tree())
    reading = read_raf_db(RafDbParams(path=str(folder), images="original"))
    assert told(reading, folder) == [("missing folder", "basic/Annotation/manual")]
    assert "may not be the labelled one" in reading.problems[0].what
    files = raf_db.tree() | manual()
    place = "basic/Annotation/manual/"
    del files[f"{place}train_00001_manu_attri.txt"]
    files[f"{place}train_00002_manu_attri.txt"] = "1 2\n3 4\n"
    files[f"{place}train_00003_manu_attri.txt"] = "a b\n" * 5
    files[f"{place}train_00004_manu_attri.txt"] = "nan 1\n" * 5
    files[f"{place}train_00005_manu_attri.txt"] = "1 1\n" * 5
    folder = grow({f"b/{name}": text for name, text in files.items()}) / "b"
    reading = read_raf_db(RafDbParams(path=str(folder), images="original"))
    assert [s.landmarks for s in reading.samples] == [None] * 5 + [FIVE] * 3
    assert [kind for kind, _ in told(reading, folder)] == ["missing landmarks"] * 5
