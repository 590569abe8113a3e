"""The tables of a run folder that have a row per sample."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from torch import Tensor

from ferkit.running.outputs import prediction_columns, training_columns, write_table

if TYPE_CHECKING:
    from ferkit.data.loader import SplitData
    from ferkit.running.assemble import RunData
    from ferkit.training.job import SampleTable, Trained


def write_tables(
    folder: Path, data: RunData, trained: Trained, predictions: Mapping[str, Tensor]
) -> None:
    """Write predictions.parquet and train_samples.parquet."""
    splits = {"test": data.test, "validation": data.validation}
    predicted = [
        prediction_columns(split.samples, predictions[name], classes=data.classes, split=name)
        for name, split in splits.items()
        if split is not None and name in predictions
    ]
    if predicted:
        write_table(folder / "predictions.parquet", predicted)
    parts = [_training_part(data, data.labelled, trained.labelled, "labelled")]
    if data.unlabelled is not None and trained.unlabelled is not None:
        parts.append(_training_part(data, data.unlabelled, trained.unlabelled, "unlabelled"))
    write_table(folder / "train_samples.parquet", parts)


def _training_part(
    data: RunData, split: SplitData, table: SampleTable, name: str
) -> dict[str, Any]:
    return training_columns(
        split.samples,
        given=table.given,
        targets=table.target,
        weights=table.weight,
        losses=table.loss,
        probs=table.probs,
        classes=data.classes,
        split=name,
    )
