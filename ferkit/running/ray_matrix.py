"""The runs of a matrix as tasks of a Ray cluster.

Each run is the same child process as without Ray, so its numbers are the same; a worker of Ray
only watches it. What a run leaves lies in the matrix folder, which all machines see. A run whose
worker or machine dies is tried again and goes on from its last checkpoint.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import ferkit
from ferkit.faces.from_recipe import store_folder
from ferkit.plugin import Context
from ferkit.ray_cluster import LOCAL, cause_of, connect, import_ray
from ferkit.running.children import order_of
from ferkit.running.plan import available_cores
from ferkit.running.ray_nodes import Share, alive, check_nodes, environment, share_of
from ferkit.running.ray_task import HOST, Ended, Mailbox, do_run
from ferkit.running.under_way import Message, UnderWay

if TYPE_CHECKING:
    from ferkit.running.matrix_plan import MatrixPlan
    from ferkit.running.plan import PlannedRun
    from ferkit.running.progress import Display
    from ferkit.running.under_way import EngineChoice

TRIES = 3
"""How often a run is begun whose worker or machine dies."""

LOCK_PATIENCE = 120.0
"""Seconds that a run tried again waits for what is left of the try before: a dead machine's lock
lives on for a while."""

STOPPING_PATIENCE = 45.0
LOOK_EVERY = 5.0
"""Seconds between two looks at which machines there are."""


@dataclass(eq=False)
class RayRun(UnderWay):
    """A run in the hands of Ray. host: where it runs, "" while it waits for a place."""

    task: str = "waiting for a place"
    number: int = 0
    tries: int = 0
    ref: Any = None
    host: str = ""

    def hear(self, message: Message) -> None:
        if HOST in message:
            self.host, self.task = str(message[HOST]), "starting"
            self.started = time.monotonic()
        super().hear(message)


class RayEngine:
    """Runs as tasks.

    Args:
        ray: the package, connected. share: what each run takes.
        jobs: runs handed to Ray at a time; None: as many as there are places.
        display: told of runs that are tried again.
    """

    def __init__(
        self, ray: Any, plan: MatrixPlan, *, share: Share, jobs: int | None, display: Display
    ) -> None:
        self._ray, self._plan, self._share, self._jobs = ray, plan, share, jobs
        self._display, self._environment = display, environment()
        self._threads = plan.threads()
        self._mailbox = ray.remote(num_cpus=0, max_restarts=0)(Mailbox).remote()
        self._task = ray.remote(
            num_cpus=share.cpus, num_gpus=share.gpus, max_retries=0, scheduling_strategy="SPREAD"
        )(do_run)
        self._runs: dict[Any, RayRun] = {}
        self._begun = 0
        self._places, self._looked = 1, float("-inf")

    def places(self) -> int:
        if self._jobs is not None:
            return self._jobs
        if time.monotonic() - self._looked > LOOK_EVERY:
            self._looked = time.monotonic()
            self._places = max(1, sum(node.places(self._share) for node in alive(self._ray)))
        return self._places

    def start(self, run: PlannedRun) -> UnderWay:
        one = RayRun(run)
        self._submit(one)
        return one

    def _submit(self, one: RayRun) -> None:
        order = order_of(one.run, root=self._plan.root, smoke=self._plan.smoke)
        order = replace(order, environment=self._environment)
        if one.tries:
            order = replace(order, patience=LOCK_PATIENCE)
        self._begun += 1
        one.number, one.host, one.task, one.total = self._begun, "", RayRun.task, 0
        one.tries += 1
        one.ref = self._task.remote(
            order,
            one.number,
            threads=self._threads,
            version=ferkit.__version__,
            mailbox=self._mailbox,
        )
        self._runs[one.ref] = one

    def messages(self, timeout: float) -> Iterator[tuple[UnderWay, Message | None]]:
        if not self._runs:
            return
        ended, _ = self._ray.wait(list(self._runs), num_returns=1, timeout=timeout)
        by_number = {one.number: one for one in self._runs.values()}
        for number, messages in self._ray.get(self._mailbox.take.remote()).items():
            for message in messages if number in by_number else ():
                yield by_number[number], message
        for ref in ended:
            one = self._runs.pop(ref)
            lost = self._lost(one)
            if lost and one.tries < TRIES:
                self._display.say(
                    f"lost: {one.run.label}: {lost}; try {one.tries + 1} of {TRIES} goes on from "
                    "its last checkpoint"
                )
                self._submit(one)
                continue
            if lost:
                one.ended, one.error = False, f"{lost}, {TRIES} times"
            yield one, None

    def _lost(self, one: RayRun) -> str:
        """Take in how a run ended; -> why it is to be tried again, or ""."""
        errors = self._ray.exceptions
        try:
            ended: Ended = self._ray.get(one.ref)
        except (errors.RayTaskError, errors.TaskUnschedulableError) as error:
            cause = cause_of(error)
            one.ended, one.error = False, f"{type(cause).__name__}: {cause}"
            return ""
        except errors.RayError as error:
            where = f" on {one.host}" if one.host else ""
            return f"its worker{where} died ({type(error).__name__})"
        if ended.status < 0:
            return f"{ended.error} on {one.host}"
        one.ended, one.error = ended.status == 0, ended.error
        return ""

    def stop(self) -> None:
        with suppress(self._ray.exceptions.RayError):
            if self._runs:
                self._ray.get(self._mailbox.stop.remote())
            for ref, one in self._runs.items():
                if not one.host:
                    self._ray.cancel(ref)
            left = list(self._runs)
            if left:
                _, left = self._ray.wait(left, num_returns=len(left), timeout=STOPPING_PATIENCE)
            for ref in left:
                self._ray.cancel(ref, force=True)
        self._runs.clear()
        with suppress(self._ray.exceptions.RayError):
            self._ray.kill(self._mailbox)


@contextmanager
def ray_engine(
    plan: MatrixPlan, runs: Sequence[PlannedRun], choice: EngineChoice, *, display: Display
) -> Iterator[RayEngine]:
    """A Ray cluster as an engine; one that was started here ends with it.

    Args:
        runs: that are to be done.
    Raises: FerkitError: Ray is not installed, no cluster answers, or its machines can't do them.
    """
    ray = import_ray()
    joined = connect(ray, choice.address, cpus=available_cores())
    alone = joined and choice.address in (None, LOCAL)
    try:
        recipes = list({run.cell: plan.recipes[run.cell] for run in runs}.values())
        nodes = alive(ray)
        devices = {recipe.training.device for recipe in recipes}
        share = share_of(choice, devices, nodes, threads=plan.threads())
        nodes = [node for node in nodes if node.places(share)]
        if not alone:
            stores = {store_folder(recipe.faces, Context()) for recipe in recipes}
            for line in check_nodes(
                ray, nodes, root=plan.root, stores=sorted(stores), recipes=recipes
            ):
                display.say(f"warning: {line}")
        engine = RayEngine(ray, plan, share=share, jobs=choice.jobs, display=display)
        machines = "1 machine" if len(nodes) == 1 else f"{len(nodes)} machines"
        display.say(f"Ray: {machines}, {engine.places()} runs at a time, {share} each")
        yield engine
    finally:
        if joined:
            ray.shutdown()
