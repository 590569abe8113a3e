"""Training from phase to phase, and going on after a stop.

The order of events is drawn in docs/training.md.
"""

from __future__ import annotations

from ferkit.contracts.training import Phase
from ferkit.errors import FerkitError
from ferkit.training.checkpoint import LAST, load_checkpoint
from ferkit.training.devices import make_fabric, reproducible
from ferkit.training.epochs import train_epoch
from ferkit.training.interruption import Interruption
from ferkit.training.job import PhaseSummary, Trained, TrainingJob
from ferkit.training.kept_epochs import forget_others, remove_others
from ferkit.training.learner import Learner
from ferkit.training.phase_end import hand_on, write_phase
from ferkit.training.result import final_phase, reopened, result
from ferkit.training.rounds import best_round, rounds_since_best, rounds_so_far, told
from ferkit.training.session import Session

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
            if resume and (job.folder / LAST).exists():
                session.note("The checkpoint was damaged, so training began anew.")
        else:
            session.restore(checkpoint)
        position = session.position
        while position.phase < len(session.phases):
            phase = session.phases[position.phase]
            if phase.score is None and not position.entered:
                conclude_rounds(session)
            train_phase(session, phase)
        if not position.finished:
            conclude_rounds(session)
            forget_others(position.summaries, final=final_phase(session))
            position.finished = True
            session.save()
        remove_others(job.folder, position.summaries)
        return result(session)


def start(session: Session) -> None:
    """Make the first networks: fresh, or with the weights that the recipe gives."""
    phases, job = session.phases, session.job
    if job.student is not None and all(phase.network != "student" for phase in phases):
        session.note("The recipe's section 'student' is not used: this loop trains no student.")
    session.position.network = phases[0].network
    session.students = session.networks.starting(phases[0], before=(), trained=phases[0].network)
    for student in session.students:
        student.to(session.device)
    if session.splits.validation is None and any(p.keep == "best" for p in phases):
        session.note("Without validation samples, the weights of the last epoch are kept.")
    if session.splits.validation is None and any(p.score is not None for p in phases):
        session.note("Without validation samples, the weights of the last round are the final.")


def train_phase(session: Session, phase: Phase) -> None:
    """Train a phase, or what is left of it, and hand its weights on."""
    position = session.position
    if not position.entered and phase.initial and session.job.init is not None:
        leave_out_initial(session, phase)
        return
    stale = rounds_since_best(rounds_so_far(position.summaries, session.phases))
    if (
        not position.entered
        and phase.rounds_patience is not None
        and stale >= phase.rounds_patience
    ):
        last = "the last round" if stale == 1 else f"the last {stale} rounds"
        session.note(
            f"Phase '{phase.name}' is left out: {last} brought no better validation {phase.score}."
        )
        position.phase += 1
        return
    learner = session.learner if position.entered else None
    if learner is None:
        learner = enter(session, phase)
    session.job.observer.phase_started(phase.name, phase.epochs)
    while not position.ended(phase):
        train_epoch(session, phase, learner)
        session.save(at_least=SAVE_AGAIN_SECONDS)
    hand_on(session, phase)
    if position.phase < len(session.phases):
        session.save(at_least=SAVE_AGAIN_SECONDS)


def enter(session: Session, phase: Phase) -> Learner:
    """Begin a phase: its networks, its teacher, its optimiser, the policies of the start."""
    position, before = session.position, session.students
    position.before = position.network
    if position.phase > 0:  # else they were made for it
        session.students = session.networks.starting(phase, before=before, trained=position.network)
    position.network = phase.network
    position.enter()
    session.best = {}
    learner = session.begin_learner(phase, before)
    for policies in session.splits.policies.values():
        policies.begin(session.progress(phase), adaptive=phase.adaptive)
    return learner


def leave_out_initial(session: Session, phase: Phase) -> None:
    """Let the recipe's weights stand for a phase that would make a first model.

    Raises: FerkitError: they are of other classes, so they are not a model of these.
    """
    if session.networks.new_head:
        raise FerkitError(
            f"these weights would stand for phase '{phase.name}', and they are of other classes, "
            "so their last layer is not trained.",
            where="init",
            hint="Train on these classes first, by the loop 'supervised' with this init.",
        )
    session.note(f"Phase '{phase.name}' is left out: the recipe gives a first model.")
    if phase.score is not None:
        frames = session.section(phase.network).frames
        found = session.splits.validate(session.students[0], frames=frames)
        loss, accuracy = (None, None) if found is None else found
        write_phase(
            session,
            PhaseSummary(
                name=phase.name,
                epochs=0,
                steps=0,
                best_epoch=None,
                best_validation_loss=loss,
                kept="init",
                file=f"{phase.name}.safetensors",
                round=phase.round,
                network=phase.network,
                validation_loss=loss,
                validation_accuracy=accuracy,
            ),
        )
    session.position.phase += 1


def conclude_rounds(session: Session) -> None:
    """Go back to the weights of the best round, if rounds were run last.

    Raises: FerkitError: their file is gone or damaged.
    """
    position = session.position
    rounds = rounds_so_far(position.summaries, session.phases)
    best = best_round(rounds)
    if best is None:
        return
    summary = rounds[best].summary
    if rounds[best].score is not None:
        kind = next(str(p.score) for p in session.phases if p.name == summary["name"])
        session.note(
            f"Rounds by validation {kind}: {told(rounds, kind)}. The weights are those of "
            f"'{summary['name']}'."
        )
    if best == len(rounds) - 1:
        return
    position.network = summary["network"]
    session.students = reopened(session, PhaseSummary(**summary))
