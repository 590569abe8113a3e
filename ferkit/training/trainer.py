"""Training from phase to phase, and going on after a stop.

The order of events is drawn in docs/training.md.
"""

from __future__ import annotations

from ferkit.contracts.training import Phase
from ferkit.training.checkpoint import load_checkpoint
from ferkit.training.devices import make_fabric, reproducible
from ferkit.training.epochs import train_epoch
from ferkit.training.interruption import Interruption
from ferkit.training.job import Histogram, PhaseSummary, SampleTable, Trained, TrainingJob
from ferkit.training.session import Session
from ferkit.training.weights import load_init, save_weights

SAVE_AGAIN_SECONDS = 5.0
"""An epoch that ends sooner after a checkpoint is not saved: a kill then costs these seconds,
and tiny runs do not spend their time on writing."""


def train(job: TrainingJob, *, resume: bool = False) -> Trained:
    """Train a job from start to end, or go on where a stopped one stood.

    The result is the same whether and wherever it was stopped in between: everything random is
    keyed by (seed, phase, epoch, step or sample), and a checkpoint holds the rest.

    Args:
        job: what to train.
        resume: go on from `job.folder`; from the start if there is no whole checkpoint in it.
    Raises:
        FerkitError: the job can't be trained as it is.
        RunError: the loss is not finite, or a checkpoint can't be written.
        KeyboardInterrupt: Ctrl-C; a checkpoint was written.
    """
    fabric = make_fabric(job.training)
    with reproducible(fabric.device, job.training.threads), Interruption() as interruption:
        session = Session(job, fabric, interruption)
        checkpoint = load_checkpoint(job.folder) if resume else None
        if checkpoint is None:
            start(session)
        else:
            session.restore(checkpoint)
        while session.position.phase < len(session.phases):
            train_phase(session, session.phases[session.position.phase])
        if not session.position.finished:
            session.position.finished = True
            session.save()
        return result(session)


def start(session: Session) -> None:
    """Make the first networks: fresh, or with the weights that the recipe gives."""
    job = session.job
    session.students = session.fresh_students(0)
    statistics = None
    for student in session.students:
        if not student.own_normalisation and job.init is None:
            statistics = statistics or session.splits.statistics()
            student.set_normalisation(*statistics)
        if job.init is not None:  # with its normalisation
            load_init(student, job.init, classes=job.classes, note=session.note)
        else:
            for part in student.modules():
                for text in getattr(part, "weight_notes", ()):
                    session.note(text)
        student.to(session.device)
    if session.splits.validation is None and any(p.keep == "best" for p in session.phases):
        session.note("Without validation samples, the weights of the last epoch are kept.")


def train_phase(session: Session, phase: Phase) -> None:
    """Train a phase, or what is left of it, and hand its weights on."""
    position = session.position
    if not position.entered and phase.initial and session.job.init is not None:
        session.note(f"Phase '{phase.name}' is left out: the recipe gives a first model.")
        position.phase += 1
        return
    learner = session.learner if position.entered else None
    if learner is None:
        if phase.start == "fresh" and position.summaries:
            renew(session, phase)
        position.enter()
        session.best = {}
        learner = session.begin_learner(phase)
        for policies in session.splits.policies.values():
            policies.begin(session.progress(phase), adaptive=phase.adaptive)
    session.job.observer.phase_started(phase.name, phase.epochs)
    while not position.ended(phase):
        train_epoch(session, phase, learner)
        session.save(at_least=SAVE_AGAIN_SECONDS)
    hand_on(session, phase)


def renew(session: Session, phase: Phase) -> None:
    """Fresh weights for a later phase; inputs stay normalised as before."""
    before = session.students
    session.students = session.fresh_students(phase.round)
    for new, old in zip(session.students, before, strict=True):
        if not new.own_normalisation:
            new.set_normalisation(old.mean, old.std)


def hand_on(session: Session, phase: Phase) -> None:
    """End a phase: choose its weights, write them, let the next phase start from them."""
    job, position = session.job, session.position
    assert session.learner is not None
    final = session.learner.teacher.validated.state_dict()
    session.students[0].load_state_dict(session.best or final)
    summary = PhaseSummary(
        name=phase.name,
        epochs=position.epoch,
        steps=position.step,
        best_epoch=position.best_epoch,
        best_validation_loss=position.best_loss,
        kept="best" if session.best else "last",
        file=f"{phase.name}.safetensors",
    )
    about = {
        "classes": list(job.classes),
        "model": job.model.model_dump(mode="json"),
        "regions": list(job.regions),
        "image_size": job.image_size,
        "seed": job.seed,
        "phase": summary.as_dict(),
    }
    save_weights(job.folder / summary.file, session.students[0], about)
    position.summaries.append(summary.as_dict())
    position.phase += 1
    position.entered = False
    session.learner, session.best = None, {}
    if position.phase < len(session.phases):
        session.save(at_least=SAVE_AGAIN_SECONDS)


def result(session: Session) -> Trained:
    """What training made, with predictions of the final network."""
    model = session.students[0].to(session.device).eval()
    labelled = session.splits.table(model, "labelled")
    assert isinstance(labelled, SampleTable)
    return Trained(
        model=model,
        device=str(session.device),
        history=tuple(session.position.history),
        phases=tuple(PhaseSummary(**summary) for summary in session.position.summaries),
        labelled=labelled,
        unlabelled=session.splits.table(model, "unlabelled"),
        notes=tuple(session.position.notes),
        histograms=tuple(
            Histogram(phase, round_, epoch, split, tuple(counts))
            for phase, round_, epoch, split, counts in session.position.histograms
        ),
    )
