"""Measures the last epoch and that of the lowest validation loss on the test split."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ferkit.evaluation.wording import HEADLINES

if TYPE_CHECKING:
    from torch import Tensor

    from ferkit.model.face_model import FaceModel
    from ferkit.training.job import Trained


def measure_epochs(
    trained: Trained,
    *,
    predict: Callable[[FaceModel, str], Tensor],
    measure: Callable[[Tensor], Mapping[str, Any] | None],
    measured: Mapping[str, Any] | None,
    chosen_by: str,
) -> dict[str, Any] | None:
    """The entry `epochs` of results.json; None where no epoch was trained, or without labels.

    Nothing is chosen by it: which epoch counts was settled by the loop and the validation split.

    Args:
        predict: (N, K) on the test split of a network; the text says which.
        measure: metrics of such predictions, as `evaluate` returns them.
        measured: those of the final network; None where the test split has no labels.
        chosen_by: name of the split whose loss says which epoch is the best.
    Returns: phase (its name), used ("best" or "last": where the final weights are from),
        chosen_by, and `best` and `last`, each with epoch (from 1), validation_loss,
        validation_accuracy, n and the headline metrics with their intervals. `best` is missing
        without validation; one of the two where its weights were not kept.
    """
    if measured is None or trained.final is None or not trained.epochs:
        return None
    entry: dict[str, Any] = {
        "phase": trained.final.name,
        "used": trained.final.kept,
        "chosen_by": chosen_by,
    }
    for one in trained.epochs:
        found = measured if one.used else measure(predict(one.open(), f"the {one.kind} epoch"))
        if found is None:
            continue
        entry[one.kind] = {
            "epoch": one.epoch,
            "validation_loss": one.validation_loss,
            "validation_accuracy": one.validation_accuracy,
            "n": found["n"],
            **{name: found[name] for name in HEADLINES},
        }
    return entry
