"""Begins and resumes what `ferkit sweep` is asked for."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from ferkit import plugins
from ferkit.catalogue import Catalogue, catalogue
from ferkit.errors import BlockedError, FerkitError
from ferkit.evaluation.sweep_summary import failed_sentence
from ferkit.evaluation.sweep_table import sweep_table
from ferkit.plugin import Context
from ferkit.recipe import LoadedRecipe, read_recipe
from ferkit.running.assemble import assemble
from ferkit.running.folder import held, read_json
from ferkit.running.progress import Display, Style, make_display
from ferkit.running.sweep_plan import SweepPlan, read_plan, write_plan
from ferkit.running.trial import Trial
from ferkit.running.unbegun import held_anew
from ferkit.training.devices import choose_device, make_fabric


def begin(
    name: str,
    *,
    out: Path | None,
    settings: Sequence[str],
    trials: int | None,
    jobs: int | None,
    smoke: bool,
    progress: Style,
) -> None:
    """Search from the start.

    Args:
        name: a file or a shipped recipe's name.
        out: the folder; None chooses one.
        settings: `--set` arguments.
        trials: instead of the recipe's number; None leaves it.
        jobs: trials side by side; None chooses.
        smoke: a few trials, one batch through every phase.
        progress: a `progress.Style`.
    Raises: FerkitError: the recipe has no sweep, or can't be swept.
    """
    need_optuna()
    components = catalogue(plugins.load())
    loaded = read_recipe(name, overrides=settings, catalogue=components, look=True)
    refuse(loaded)
    make_fabric(loaded.recipe.training)
    console = _console(progress)
    display = make_display(progress, console)
    for line in loaded.dropped:
        Console(stderr=True).print(line, markup=False, highlight=False, soft_wrap=True)
    called = f"{loaded.name}-sweep"
    with held_anew(out, called, display) as folder, resumable(folder, display):
        write_plan(loaded, components, root=folder, trials=trials, jobs=jobs, smoke=smoke)
        plan = read_plan(folder, components)
        _search(plan, components, console, display, jobs=jobs, progress=progress)


def resume(folder: Path, *, trials: int | None, jobs: int | None, progress: Style) -> None:
    """Go on with a sweep; a finished one shows its table again.

    Args:
        trials: how many there are to be in all; None leaves their number.
        jobs, progress: as of `begin`.
    Raises: FerkitError: it is no folder of a sweep.
    """
    need_optuna()
    if not folder.is_dir():
        raise FerkitError("no such folder.", where=str(folder))
    if not (folder / "sweep.json").exists():
        is_run = any((folder / each).exists() for each in ("run.json", "matrix.json"))
        raise FerkitError(
            "holds no sweep: sweep.json is not there.",
            where=str(folder),
            hint=f"Go on with this run by 'ferkit run --resume {folder}'." if is_run else None,
        )
    console = _console(progress)
    display = make_display(progress, console)
    with held(folder), resumable(folder, display):
        components = catalogue(plugins.load())
        plan = read_plan(folder, components, trials=trials)
        if _is_done(plan):
            display.say(f"{folder}: this sweep is done already; --trials with more goes on.")
            _show(plan, console, display, progress)
            return
        _search(plan, components, console, display, jobs=jobs, progress=progress)


def need_optuna() -> None:
    """Raises: FerkitError: Optuna is not installed."""
    if importlib.util.find_spec("optuna") is None:
        raise FerkitError(
            "needs Optuna, which is not installed.",
            where="ferkit sweep",
            hint="Install it by: pip install 'ferkit[sweep]'.",
        )


def refuse(loaded: LoadedRecipe) -> None:
    """Raises: FerkitError: a recipe can't be swept."""
    where = str(loaded.path)
    if loaded.sweep is None:
        raise FerkitError(
            "has no key sweep, so there is nothing to search.",
            where=where,
            hint="docs/sweep.md shows one; 'ferkit run' runs the recipe as it is.",
        )
    data = loaded.recipe.data
    if data.selection == "reported":
        raise FerkitError(
            "data.selection: reported lets the test split choose; a sweep chooses by validation "
            "alone.",
            where=where,
            hint="Set data.selection: inner.",
        )


@contextmanager
def resumable(folder: Path, display: Display) -> Iterator[None]:
    """On Ctrl-C, and where something outside stands in the way, says how to go on.

    Raises: BlockedError: the same, with that.
    """
    try:
        yield
    except BlockedError as error:
        display.end()
        if not (folder / "sweep.json").exists():
            raise  # there is nothing to go on with
        raise BlockedError(
            f"{error.what} The sweep stops; no trial is lost.",
            where=error.where,
            hint=f"Once this is put right, go on with: ferkit sweep --resume {folder}",
        ) from error
    except KeyboardInterrupt:
        display.end()
        display.say(f"Stopped; what was saved is kept. Go on with: ferkit sweep --resume {folder}")
        raise


def _search(
    plan: SweepPlan,
    components: Catalogue,
    console: Console,
    display: Display,
    *,
    jobs: int | None,
    progress: Style,
) -> None:
    """Prepare what the trials share, then run them."""
    from ferkit.running.sweep import run_sweep  # imports Optuna

    side_by_side = jobs or plan.default_jobs()
    keys = ", ".join(plan.space)
    display.say(
        f"{plan.name}: {plan.trials} trials by {plan.sweep.sampler} over {keys}, "
        f"{side_by_side} at a time"
    )
    _prepare(plan, components, display)
    try:
        run_sweep(
            plan,
            jobs=side_by_side,
            display=display,
            console=console,
            live=progress == "auto" and console.is_terminal,
        )
    except BlockedError:
        raise
    except FerkitError:
        _show_table(plan, console, progress)
        raise
    _show(plan, console, display, progress)


def _is_done(plan: SweepPlan) -> bool:
    state = read_json(plan.root / "sweep.json")
    written = all((plan.root / name).is_file() for name in ("best.yaml", "report.html"))
    return state.get("status") == "done" and len(state["trials"]) >= plan.trials and written


def _show(plan: SweepPlan, console: Console, display: Display, progress: Style) -> None:
    _show_table(plan, console, progress)
    if told := failed_sentence(read_json(plan.root / "sweep.json")):
        display.say(told)
    display.say(f"best recipe: {plan.root / 'best.yaml'}")
    display.say(f"report: {plan.root / 'report.html'}")


def _show_table(plan: SweepPlan, console: Console, progress: Style) -> None:
    state = read_json(plan.root / "sweep.json")
    if progress in ("auto", "lines") and state.get("trials"):
        console.print(sweep_table(state))


def _prepare(plan: SweepPlan, components: Catalogue, display: Display) -> None:
    """Prepare the faces that the trials share, and see that there is a validation split.

    Raises: FerkitError: there is none.
    """
    recipe = plan.loaded.recipe
    device = str(choose_device(recipe.training.device))
    context = Context(seed=recipe.seed, device=device, folder=plan.loaded.folder)
    trial = Trial(components)
    data = assemble(
        recipe,
        components,
        context,
        display=display,
        smoke=plan.smoke,
        before=lambda read: trial(recipe, read, context),
    )
    if data.validation is None or not bool((data.validation.given >= 0).any()):
        raise FerkitError(
            "a sweep chooses by the validation split, and there is none.",
            where=str(plan.loaded.path),
            hint="Set data.split.validation above 0.",
        )


def _console(progress: Style) -> Console:
    return Console(stderr=True) if progress == "json" else Console()
