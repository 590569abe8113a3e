"""BoLD."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ferkit_datasets.bold import FEELINGS

from dataset_trees.writing import Files

FIRST = "003/IzvOYVMltkI.mp4/0114.mp4"
SECOND = "003/x-6CtPWVi6E.mp4/0208.mp4"
THIRD = "003/y7ncweROe9U.mp4/0130.mp4"


def row(
    video: str, person: int, first: int, last: int, feelings: Mapping[str, float] | None = None
) -> str:
    """A row of `train.csv` or `val.csv`. feelings: by name; the others are 0."""
    scores = [(feelings or {}).get(name, 0.0) for name in FEELINGS]
    about = ("5.5", "4.25", "7", "1", "2", "3", "0.88")
    return ",".join(str(cell) for cell in (video, person, first, last, *scores, *about))


def tree(
    *,
    inside: str = "BOLD_public/",
    train: Sequence[str] = (),
    val: Sequence[str] = (),
    test: Sequence[str] = (),
) -> Files:
    """Three videos; the first shows two people. train, val, test: other rows of the lists."""
    train = train or [
        row(FIRST, 0, 26, 201, {"Peace": 0.25, "Surprise": 0.5, "Suffering": 0.75}),
        row(FIRST, 2, 10, 150),
    ]
    val = val or [row(SECOND, 1, 0, 99)]
    test = test or [f"{THIRD},0,5,60"]
    files: Files = {
        f"{inside}annotations/train.csv": "\r\n".join(train) + "\r\n",
        f"{inside}annotations/val.csv": "\n".join(val) + "\n",
        f"{inside}annotations/test_meta.csv": "\n".join(test) + "\n",
    }
    for video in (FIRST, SECOND, THIRD):
        files[f"{inside}videos/{video}"] = "film"
        files[f"{inside}joints/{video[:-4]}.npy"] = "joints"
    return files
