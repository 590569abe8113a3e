"""Preparation on several machines, as a Ray Data job.

Each worker is an actor with steps of its own; what it cuts comes back as a stream of events, and
the one process that was started writes the store. So workers need to read the files under the same
paths, but not the store. A worker that dies is replaced, and its files are begun anew by Ray.
"""

from __future__ import annotations

import importlib
import logging
import pickle
from collections import Counter, defaultdict
from collections.abc import Generator, Iterator, Sequence
from dataclasses import replace
from typing import Any

import torch

from ferkit.errors import FerkitError, RunError
from ferkit.faces.plans import StepsPlan
from ferkit.faces.process import process
from ferkit.faces.work import Cropped, Engine, Event, Work
from ferkit.ray_cluster import cause_of, connect, import_ray

AGAIN = "What is finished stays in the store; the same command goes on with the rest."


class Worker:
    """What runs in an actor: batches of files in, batches of events out."""

    def __init__(self, plan: StepsPlan) -> None:
        if torch.device(plan.device).type == "cpu":
            torch.set_num_threads(1)  # a worker has one core; as many workers as cores
        self._steps = plan.build()

    def __call__(self, batch: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Events of the files in `batch`, each with how many crops its source had before."""
        work = [pickle.loads(one) for one in batch["work"]]
        told: Counter[str] = Counter()
        # One decoding thread: a task that is begun anew gives the same events in the same order.
        for event in process(work, self._steps, threads=1):
            if isinstance(event, Cropped):
                told.update(row.key for row in event.rows)
                crops = 0
            else:
                crops = told[event.work.key]
            yield {"event": [pickle.dumps(event)], "crops": [crops]}


def ray_engine(
    plan: StepsPlan, *, address: str | None = None, workers: int | None = None
) -> Engine:
    """An engine that prepares files on a Ray cluster.

    Args:
        plan: how workers make their steps; on a GPU each worker takes one.
        address: of an existing cluster ("host:port", "ray://host:port", "auto"); None or "local":
            one is started on this machine and ended with the job.
        workers: None: one per core, or per GPU, of the cluster.
    Raises: FerkitError: Ray is not installed, or the cluster can't be reached.
    """
    device = torch.device(plan.device)
    own = replace(plan, device=device.type)

    def run(work: Sequence[Work]) -> Generator[Event, None, None]:
        ray = import_data()
        started = connect(ray, address, cpus=workers)
        try:
            yield from in_order(_events(ray, work, own, workers))
        finally:
            if started:
                ray.shutdown()

    return run


def in_order(told: Iterator[tuple[Event, int]]) -> Iterator[Event]:
    """Events without repeats, the end of each source after all of its crops.

    Blocks of a Ray job come in any order, and a worker that died may have told something twice.

    Args:
        told: events, and for the end of a source how many crops it has.
    """
    seen: defaultdict[str, set[tuple[int, int]]] = defaultdict(set)
    ended: set[str] = set()
    early: dict[str, tuple[Event, int]] = {}
    for event, crops in told:
        if isinstance(event, Cropped):
            fresh = []
            for place, row in enumerate(event.rows):
                if row.key not in ended and (row.frame, row.track) not in seen[row.key]:
                    seen[row.key].add((row.frame, row.track))
                    fresh.append(place)
            rows = [event.rows[place] for place in fresh]
            crop = event.crops if len(fresh) == len(event.rows) else event.crops[fresh]
            yield event._replace(crops=crop, rows=rows)
            keys = {row.key for row in rows} & early.keys()
        else:
            keys = {event.work.key} - ended
            early.update(dict.fromkeys(keys, (event, crops)))
        for key in sorted(keys):
            end, wanted = early[key]
            if len(seen[key]) >= wanted:
                del early[key]
                seen.pop(key, None)
                ended.add(key)
                yield end
    if early:
        raise RunError(f"the Ray job lost crops of {len(early)} files.", hint=AGAIN)


def _events(
    ray: Any, work: Sequence[Work], plan: StepsPlan, workers: int | None
) -> Iterator[tuple[Event, int]]:
    on_gpu = plan.device != "cpu"
    kind = "GPU" if on_gpu else "CPU"
    there = int(ray.cluster_resources().get(kind, 0))
    if there < 1:
        raise FerkitError(f"the Ray cluster has no {kind}.", hint="Choose another --device.")
    ray.data.DataContext.get_current().enable_progress_bars = False
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    rows = [{"work": pickle.dumps(one)} for one in work]
    blocks = -(-len(rows) // plan.batch_size)
    data = ray.data.from_items(rows, override_num_blocks=blocks).map_batches(
        Worker,
        fn_constructor_args=(plan,),
        batch_size=plan.batch_size,
        concurrency=min(workers or there, there, blocks),
        **({"num_gpus": 1} if on_gpu else {"num_cpus": 1}),
    )
    try:
        for block in data.iter_batches(batch_size=None, prefetch_batches=2):
            for event, crops in zip(block["event"], block["crops"], strict=True):
                yield pickle.loads(event), int(crops)
    except ray.exceptions.RayError as error:
        told = cause_of(error)
        if isinstance(told, FerkitError):
            raise told from error
        raise RunError(
            f"the Ray job failed: {type(told).__name__}: {told}.",
            hint=AGAIN,
        ) from error


def import_data() -> Any:
    """The package ray, with Ray Data.

    Raises: FerkitError: it is not installed.
    """
    ray = import_ray()
    importlib.import_module("ray.data")
    return ray
