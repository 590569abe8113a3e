"""FERV39k."""

from __future__ import annotations

from collections.abc import Sequence

from dataset_trees.writing import Files

WORDS = ("Angry", "Disgust", "Fear", "Happy", "Neutral", "Sad", "Surprise")
TRAIN = [f"Action/{word}/0267 {word}" for word in WORDS]
TEST = ["DailyLife/Angry/0094 Angry"]
LISTS = "4_setups/All_scenes"


def tree(
    train: Sequence[str] = TRAIN,
    test: Sequence[str] = TEST,
    *,
    faces: str = "2_ClipsforFaceCrop/",
    setups: str = "",
) -> Files:
    """The lists, and the clips of their rows as images and as videos."""
    files: Files = {
        f"{setups}{LISTS}/train_All.csv": "\n".join(train) + "\n",
        f"{setups}{LISTS}/test_All.csv": "\n".join(test) + "\n",
        "4_setups/22_scenes/Action/train_Action.csv": "",
    }
    for line in [*train, *test]:
        clip = line.split()[0]
        files[f"{faces}{clip}/01.jpg"] = "face"
        files[f"{faces}{clip}/02.jpg"] = "face"
        files[f"0_7_LabelClips/{clip}.mp4"] = "film"
    return files
