"""CK+."""

from __future__ import annotations

from dataset_trees.writing import Files

CODES = {
    "S005/001": 3,
    "S010/002": 7,
    "S010/003": 4,
    "S011/001": 1,
    "S014/004": 5,
    "S014/005": 6,
    "S138/008": 2,
}
NO_LABEL = "S005/002"


def frames(sequence: str, count: int = 5) -> list[str]:
    """Names of a sequence's images."""
    stem = sequence.replace("/", "_")
    return [f"{stem}_{number:08}.png" for number in range(1, count + 1)]


def tree(images: str = "cohn-kanade-images", emotion: str = "Emotion") -> Files:
    """A sequence of each class, and one without a label."""
    files: Files = {
        f"{images}/.DS_Store": "x",
        f"{images}/S005/.DS_Store": "x",
        f"{images}/S005/001/.DS_Store": "x",
        f"{emotion}/S005/001/.DS_Store": "x",
        f"{emotion}/S005/002/._S005_002_00000005_emotion.txt": "x",
    }
    for sequence in (*CODES, NO_LABEL):
        for name in frames(sequence):
            files[f"{images}/{sequence}/{name}"] = "frame"
    for sequence, code in CODES.items():
        name = frames(sequence)[-1].replace(".png", "_emotion.txt")
        files[f"{emotion}/{sequence}/{name}"] = f"   {code}.0000000e+00\n"
    return files
