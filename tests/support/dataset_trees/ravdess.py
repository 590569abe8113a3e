"""RAVDESS."""

from __future__ import annotations

from dataset_trees.writing import Files

EMOTIONS = [f"{code:02}" for code in range(1, 9)]


def tree(*, speech: str = "Video_Speech_Actor_01/", song: str = "Video_Song_Actor_01/") -> Files:
    """What one actor speaks and sings, with and without sound."""
    files: Files = {"Audio_Speech_Actors_01-24/Actor_01/03-01-01-01-01-01-01.wav": "sound"}
    for modality in ("01", "02"):
        for emotion in EMOTIONS:
            files[f"{speech}Actor_01/{modality}-01-{emotion}-01-02-01-01.mp4"] = "film"
        for emotion in EMOTIONS[:6]:
            files[f"{song}Actor_01/{modality}-02-{emotion}-01-01-02-01.mp4"] = "film"
    return files
