"""Measures the rounds of a loop on the test split: what each iteration brought (paper B: B24)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ferkit.evaluation.metrics import evaluate
from ferkit.evaluation.wording import HEADLINES

if TYPE_CHECKING:
    from torch import Tensor

    from ferkit.data.loader import SplitData
    from ferkit.model.face_model import FaceModel
    from ferkit.training.job import Trained

Stability = Mapping[str, Any] | None


def measure_rounds(
    trained: Trained,
    split: SplitData,
    *,
    classes: tuple[str, ...],
    bins: int,
    predict: Callable[[FaceModel, str], Tensor],
    probs: Tensor,
    stability: Callable[[FaceModel, Tensor], Stability],
    final_stability: Stability,
) -> list[dict[str, Any]] | None:
    """The entry `rounds` of results.json; None where there are fewer than two, or no labels.

    Nothing is chosen by it: which round counts was settled on the validation split before.

    Args:
        split: the test split.
        bins: of the expected calibration error.
        predict: (N, K) of a network, that of the round of this name. probs: of the final network.
        stability: of a network and its predictions. final_stability: of the final network.
    Returns: for each round name, round, network ("model" or "student"), validation_accuracy,
        validation_loss, counts (whether the final weights are its), best_so_far (name of the
        round that would count had this been the last), n, the headline metrics as fractions, and
        stability (the mean over the alterations, or None).
    """
    labelled = split.given >= 0
    if len(trained.rounds) < 2 or not bool(labelled.any()):
        return None
    entries = []
    for one in trained.rounds:
        summary = one.summary
        counts = trained.final is not None and summary.name == trained.final.name
        found, altered = probs, final_stability
        if not counts:
            network = one.open()
            found = predict(network, summary.name)
            altered = stability(network, found)
        metrics = evaluate(
            found[labelled], split.given[labelled], classes=classes, bootstrap=0, bins=bins, seed=0
        )
        entries.append(
            {
                "name": summary.name,
                "round": summary.round,
                "network": summary.network,
                "validation_accuracy": summary.validation_accuracy,
                "validation_loss": summary.validation_loss,
                "counts": counts,
                "best_so_far": trained.rounds[one.best_so_far].summary.name,
                "n": metrics["n"],
                **{name: metrics[name]["value"] for name in HEADLINES},
                "stability": dict(altered["mean"]) if altered else None,
            }
        )
    return entries
