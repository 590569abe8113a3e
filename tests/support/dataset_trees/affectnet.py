"""AffectNet in its two forms."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np

from dataset_trees.writing import Files

HEADER = (
    "subDirectory_filePath,face_x,face_y,face_width,face_height,facial_landmarks,expression,"
    "valence,arousal"
)
IMAGES = "Manually_Annotated_Images"


def face() -> list[float]:
    """Sixty-eight points, x and y in turn; those that count are at known places."""
    points = np.zeros((68, 2))
    points[36:42] = [[30, 40], [32, 38], [34, 38], [36, 40], [34, 42], [32, 42]]
    points[42:48] = points[36:42] + np.array([30, 2])
    points[30], points[48], points[54] = (48, 60), (38, 80), (58, 81)
    return points.ravel().tolist()


def row(
    name: str,
    code: int,
    valence: str = "0.5",
    arousal: str = "-0.25",
    points: Sequence[object] | None = None,
) -> str:
    """A row of a list."""
    landmarks = ";".join(map(str, face() if points is None else points))
    return f"{name},10,12,180,180,{landmarks},{code},{valence},{arousal}"


TRAIN = [row(f"689/{code}.jpg", code) for code in range(7)]
TEST = [row("17/a.jpg", 3), row("17/b.jpg", 0, "-0", "0")]


def lists(
    train: Sequence[str] = TRAIN,
    test: Sequence[str] = TEST,
    *,
    tables: str = "",
    images: str = IMAGES,
    header: bool = True,
) -> Files:
    """Both lists and their images. header: whether the second list has one."""
    head = [HEADER] if header else []
    files: Files = {
        f"{tables}training.csv": "\n".join([HEADER, *train]) + "\n",
        f"{tables}validation.csv": "\n".join([*head, *test]) + "\n",
    }
    return files | {f"{images}/{each.split(',')[0]}": "face" for each in [*train, *test]}


def npy(value: np.ndarray) -> bytes:
    """As a file."""
    file = io.BytesIO()
    np.save(file, value)
    return file.getvalue()


def numbered(
    folder: str, number: int, code: int, *, valence: str = "0.5", arousal: str = "-0.25"
) -> Files:
    """An image of the other form, with its four annotations."""
    return {
        f"{folder}/images/{number}.jpg": "face",
        f"{folder}/annotations/{number}_exp.npy": npy(np.array(str(code))),
        f"{folder}/annotations/{number}_val.npy": npy(np.array(valence)),
        f"{folder}/annotations/{number}_aro.npy": npy(np.array(arousal)),
        f"{folder}/annotations/{number}_lnd.npy": npy(np.array(face())),
    }


def folders() -> Files:
    """The other form: every class, and two images to test."""
    files: Files = {}
    for code in range(7):
        files |= numbered("train_set", code + 5, code)
    return files | numbered("val_set", 0, 3) | numbered("val_set", 1, 0)
