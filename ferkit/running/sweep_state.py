"""sweep.json, trials.csv and best.yaml: what a sweep has come to."""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from ferkit.errors import FerkitError
from ferkit.evaluation.sweep_summary import best_of
from ferkit.evaluation.wording import HEADLINES
from ferkit.files import write_whole
from ferkit.recipe_write import dump_recipe
from ferkit.running.folder import SCHEMA_VERSION, held, now, read_json, write_json
from ferkit.running.outputs import read_metrics
from ferkit.running.sweep_plan import SweepPlan, run_path
from ferkit.running.sweep_study import SweepStudy, Told
from ferkit.sweep_space import Dimension, Range

_LEAST = 1e-12
"""Probabilities below count as this in the loss."""


def measured(folder: Path, metric: str) -> float:
    """The metric of a finished run on its validation split.

    Args:
        metric: "loss" is the mean cross-entropy of the labels as they are, whatever the run
            trained against, so that trials can be compared.
    Raises: FerkitError: there is no such number.
    """
    if metric == "loss":
        return _loss(folder / "predictions.parquet")
    entry = read_json(folder / "results.json").get("validation") or {}
    value = (entry.get(metric) or {}).get("value")
    if value is None:
        raise FerkitError(f"there is no validation {metric}.", where=str(folder))
    return float(value)


def _loss(path: Path) -> float:
    table = pq.read_table(path)
    rows = [
        row
        for row in table.to_pylist()
        if row["split"] == "validation" and row["label"] is not None
    ]
    if not rows:
        raise FerkitError("holds no labelled validation sample.", where=str(path))
    probs = np.array([row[f"prob_{row['label']}"] for row in rows], np.float64)
    return float(-np.log(np.maximum(probs, _LEAST)).mean())


def write_state(plan: SweepPlan, study: SweepStudy, status: str) -> dict[str, Any]:
    """Write sweep.json.

    Args:
        status: running, interrupted, failed or done.
    Returns: what is in the file.
    """
    before = read_json(plan.root / "sweep.json")
    trials = [_entry(plan, told) for told in study.trials()]
    state: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "name": plan.name,
        "status": status,
        "started": plan.started,
        "written": now(),
        "smoke": plan.smoke,
        "asked": max(plan.trials, sum(one["state"] != "running" for one in trials)),
        "metric": plan.sweep.metric,
        "direction": "minimize" if plan.sweep.metric == "loss" else "maximize",
        "sampler": plan.sweep.sampler,
        "pruning": plan.sweep.pruning.model_dump(mode="json"),
        "seed": plan.sweep.seed,
        "seeds": list(plan.sweep.seeds),
        "keep": plan.sweep.keep,
        "space": {key: _of_dimension(each) for key, each in plan.space.items()},
        "trials": trials,
        "best": None,
        "importance": study.importance() if status == "done" else None,
        "tested": before.get("tested", {}),
        "recipe": plan.recorded,
    }
    best = best_of(state)
    state["best"] = None if best is None else best["number"]
    write_json(plan.root / "sweep.json", state)
    write_whole(plan.root / "trials.csv", trials_csv(trials, list(plan.space)))
    return state


def _of_dimension(dimension: Dimension) -> dict[str, Any]:
    """What tables and figures want to know of a key."""
    if isinstance(dimension, Range):
        return {"low": dimension.low, "high": dimension.top, "log": dimension.log}
    return {"choices": list(dimension.values)}


def _entry(plan: SweepPlan, told: Told) -> dict[str, Any]:
    folders = {seed: plan.run_folder(told.number, seed) for seed in plan.sweep.seeds}
    same_as = told.about.get("same_as")
    folder = run_path(told.number if same_as is None else same_as, plan.sweep.seeds[0])
    return {
        "number": told.number,
        "state": told.state,
        "value": told.value,
        "values": told.about.get("values") or {},
        "drawn": dict(told.drawn),
        "epochs": told.about.get("epochs", 0),
        "seconds": told.about.get("seconds", 0.0),
        "folder": folder.parent.as_posix(),
        "reports": [
            (run_path(told.number, seed) / "report.html").as_posix()
            for seed, path in folders.items()
            if (path / "report.html").is_file()
        ],
        "reason": told.about.get("reason"),
        "same_as": same_as,
        "course": [[epoch, value] for epoch, value in told.epochs],
    }


def mark_pruned(folder: Path) -> None:
    """Say in run.json that a run was ended early, where a stop kept it from saying so itself."""
    with held(folder, patience=30.0):
        state = read_json(folder / "run.json")
        if state.get("status") != "pruned":
            write_json(folder / "run.json", {**state, "status": "pruned"})


def effort(plan: SweepPlan, number: int) -> dict[str, Any]:
    """How many epochs the runs of a trial trained, and the seconds they took."""
    folders = [plan.run_folder(number, seed) for seed in plan.sweep.seeds]
    runs = [read_json(path / "run.json") for path in folders if (path / "run.json").is_file()]
    return {
        "epochs": sum(len(read_metrics(path / "metrics.csv")) for path in folders),
        "seconds": round(sum(float(run.get("seconds") or 0.0) for run in runs), 1),
    }


def trials_csv(trials: Sequence[Mapping[str, Any]], keys: Sequence[str]) -> str:
    """A row per trial.

    Args:
        trials: of sweep.json. keys: of the space.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    head = ["number", "state", "value", *keys, "epochs", "seconds", "folder", "same_as", "reason"]
    writer.writerow(head)
    for one in trials:
        drawn = [one["drawn"].get(key) for key in keys]
        rest = [one[key] for key in ("epochs", "seconds", "folder", "same_as", "reason")]
        cells = [one["number"], one["state"], one["value"], *drawn, *rest]
        writer.writerow(["" if cell is None else cell for cell in cells])
    return text.getvalue()


def write_best(plan: SweepPlan, told: Told) -> Path:
    """Write best.yaml, the recipe of the best trial with its first seed."""
    recipe = plan.recipe(told.drawn, plan.sweep.seeds[0], f"{plan.name}-best")
    return write_whole(plan.root / "best.yaml", dump_recipe(recipe))


def tested(plan: SweepPlan, number: int) -> dict[str, Any]:
    """What the runs of a trial come to on test: metric -> n, mean and value by seed.

    Returns: {} where there is no test split.
    """
    found: dict[str, Any] = {}
    for metric in HEADLINES:
        values = {}
        for seed in plan.sweep.seeds:
            results = read_json(plan.run_folder(number, seed) / "results.json")
            entry = (results.get("test") or {}).get(metric) or {}
            if entry.get("value") is not None:
                values[str(seed)] = entry
        if values:
            mean = fmean(float(entry["value"]) for entry in values.values())
            found[metric] = {"mean": mean, "seeds": values}
    return found


def remove_weights(plan: SweepPlan, study: SweepStudy) -> None:
    """Remove the checkpoints of all trials that are told of, but for the best, if so wished."""
    if plan.sweep.keep == "all":
        return
    trials = study.trials()
    entries = [{"number": t.number, "state": t.state, "value": t.value} for t in trials]
    direction = "minimize" if plan.sweep.metric == "loss" else "maximize"
    best = best_of({"trials": entries, "direction": direction})
    for told in trials:
        if told.state == "running" or (best is not None and told.number == best["number"]):
            continue
        for seed in plan.sweep.seeds:
            shutil.rmtree(plan.run_folder(told.number, seed) / "checkpoints", ignore_errors=True)
