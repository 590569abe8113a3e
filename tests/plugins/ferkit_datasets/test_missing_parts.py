"""A copy without a whole part: a recipe is refused, `ferkit datasets check` looks at the rest."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from dataset_trees import TREES, Files
from ferkit_datasets.afew import read_afew
from ferkit_datasets.dfew import read_dfew
from ferkit_datasets.ferv39k import read_ferv39k
from ferkit_datasets.params import RafDbParams
from ferkit_datasets.params_video import AfewParams, DfewParams, Ferv39kParams
from ferkit_datasets.raf_db import read_raf_db

from ferkit.commands.datasets import datasets
from ferkit.data.filed import FileDataset, IncompleteError, Reading
from ferkit.errors import FerkitError

READERS: dict[str, tuple[Callable[..., Reading], Callable[..., Any]]] = {
    "afew": (read_afew, AfewParams),
    "dfew": (read_dfew, DfewParams),
    "ferv39k": (read_ferv39k, Ferv39kParams),
    "raf_db": (read_raf_db, RafDbParams),
}
SCENES = "4_setups/All_scenes"
RAF_LIST = "basic/EmoLabel/list_patition_label.txt"

CASES: dict[str, tuple[str, str, dict[str, Any], str, dict[str, int]]] = {
    "a split of AFEW": ("afew", "Train_AFEW/", {}, "Train_AFEW", {"train": 0, "validation": 7}),
    "a class of AFEW": (
        "afew",
        "Val_AFEW/Fear",
        {},
        "Val_AFEW/Fear",
        {"train": 7, "validation": 6},
    ),
    "AFEW's faces": (
        "afew",
        "Train_AFEW/AlignedFaces_LBPTOP_Points",
        {"videos": "aligned"},
        "Train_AFEW/AlignedFaces_LBPTOP_Points/Faces",
        {"train": 0, "validation": 7},
    ),
    "AFEW's test": (
        "afew",
        "Test/",
        {"unlabelled_test": True},
        "Test_AFEW/Test_vid_Distribute",
        {"train": 7, "validation": 7},
    ),
    "a list of DFEW": (
        "dfew",
        "EmoLabel_DataSplit/train",
        {},
        "EmoLabel_DataSplit/train(single-labeled)/set_1.csv",
        {"train": 0, "test": 1},
    ),
    "DFEW's clips": ("dfew", "Clip/clip", {}, "Clip/clip_224x224", {"train": 0, "test": 0}),
    "a list of FERV39k": (
        "ferv39k",
        f"{SCENES}/test",
        {},
        f"{SCENES}/test_All.csv",
        {"train": 7, "test": 0},
    ),
    "FERV39k's lists": ("ferv39k", "4_setups", {}, "4_setups", {"train": 0, "test": 0}),
    "FERV39k's clips": ("ferv39k", "2_", {}, "2_ClipsforFaceCrop", {"train": 0, "test": 0}),
    "RAF-DB's list": ("raf_db", RAF_LIST, {}, RAF_LIST, {"train": 7, "test": 1}),
    "RAF-DB's images": (
        "raf_db",
        "basic/Image/aligned",
        {},
        "basic/Image/aligned",
        {"train": 0, "test": 0},
    ),
}  # what: data set, what is not there, parameters, what is told, samples of each split

Grow = Callable[[Files], Path]


def without(name: str, start: str) -> Files:
    files = TREES[name]()
    left = {path: content for path, content in files.items() if not path.startswith(start)}
    assert left.keys() != files.keys()
    return left


@pytest.mark.parametrize("case", CASES)
def test_a_part_that_is_missing_is_told_with_the_rest(case: str, grow: Grow) -> None:
    name, start, given, told, expected = CASES[case]
    read, params = READERS[name]
    folder = grow(without(name, start))
    dataset = FileDataset(partial(read, params(path=str(folder), **given)))
    with pytest.raises(IncompleteError, match="there is no '") as raised:
        dataset.samples()
    reading = raised.value.reading
    found = {split: sum(s.split == split for s in reading.samples) for split in expected}
    assert found == expected
    lacking = [p for p in reading.problems if p.kind in ("missing file", "missing folder")]
    assert [Path(p.where) for p in lacking] == [folder / told]
    assert not [p for p in reading.problems if p.kind in ("surplus file", "left out")]


@pytest.mark.parametrize("name", READERS)
def test_where_no_part_is_there_it_is_another_folder(name: str, grow: Grow) -> None:
    read, params = READERS[name]
    with pytest.raises(FerkitError, match=r"there is no '.*Expected is the data set") as raised:
        read(params(path=str(grow({"readme.txt": "x"}))))
    assert not isinstance(raised.value, IncompleteError)


@pytest.mark.parametrize(
    ("case", "rows"),
    [
        ("a split of AFEW", ["train anger 133 0 133", "validation anger 64 1 63"]),
        ("a class of AFEW", ["validation fear 46 0 46", "train fear 81 1 80"]),
        ("DFEW's clips", ["train anger 1738 0 1738", "test fear 181 0 181"]),
        ("RAF-DB's images", ["train anger 705 0 705", "test anger 162 0 162"]),
        ("RAF-DB's list", ["train anger 705 0 705", "train (no label) 0 7 7"]),
    ],
)
def test_check_counts_and_goes_on(case: str, rows: list[str], grow: Grow) -> None:
    name, start, _, told, _ = CASES[case]
    folder = grow(without(name, start))
    result = CliRunner().invoke(datasets, ["check", name, str(folder), "--quick"])
    assert result.exit_code == 1, result.output
    lines = [" ".join(line.split()) for line in result.output.splitlines()]
    for row in rows:
        assert row in lines, result.output
    assert any(line.startswith("A recipe can't use it so: there is no '") for line in lines)
    assert any(line.startswith(f"{folder / told}: there is no '") for line in lines)
    assert "How to get it:" in result.output
