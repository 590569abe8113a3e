"""RaFD."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

from dataset_trees.writing import Files

WORDS = ("angry", "contemptuous", "disgusted", "fearful", "happy", "neutral", "sad", "surprised")
ANGLES = ("000", "045", "090", "135", "180")
GAZES = ("frontal", "left", "right")
MODELS = ("01_Caucasian_female", "11_Kid_female", "73_Moroccan_male")


def tree(folder: str = "", angles: Sequence[str] = ("090", "180")) -> Files:
    """Every expression of three people, with every gaze, seen by some cameras."""
    return {
        f"{folder}Rafd{angle}_{model}_{word}_{gaze}.jpg": "photo"
        for angle, model, word, gaze in product(angles, MODELS, WORDS, GAZES)
    }
