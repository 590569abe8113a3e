"""Classes that readers give, in label order."""

from __future__ import annotations

from ferkit.contracts.data import CLASSES

EIGHT = ("anger", "contempt", "disgust", "fear", "happy", "neutral", "sad", "surprise")
"""The canonical seven and contempt, sorted."""


def kept_classes(*, contempt: bool) -> tuple[str, ...]:
    """The seven, or the eight where contempt is kept."""
    return EIGHT if contempt else CLASSES
