"""AFEW 8.0."""

from __future__ import annotations

from dataset_trees.writing import Files

FOLDERS = ("Angry", "Disgust", "Fear", "Happy", "Neutral", "Sad", "Surprise")


def tree(*, train: str = "Train_AFEW/", val: str = "Val_AFEW/", inner: str = "") -> Files:
    """A video of each class in either split, and one of the test."""
    files: Files = {
        "Train_AFEW.zip": "archive",
        f"{train}Angry/Thumbs.db": "x",
        f"{train}Sad/._1.avi": "x",
    }
    parts = [(train, "", "00"), (val, "_Val", "01")]
    for part, suffix, start in parts:
        aligned = f"AlignedFaces_LBPTOP_Points{suffix}"
        for number, folder in enumerate(FOLDERS):
            video = f"{start}{number}0041280"
            files[f"{part}{folder}/{video}.avi"] = "film"
            for frame in ("I_1000.jpg", "I_1001.jpg"):
                files[f"{part}{inner}{aligned}/Faces/{video}/{frame}"] = "face"
            files[f"{part}{inner}{aligned}/Points/{video}.mat"] = "points"
    files["Test/Test_vid_Distribute/000029320.avi"] = "film"
    files["Test/Test_2017_Faces_Distribute/000029320/I_1000.jpg"] = "face"
    return files
