"""Whether the machines of a Ray cluster can do the runs of a matrix, checked before they start."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ferkit.cache import cache_folder
from ferkit.errors import FerkitError
from ferkit.ray_cluster import cause_of
from ferkit.recipe_write import recipe_document
from ferkit.running.ray_task import Found, look_around

if TYPE_CHECKING:
    from ferkit.running.under_way import EngineChoice
    from ferkit.sections import Recipe

PATIENCE = 120.0
"""Seconds that machines get to answer."""

_PASSED_ON = ("FERKIT_PLUGINS", "FERKIT_REGISTRY")
_MOST_TOLD = 3


class Share(NamedTuple):
    """What each run takes of a machine."""

    cpus: float
    gpus: float

    def __str__(self) -> str:
        parts = [(self.cpus, "CPU"), (self.gpus, "GPU")]
        return (
            " and ".join(f"{n:g} {word}{'s' if n > 1 else ''}" for n, word in parts if n) or "none"
        )


class Node(NamedTuple):
    """A machine of the cluster. id: Ray's. resources: such as {"CPU": 8.0}."""

    id: str
    name: str
    resources: Mapping[str, float]

    def places(self, share: Share) -> int:
        """How many runs it can do side by side."""
        cpus, gpus = self.resources.get("CPU", 0.0), self.resources.get("GPU", 0.0)
        fits = [int(cpus / share.cpus + 1e-9)] if share.cpus else []
        if share.gpus >= 1:
            fits.append(int(gpus / share.gpus + 1e-9))
        elif share.gpus:  # a run never takes parts of two
            fits.append(int(gpus) * int(1 / share.gpus + 1e-9))
        return min(fits, default=0)


def alive(ray: Any) -> list[Node]:
    """The machines that are there now."""
    return [
        Node(
            one["NodeID"],
            f"{one['NodeManagerHostname']} ({one['NodeManagerAddress']})",
            one["Resources"],
        )
        for one in ray.nodes()
        if one["Alive"]
    ]


def share_of(
    choice: EngineChoice, devices: set[str], nodes: Sequence[Node], *, threads: int | None
) -> Share:
    """What each run takes: what was asked for, else a GPU where there is one to be used.

    Args:
        devices: `training.device` of all recipes. threads: of the runs.
    Raises: FerkitError: no machine has that much.
    """
    gpus = choice.gpus or 0.0
    if choice.gpus is None and devices != {"cpu"} and any(n.resources.get("GPU") for n in nodes):
        gpus = 1.0
    if not gpus and any(device.startswith("cuda") for device in devices):
        raise FerkitError(
            "the Ray cluster has no GPU, and runs ask for one.",
            where="training.device",
            hint="Write auto or cpu, or add machines with GPUs to the cluster.",
        )
    share = Share(choice.cpus or (1 if gpus else threads or 1), gpus)
    if not any(node.places(share) for node in nodes):
        most = max(
            nodes, key=lambda node: (node.resources.get("GPU", 0), node.resources.get("CPU", 0))
        )
        has = Share(most.resources.get("CPU", 0.0), most.resources.get("GPU", 0.0))
        raise FerkitError(
            f"no machine of the Ray cluster has {share} for a run; {most.name} has {has}.",
            where="--engine ray",
            hint="Ask for less with --cpus-per-run or --gpus-per-run.",
        )
    return share


def environment() -> dict[str, str]:
    """Variables by which runs on other machines find what they find here."""
    passed = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return {"FERKIT_CACHE": str(cache_folder().absolute()), **passed}


def check_nodes(
    ray: Any,
    nodes: Sequence[Node],
    *,
    root: Path,
    stores: Sequence[Path],
    recipes: Sequence[Recipe],
) -> list[str]:
    """Let every machine look for what runs need.

    Args:
        root: the matrix folder. stores: of the faces.
    Returns: sentences on what differs and may change numbers.
    Raises: FerkitError: machines that lack something, each by name.
    """
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    paths = sorted({path for recipe in recipes for path in paths_of(recipe_document(recipe))})
    asking = ray.remote(num_cpus=0, max_retries=0)(look_around)
    with marked([root / ".plan", *stores]) as markers:
        asked = {
            asking.options(
                scheduling_strategy=NodeAffinitySchedulingStrategy(node_id=node.id, soft=False)
            ).remote(markers, paths, environment()): node
            for node in nodes
        }
        answered, _ = ray.wait(list(asked), num_returns=len(asked), timeout=PATIENCE)
        answers: dict[str, Found | str] = {}
        for ref, node in asked.items():
            if ref not in answered:
                answers[node.name] = f"gave no answer within {PATIENCE:.0f} s"
                continue
            try:
                answers[node.name] = ray.get(ref)
            except ray.exceptions.RayError as error:
                cause = cause_of(error)
                answers[node.name] = f"can't run ferkit ({type(cause).__name__}: {cause})"
        return refuse_unfit(answers, look_around(markers, paths, {}), folder=root)


def refuse_unfit(answers: Mapping[str, Found | str], here: Found, *, folder: Path) -> list[str]:
    """Compare what machines have with what this one has.

    Args:
        answers: of each machine by name, or why there is none.
        folder: of the matrix.
    Returns: as `check_nodes`. Raises: FerkitError: as `check_nodes`.
    """
    silent = {name: told for name, told in answers.items() if isinstance(told, str)}
    found = {name: told for name, told in answers.items() if isinstance(told, Found)}
    if silent:
        lines = [f"{name} {why}" for name, why in silent.items()]
        raise _unfit(lines, "Install the same ferkit there as here.")
    plan = str(folder.absolute())
    blind = [name for name, one in found.items() if any(p.startswith(plan) for p in one.unseen)]
    if blind:
        raise FerkitError(
            f"{len(blind)} of the {len(found)} machines of the Ray cluster "
            f"{'does' if len(blind) == 1 else 'do'} not see this folder: {', '.join(blind)}.",
            where=plan,
            hint="Put it, by --out, where all machines see it under the same path.",
        )
    lines = [
        f"{name} has ferkit {one.ferkit}, this machine {here.ferkit}"
        for name, one in found.items()
        if one.ferkit != here.ferkit
    ]
    for name, one in found.items():
        lines += [f"{name} {line}" for line in _differences(one.plugins, here.plugins, "plugin ")]
    if lines:
        raise _unfit(lines, "Install the same ferkit and plugins there as here.")
    lines = [f"{name} has not {path}" for name, one in found.items() for path in one.missing]
    if lines:
        raise _unfit(lines, "Put the data where all machines see them under the same path.")
    stores = [
        f"{name} does not see {Path(path).parent}" for name, one in found.items()
        for path in one.unseen
    ]  # fmt: skip
    if stores:
        raise _unfit(
            stores,
            "Faces are prepared once, here: let faces.store, or FERKIT_CACHE, name a folder that "
            "all machines see under the same path.",
        )
    return [
        f"{name} {line}: its numbers may differ"
        for name, one in found.items()
        for line in _differences(one.versions, here.versions, "")
    ]


def _differences(there: Mapping[str, str], here: Mapping[str, str], kind: str) -> Iterator[str]:
    for name in sorted({*there, *here}):
        theirs, ours = there.get(name), here.get(name)
        if theirs == ours:
            continue
        has = f"has {kind}{name} {theirs}" if theirs is not None else f"has no {kind}{name}"
        yield f"{has}, this machine {ours if ours is not None else 'has none'}"


def _unfit(lines: Sequence[str], hint: str) -> FerkitError:
    told = list(lines[:_MOST_TOLD])
    if len(lines) > _MOST_TOLD:
        told.append(f"and {len(lines) - _MOST_TOLD} more")
    return FerkitError("; ".join(told) + ".", where="--engine ray", hint=hint)


def paths_of(document: Any) -> Iterator[str]:
    """Absolute paths in a resolved recipe that exist here, so that runs may need them."""
    if isinstance(document, Mapping):
        for value in document.values():
            yield from paths_of(value)
    elif isinstance(document, list | tuple):
        for value in document:
            yield from paths_of(value)
    elif isinstance(document, str) and _is_there(document):
        yield document


def _is_there(text: str) -> bool:
    # Path's own `exists` raises where a name is too long.
    return Path(text).is_absolute() and os.path.exists(text)  # noqa: PTH110


@contextmanager
def marked(folders: Sequence[Path]) -> Iterator[dict[str, str]]:
    """Lay a file into each folder for a while; yields path -> what it holds.

    A folder that can't be written is left out: whether it is seen shows in the runs.
    """
    markers: dict[str, str] = {}
    try:
        for folder in dict.fromkeys(folder.absolute() for folder in folders):
            path, token = folder / f".seen-{uuid.uuid4().hex[:8]}", uuid.uuid4().hex
            try:
                folder.mkdir(parents=True, exist_ok=True)
                path.write_text(token, encoding="utf-8")
            except OSError:
                continue
            markers[str(path)] = token
        yield markers
    finally:
        for name in markers:
            Path(name).unlink(missing_ok=True)
