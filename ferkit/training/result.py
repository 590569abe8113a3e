"""What a training comes to, with networks that are opened again from the files of its phases."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from ferkit.model.face_model import FaceModel
from ferkit.training.job import (
    Histogram,
    PhaseSummary,
    SampleTable,
    Trained,
    TrainedEpoch,
    TrainedRound,
)
from ferkit.training.kept_epochs import rows_of
from ferkit.training.rounds import best_round, best_so_far, rounds_so_far
from ferkit.training.session import Session
from ferkit.training.weights import read_weights


def reopened(session: Session, summary: PhaseSummary, file: str | None = None) -> list[FaceModel]:
    """The networks of a phase with the weights it handed on, on the device.

    Args:
        file: of other weights of this phase.
    Raises: FerkitError: their file is gone or damaged.
    """
    tensors, _ = read_weights(session.job.folder / (file or summary.file))
    networks = session.networks.blank(summary.network, summary.round)
    networks[0].load_state_dict(tensors)
    return [network.to(session.device) for network in networks]


def final_phase(session: Session) -> str | None:
    """Name of the phase that handed on the weights which the training ends with: the last one, or
    the best of the rounds that were run last; None where no phase was run."""
    summaries = session.position.summaries
    rounds = rounds_so_far(summaries, session.phases)
    best = best_round(rounds)
    if best is not None:
        return str(rounds[best].summary["name"])
    return str(summaries[-1]["name"]) if summaries else None


def result(session: Session) -> Trained:
    """What training made, with predictions of the final network."""
    position = session.position
    model = session.students[0].to(session.device).eval()
    frames = session.section(position.network).frames
    labelled = session.splits.table(model, "labelled", frames=frames)
    assert isinstance(labelled, SampleTable)
    summaries = tuple(PhaseSummary(**summary) for summary in position.summaries)
    rounds = rounds_so_far(position.summaries, session.phases)
    by_name = {summary.name: summary for summary in summaries}
    name = final_phase(session)
    final = None if name is None else by_name[name]
    run = [by_name[each.summary["name"]] for each in rounds]
    return Trained(
        model=model,
        device=str(session.device),
        history=tuple(position.history),
        phases=summaries,
        labelled=labelled,
        unlabelled=session.splits.table(model, "unlabelled", frames=frames),
        notes=tuple(position.notes),
        histograms=tuple(
            Histogram(phase, round_, epoch, split, tuple(counts))
            for phase, round_, epoch, split, counts in position.histograms
        ),
        final=final,
        rounds=tuple(
            TrainedRound(summary, so_far, opener(session, summary))
            for summary, so_far in zip(run, best_so_far(rounds), strict=True)
        ),
        epochs=() if final is None else trained_epochs(session, final),
    )


def opener(
    session: Session, summary: PhaseSummary, file: str | None = None
) -> Callable[[], FaceModel]:
    """Opens weights of a phase when it is called; see `reopened`."""
    return lambda: reopened(session, summary, file)[0].eval()


def trained_epochs(session: Session, final: PhaseSummary) -> tuple[TrainedEpoch, ...]:
    """The best and the last epoch of the final phase, as far as their weights were kept."""
    rows = rows_of(session.position.history, final.name)
    numbers: dict[Literal["best", "last"], int | None] = {
        "best": final.best_epoch,
        "last": final.epochs or None,
    }
    found = []
    for kind, epoch in numbers.items():
        used = kind == final.kept or final.best_epoch == final.epochs
        file = final.file if used else final.other_file
        if epoch is None or file is None:
            continue
        row = rows[epoch - 1]
        found.append(
            TrainedEpoch(
                kind=kind,
                epoch=epoch,
                validation_loss=row["validation_loss"],
                validation_accuracy=row["validation_accuracy"],
                used=used,
                file=file,
                open=opener(session, final, file),
            )
        )
    return tuple(found)
