"""The end of a phase: which weights it hands on, and what is written of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from torch import Tensor

from ferkit.contracts.training import Phase
from ferkit.training.job import PhaseSummary
from ferkit.training.kept_epochs import other_file, rows_of
from ferkit.training.session import Session
from ferkit.training.weights import save_weights


def hand_on(session: Session, phase: Phase) -> None:
    """End a phase: choose its weights, write them, let the next phase start from them.

    Where it may be the final phase, the weights that are not chosen are written first.
    """
    position = session.position
    assert session.learner is not None
    last = session.learner.teacher.validated.state_dict()
    rows = rows_of(position.history, phase.name)
    ends: dict[str, tuple[Mapping[str, Tensor], Mapping[str, Any]]] = {"last": (last, rows[-1])}
    if session.best and position.best_epoch is not None:
        ends["best"] = session.best, rows[position.best_epoch - 1]
    kept = "best" if phase.keep == "best" and "best" in ends else "last"
    other = "last" if kept == "best" else "best"
    summary = PhaseSummary(
        name=phase.name,
        epochs=position.epoch,
        steps=position.step,
        best_epoch=position.best_epoch,
        best_validation_loss=position.best_loss,
        kept=kept,
        file=f"{phase.name}.safetensors",
        round=phase.round,
        network=phase.network,
        **validation_of(ends[kept][1]),
    )
    if other in ends and position.best_epoch != position.epoch and session.may_be_final():
        summary = replace(summary, other_file=other_file(phase.name, other))
        tensors, row = ends[other]
        about = replace(
            summary,
            kept=other,
            file=other_file(phase.name, other),
            other_file=summary.file,
            **validation_of(row),
        )
        write(session, about, tensors)
    session.students[0].load_state_dict(ends[kept][0])
    write_phase(session, summary)
    position.phase += 1
    position.entered = False
    session.learner, session.best = None, {}


def validation_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """What a row of metrics.csv says of validation."""
    return {name: row[name] for name in ("validation_loss", "validation_accuracy")}


def write_phase(session: Session, summary: PhaseSummary) -> None:
    """Write the weights that a phase hands on, and note how it ended."""
    write(session, summary)
    session.position.summaries.append(summary.as_dict())


def write(
    session: Session, summary: PhaseSummary, tensors: Mapping[str, Tensor] | None = None
) -> None:
    """Write weights to the summary's file.

    Args:
        tensors: default: those of the network that was trained last.
    """
    job = session.job
    about = {
        "classes": list(job.classes),
        "model": session.section(summary.network).model_dump(mode="json"),
        "regions": list(job.regions),
        "image_size": job.image_size,
        "seed": job.seed,
        "phase": summary.as_dict(),
    }
    save_weights(job.folder / summary.file, session.students[0], about, tensors=tensors)
