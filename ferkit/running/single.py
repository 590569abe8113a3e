"""One run, from a validated recipe to a finished run folder. Reads top to bottom."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

import ferkit
from ferkit.catalogue import Catalogue
from ferkit.contracts.running import Run
from ferkit.evaluation.report import write_report
from ferkit.files import write_whole
from ferkit.model.build import build_model
from ferkit.plugin import Context, Kind
from ferkit.plugins import Observers
from ferkit.recipe_write import dump_recipe, recipe_document
from ferkit.running.about_data import about_data, refuse_other_data
from ferkit.running.ancestry import (
    PARENTS,
    Ancestry,
    as_recorded,
    declare,
    look_back,
    parents,
)
from ferkit.running.assemble import RunData, assemble
from ferkit.running.changed_recipe import recorded
from ferkit.running.environment import device_name, plugin_versions, versions
from ferkit.running.folder import SCHEMA_VERSION, now, read_json, write_json
from ferkit.running.initial import initial_weights
from ferkit.running.known_frames import known_frames
from ferkit.running.needs import check_needs
from ferkit.running.outcome import write_outcome
from ferkit.running.seen_pictures import write_samples
from ferkit.running.student import student_of
from ferkit.running.trial import Trial
from ferkit.running.watch import EndedEarly, Row, TrainingWatch
from ferkit.training.devices import choose_device
from ferkit.training.job import PolicyChain, TrainingJob
from ferkit.training.trainer import train

if TYPE_CHECKING:
    from ferkit.contracts.training import SSLLoop
    from ferkit.model.face_model import FaceModel
    from ferkit.running.progress import Display
    from ferkit.sections import ModelSection, PolicySection, Recipe

KEPT_BACK = "The test split was not looked at: this run is a trial of a sweep."


@dataclass
class RunState:
    """What run.json says; written whole at every change."""

    path: Path
    content: dict[str, Any]

    def update(self, **changes: Any) -> None:
        self.content.update(changes)
        write_json(self.path, self.content)


def run_single(
    recipe: Recipe,
    *,
    folder: Path,
    recipe_folder: Path,
    catalogue: Catalogue,
    display: Display,
    resume: bool = False,
    smoke: bool = False,
    with_test: bool | None = None,
    in_matrix: bool = False,
    epoch_finished: Callable[[Row], None] = lambda _: None,
) -> Mapping[str, Any]:
    """Train, evaluate and report one recipe in a folder that the caller has locked.

    Args:
        recipe: validated, without a matrix.
        folder: the run folder; with `resume` it holds a run that was stopped.
        recipe_folder: relative paths in the recipe are relative to this.
        display: where progress goes.
        smoke: one batch through every phase, on a few samples.
        with_test: whether the test split may be looked at; None: as the run began, a new one
            with it. A run that was done without may be resumed with it: it is then measured, and
            not trained again.
        in_matrix: refuse test samples that a model before has seen; otherwise they are declared.
        epoch_finished: told the row of every epoch; may raise `EndedEarly`.
    Returns: the content of results.json.
    Raises: FerkitError, RunError: with the reason in run.json. EndedEarly: as `epoch_finished`
        wished. KeyboardInterrupt: what was trained is saved.
    """
    state = _begin(folder, recipe, catalogue, resume=resume, smoke=smoke)
    if with_test is not None:
        state.update(without_test=not with_test)
    started = time.monotonic()
    spent = float(state.content.get("seconds") or 0.0)
    try:
        results = _work(
            recipe,
            folder=folder,
            recipe_folder=recipe_folder,
            catalogue=catalogue,
            display=display,
            state=state,
            resume=resume,
            smoke=smoke,
            in_matrix=in_matrix,
            epoch_finished=epoch_finished,
        )
    except KeyboardInterrupt:
        state.update(status="interrupted", seconds=spent + time.monotonic() - started)
        raise
    except EndedEarly:
        state.update(status="pruned", seconds=round(spent + time.monotonic() - started, 1))
        raise
    except BaseException as error:
        state.update(status="failed", error=str(error), seconds=spent + time.monotonic() - started)
        raise
    state.update(
        status="done", finished=now(), seconds=round(spent + time.monotonic() - started, 1)
    )
    write_report(folder)  # after run.json says it is done
    return results


def _begin(
    folder: Path, recipe: Recipe, catalogue: Catalogue, *, resume: bool, smoke: bool
) -> RunState:
    """Write the resolved recipe and run.json."""
    path = folder / "run.json"
    if resume:
        state = RunState(path, read_json(path))
        state.content.pop("error", None)  # of the attempt before
        state.update(status="running", resumed=[*state.content.get("resumed", []), now()])
        return state
    text = dump_recipe(recipe)
    write_whole(folder / "recipe.yaml", text)
    state = RunState(path, {})
    state.update(
        schema_version=SCHEMA_VERSION,
        name=recipe.name,
        status="running",
        started=now(),
        finished=None,
        seconds=0.0,
        ferkit=ferkit.__version__,
        versions=versions(),
        plugins=plugin_versions(catalogue.loaded),
        seed=recipe.seed,
        smoke=smoke,
        recipe=recorded(text),
        notes=[],
    )
    return state


def _work(
    recipe: Recipe,
    *,
    folder: Path,
    recipe_folder: Path,
    catalogue: Catalogue,
    display: Display,
    state: RunState,
    resume: bool,
    smoke: bool,
    in_matrix: bool,
    epoch_finished: Callable[[Row], None],
) -> Mapping[str, Any]:
    device = str(choose_device(recipe.training.device))
    if recipe.training.threads is not None:
        torch.set_num_threads(recipe.training.threads)
    context = Context(seed=recipe.seed, device=device, folder=recipe_folder)
    trial = Trial(catalogue)
    data = assemble(
        recipe,
        catalogue,
        context,
        display=display,
        smoke=smoke,
        before=lambda read: trial(recipe, read, context),
    )
    if resume:
        refuse_other_data(state.content.get("data"), data, folder)
    starts = parents(recipe)
    ancestry = Ancestry()
    if state.content.get("without_test"):
        data = replace(data, test=None)
    elif data.test is not None:
        ancestry = look_back(data, starts)
        data = declare(data, ancestry, display, refuse=in_matrix)
    write_samples(folder, data)
    state.update(
        device=device,
        device_name=device_name(device),
        threads=torch.get_num_threads(),
        classes=list(data.classes),
        data=about_data(data),
        **{PARENTS: as_recorded(folder, starts)},
    )
    run = Run(recipe.name or "run", folder, recipe_document(recipe), data.classes)
    observers = Observers(catalogue.loaded, display.say)

    def tell(row: Row) -> None:
        observers.epoch_finished(run, row)
        epoch_finished(row)

    watch = TrainingWatch(folder / "metrics.csv", display, tell)
    observers.run_started(run)
    job = make_job(recipe, data, catalogue, context, folder=folder, observer=watch, smoke=smoke)
    try:
        trained = train(job, resume=resume)
    finally:
        display.end()
    kept_back = [KEPT_BACK] if state.content.get("without_test") else []
    notes = list(dict.fromkeys([*kept_back, *ancestry.notes, *watch.notes, *trained.notes]))
    state.update(
        notes=notes,
        phases=[phase.as_dict() for phase in trained.phases],
        weights=None if trained.final is None else f"checkpoints/{trained.final.file}",
    )
    watch.rewrite(trained.history, trained.histograms)
    known = known_frames(recipe, data, catalogue, context)
    results = write_outcome(
        recipe, data, trained, known=known, folder=folder, display=display, smoke=smoke
    )
    state.update(cost=results["cost"])
    observers.run_finished(run)
    return results


def make_job(
    recipe: Recipe,
    data: RunData,
    catalogue: Catalogue,
    context: Context,
    *,
    folder: Path,
    observer: TrainingWatch,
    smoke: bool,
) -> TrainingJob:
    """Build loop, policies and model of a recipe into a training job.

    Args:
        context: seed, device and folder; classes, regions and size are filled in from `data`.
    """
    there = {"unlabelled": data.unlabelled is not None, "validation": data.validation is not None}
    check_needs(recipe, catalogue, there)
    context = replace(
        context, classes=data.classes, regions=data.regions, image_size=data.image_size
    )

    def chain(section: PolicySection) -> PolicyChain:
        return PolicyChain(
            [catalogue.build(Kind.LABEL_UPDATE, one, context) for one in section.label_updates],
            [catalogue.build(Kind.SAMPLE_WEIGHTING, one, context) for one in section.weightings],
        )

    def build(section: ModelSection) -> FaceModel:
        return build_model(catalogue.build, section, context)

    loop: SSLLoop = catalogue.build(Kind.SSL_LOOP, recipe.loop, context)
    init_is_first = any(phase.initial for phase in loop.phases())
    return TrainingJob(
        training=recipe.training,
        model=recipe.model,
        seed=recipe.seed,
        classes=data.classes,
        loop=loop,
        labelled=data.labelled,
        unlabelled=data.unlabelled,
        validation=data.validation,
        labelled_policies=chain(recipe.labelled),
        unlabelled_policies=chain(recipe.unlabelled),
        build_model=lambda: build(recipe.model),
        folder=folder / "checkpoints",
        regions=data.regions,
        image_size=data.image_size,
        init=initial_weights(recipe.init),
        student=student_of(recipe, build, init_is_first=init_is_first),
        smoke=smoke,
        observer=observer,
    )
