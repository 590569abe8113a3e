"""DFEW."""

from __future__ import annotations

from collections.abc import Sequence

from dataset_trees.workbook import workbook
from dataset_trees.writing import Files

HEADER = [
    "order",
    "1happy",
    "2sad",
    "3neutral",
    "4angry",
    "5surprise",
    "6disgust",
    "7fear",
    "label",
]
TRAIN = [f"{100 + code},{code}" for code in range(1, 8)]
TEST = ["7,4"]
BOTH = [*TRAIN, *TEST]


def lists(
    train: Sequence[str] = TRAIN,
    test: Sequence[str] = TEST,
    *,
    fold: int = 1,
    name: str = "{}(single-labeled)",
) -> Files:
    """The two lists of a fold. name: of their folders."""
    return {
        f"EmoLabel_DataSplit/{name.format(part)}/set_{fold}.csv": "\n".join(
            ["video_name,label", *rows, ""]
        )
        for part, rows in (("train", train), ("test", test))
    }


def tree(
    rows: Sequence[str] = BOTH,
    *,
    part: str = "",
    train: Sequence[str] = TRAIN,
    name: str = "{}(single-labeled)",
) -> Files:
    """The first fold and the clips of some rows, without the votes. part: folder of the clips."""
    files = lists(train, name=name)
    for row in rows:
        number = int(row.split(",")[0])
        for frame in (1, 2):
            clip = f"Clip/clip_224x224/{part}{number:05}"
            files[f"{clip}/{number:05}_{frame:05}.jpg"] = "face"
        files[f"Clip/original/{part}{number}.mp4"] = "film"
    return files


def votes() -> Files:
    """The spreadsheet: 0 to 6 votes for 1happy to 7fear, the same for every clip."""
    rows: list[list[str | int]] = [[*HEADER]]
    for row in BOTH:
        number, code = map(int, row.split(","))
        rows.append([number, *range(7), code])
    return {"Annotation/annotation.xlsx": workbook(rows)}
