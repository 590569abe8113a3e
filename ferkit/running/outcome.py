"""What a trained model comes to: predictions, metrics, the tables of the run folder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from ferkit.data.alterations import ALTERATIONS
from ferkit.data.loader import SplitData
from ferkit.evaluation.label_noise import label_noise
from ferkit.evaluation.metrics import evaluate
from ferkit.evaluation.run_figures import write_figures
from ferkit.evaluation.unseen import counted_as_wrong
from ferkit.evaluation.writing import write_results
from ferkit.model.cost import count_cost
from ferkit.running.attention import AttentionWatch
from ferkit.running.attention_shown import show_attention
from ferkit.running.epochs import measure_epochs
from ferkit.running.expressions import expression_results
from ferkit.running.progress import counting
from ferkit.running.rounds import measure_rounds
from ferkit.running.sample_tables import write_tables
from ferkit.running.stability import measure_stability
from ferkit.training.devices import make_fabric
from ferkit.training.job import Trained
from ferkit.training.predict import predict

if TYPE_CHECKING:
    from ferkit.model.face_model import FaceModel
    from ferkit.running.assemble import RunData
    from ferkit.running.known_frames import KnownFrames
    from ferkit.running.progress import Display
    from ferkit.sections import Recipe

SMOKE_SAMPLES = 32
"""Predicted of each split in a smoke run."""


def results_of(
    recipe: Recipe,
    data: RunData,
    trained: Trained,
    *,
    display: Display,
    watch: AttentionWatch,
    smoke: bool = False,
) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Predict the test and validation splits and measure.

    Args:
        watch: sees the predictions of the test split.
    Returns: the content of results.json, and split -> (N, K) probabilities.
    """
    splits = {"test": data.test, "validation": data.validation}
    results: dict[str, Any] = {}
    predictions: dict[str, Tensor] = {}
    predicting = partial(
        predict,
        frames=recipe.evaluation.frames,
        batch_size=recipe.training.prediction_batch_size,
        device=trained.device,
        autocast=make_fabric(recipe.training).autocast,
        limit=SMOKE_SAMPLES if smoke else None,
    )

    def predicted(
        model: FaceModel, split: SplitData, name: str, seen: AttentionWatch | None
    ) -> Tensor:
        batches = -(-len(split) // recipe.training.prediction_batch_size)
        with counting(display, f"predicting {name}", batches, "batch") as count_one:
            return predicting(model, split, between=count_one, seen=seen)

    for name, split in splits.items():
        if split is None or len(split) == 0:
            continue
        seen = watch if name == "test" else None
        predictions[name] = predicted(trained.model, split, name, seen)
        metrics = _measure(recipe, data.classes, split, predictions[name])
        if metrics is not None:
            results[name] = metrics
        if metrics is not None and (unseen := data.unseen.get(name)) and not smoke:
            labels, kinds = zip(*((each.sample.label, each.kind) for each in unseen), strict=True)
            results.setdefault("unseen", {})[name] = counted_as_wrong(metrics, labels, kinds)
    noise = _label_noise(data, trained)
    if noise is not None:
        results["label_noise"] = noise
    if data.test is not None and "test" in predictions and not smoke:
        results |= expression_results(
            data.test.samples,
            predictions["test"],
            classes=data.classes,
            bootstrap=recipe.evaluation.bootstrap,
            seed=recipe.seed,
        )
    if data.test is not None and "test" in predictions:
        test = data.test
        attention = watch.results(test.samples, classes=data.classes, regions=data.regions)

        def stable(model: FaceModel, probs: Tensor) -> dict[str, Any] | None:
            return _stability(
                recipe, test, model, probs, device=trained.device, display=display, smoke=smoke
            )

        stability = stable(trained.model, predictions["test"])
        rounds = None
        if recipe.evaluation.rounds:
            rounds = measure_rounds(
                trained,
                test,
                classes=data.classes,
                bins=recipe.evaluation.bins,
                predict=lambda model, name: predicted(model, test, f"test by {name}", None),
                probs=predictions["test"],
                stability=stable,
                final_stability=stability,
            )
        epochs = None
        if recipe.evaluation.epochs:
            epochs = measure_epochs(
                trained,
                predict=lambda model, name: predicted(model, test, f"test by {name}", None),
                measure=lambda probs: _measure(recipe, data.classes, test, probs),
                measured=results.get("test"),
                chosen_by="test" if recipe.data.selection == "reported" else "validation",
            )
        found = {"attention": attention, "stability": stability, "rounds": rounds}
        found |= {"epochs": epochs}
        results |= {name: entry for name, entry in found.items() if entry is not None}
    if data.seen_before:
        results["seen_before"] = list(data.seen_before)
    results["cost"] = cost_of(recipe, data, trained)
    return results, predictions


def _measure(
    recipe: Recipe, classes: Sequence[str], split: SplitData, probs: Tensor
) -> dict[str, Any] | None:
    """Metrics of the samples that have a label; None where none has."""
    labelled = split.given >= 0
    if not bool(labelled.any()):
        return None
    places = labelled.nonzero().flatten().tolist()
    return evaluate(
        probs[labelled],
        split.given[labelled],
        classes=classes,
        bootstrap=recipe.evaluation.bootstrap,
        bins=recipe.evaluation.bins,
        seed=recipe.seed,
        groups=[split.samples[place].subject for place in places],
    )


def _stability(
    recipe: Recipe,
    split: SplitData,
    model: FaceModel,
    probs: Tensor,
    *,
    device: str,
    display: Display,
    smoke: bool,
) -> dict[str, Any] | None:
    if not recipe.evaluation.stability:
        return None
    with counting(display, "predicting altered clips", len(ALTERATIONS), "alteration") as count_one:
        return measure_stability(
            model,
            split,
            probs,
            seed=recipe.seed,
            frames=recipe.evaluation.frames,
            batch_size=recipe.training.prediction_batch_size,
            device=device,
            autocast=make_fabric(recipe.training).autocast,
            limit=SMOKE_SAMPLES if smoke else None,
            between=count_one,
        )


def cost_of(recipe: Recipe, data: RunData, trained: Trained) -> dict[str, Any]:
    """What the final network costs, for a clip as long as in a training step."""
    few = torch.linspace(0, len(data.labelled) - 1, min(8, len(data.labelled))).long()
    is_student = trained.final is not None and trained.final.network == "student"
    section = (recipe.student.model if is_student else None) or recipe.model
    clips = data.labelled.read(few, section.frames)
    return count_cost(
        trained.model,
        frames=clips.frames.shape[1],
        regions=len(data.regions),
        image_size=data.image_size,
    )._asdict()


def _label_noise(data: RunData, trained: Trained) -> dict[str, Any] | None:
    samples = data.labelled.samples
    return label_noise(
        trained.labelled.weight.tolist(),
        [_name(data.classes, sample.label) for sample in samples],
        [_name(data.classes, sample.truth) for sample in samples],
        losses=trained.labelled.loss.tolist(),
        intensity=[sample.attributes.get("intensity") for sample in samples],
        probs=trained.labelled.probs.cpu().double().numpy(),
        classes=data.classes,
    )


def _name(classes: Sequence[str], label: int) -> str | None:
    return classes[label] if label >= 0 else None


def write_outcome(
    recipe: Recipe,
    data: RunData,
    trained: Trained,
    *,
    known: KnownFrames | None,
    folder: Path,
    display: Display,
    smoke: bool,
) -> dict[str, Any]:
    """Predictions, metrics, tables and figures of a trained model.

    Args:
        known: what is known of the frames of the test split.
    Returns: the content of results.json.
    """
    count = 0 if data.test is None else len(data.test)
    watch = AttentionWatch(count, known=known, image_size=data.image_size)
    results, predictions = results_of(
        recipe, data, trained, watch=watch, display=display, smoke=smoke
    )
    write_results(folder / "results.json", results)
    write_tables(folder, data, trained, predictions)
    if recipe.evaluation.figures:
        shown = None
        if data.test is not None and "test" in predictions:
            shown = show_attention(
                trained.model,
                data.test,
                watch,
                predictions["test"],
                classes=data.classes,
                regions=data.regions,
                frames=recipe.evaluation.frames,
                device=trained.device,
                autocast=make_fabric(recipe.training).autocast,
            )
        write_figures(
            folder,
            test_crops=crops_by_id(data.test),
            train_crops=crops_by_id(data.labelled),
            attention=shown,
        )
    return results


def crops_by_id(split: SplitData | None) -> Callable[[Sequence[str]], Tensor] | None:
    """Reads faces of a split by sample id, for galleries: first region, middle frame."""
    if split is None:
        return None
    positions = {sample.id: i for i, sample in enumerate(split.samples)}
    read = split.read

    def crops(ids: Sequence[str]) -> Tensor:
        clips = read(torch.tensor([positions[i] for i in ids], dtype=torch.int64), 1)
        return clips.frames[:, 0, 0]

    return crops
