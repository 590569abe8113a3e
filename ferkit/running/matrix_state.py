"""matrix.json: the plan of a matrix, what of it is done, and the tables over it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ferkit.evaluation.matrix import summarise_matrix
from ferkit.evaluation.pooled_matrix import with_pooled
from ferkit.evaluation.published import rounds_beside_paper
from ferkit.evaluation.rounds import rounds_of, summarise_rounds
from ferkit.running.folder import SCHEMA_VERSION, now, read_json, write_json
from ferkit.running.matrix_comparisons import beside_paper, tests_of, with_tests
from ferkit.running.matrix_pools import leaves_subjects_out, pools_of, shares_tested
from ferkit.running.plan import FIRST, PRETRAIN

if TYPE_CHECKING:
    from ferkit.evaluation.pooled import Pooled
    from ferkit.running.matrix_plan import MatrixPlan
    from ferkit.running.plan import Cell, PlannedRun

BEFORE = ("planned", "running")
"""While a matrix stands so, nothing is tested yet."""


@dataclass
class Outcome:
    """What went wrong while a matrix was worked off.

    failures: label of a run -> why it failed.
    not_tried: label of a run -> label of the failed one that it starts from.
    causes: why runs failed, whatever they are called -> labels of the runs, the first first.
    not_begun: how many runs were left when a full disk stopped the matrix.
    """

    failures: dict[str, str] = field(default_factory=dict)
    not_tried: dict[str, str] = field(default_factory=dict)
    causes: dict[str, list[str]] = field(default_factory=dict)
    not_begun: int = 0


@dataclass(frozen=True)
class Finished:
    """A run that is done. results: of results.json. about: of run.json."""

    run: PlannedRun
    results: Mapping[str, Any]
    about: Mapping[str, Any]

    @property
    def seconds(self) -> float | None:
        """It took, or None."""
        return self.about.get("seconds")


def read_finished(plan: MatrixPlan) -> list[Finished]:
    """All runs that are done, in the order of the plan; shared ones for each of their settings."""
    by_folder: dict[Path, tuple[Mapping[str, Any], Mapping[str, Any]] | None] = {}
    found = []
    for run in plan.runs:
        if run.folder not in by_folder:
            folder = plan.root / run.folder
            by_folder[run.folder] = (
                (read_json(folder / "results.json"), read_json(folder / "run.json"))
                if plan.finished(run)
                else None
            )
        read = by_folder[run.folder]
        if read is not None:
            found.append(Finished(run, *read))
    return found


def write_state(
    plan: MatrixPlan,
    status: str,
    outcome: Outcome | None = None,
    *,
    finished: list[Finished] | None = None,
) -> dict[str, Any]:
    """Write matrix.json.

    Args:
        status: planned, running, interrupted, failed, partial (some runs were not asked for) or
            done.
        finished: of `read_finished`, where it is known already.
    Returns: what is in the file.
    """
    finished = read_finished(plan) if finished is None else finished
    outcome = outcome or Outcome()
    done = {one.run for one in finished}
    settings = plan.matrix.settings
    state: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "name": plan.name,
        "status": status,
        "started": plan.started,
        "written": now(),
        "smoke": plan.smoke,
        "matrix": plan.matrix.model_dump(mode="json"),
        "runs": [_entry(run, done=run in done) for run in plan.runs],
        "failures": outcome.failures,
        "not_tried": outcome.not_tried,
        "summary": None,
    }
    if plan.recorded is not None:
        state["recipe"] = plan.recorded
    if axes := plan.matrix.axis_values():
        state["axes"] = axes
    tests = tests_of(plan, finished) if status not in BEFORE else None
    pools = pools_of(plan, finished) if status not in BEFORE else {}
    if tests is not None:
        state["tests"] = tests
    if settings is None:
        state["summary"] = _summary(plan, finished, None, tests, pools)
    else:
        summaries = {name: _summary(plan, finished, name, tests, pools) for name in settings}
        state["settings"] = {name: one for name, one in summaries.items() if one is not None}
        state["first_accuracy"] = {name: first_accuracy(finished, name) for name in settings}
    rounds = rounds_by_setting(plan, finished)
    if rounds:
        state["rounds"] = rounds
    write_json(plan.root / "matrix.json", state)
    return state


def _entry(run: PlannedRun, *, done: bool) -> dict[str, Any]:
    return {
        "setting": run.setting,
        "variant": run.variant,
        "seed": run.seed,
        "fold": run.fold,
        "folder": run.folder.as_posix(),
        "needs": None if run.needs is None else run.needs.as_posix(),
        "shared": run.is_shared,
        "done": done,
    }


def _summary(
    plan: MatrixPlan,
    finished: list[Finished],
    setting: str | None,
    tests: Mapping[str, Any] | None,
    pools: Mapping[Cell, Pooled],
) -> dict[str, Any] | None:
    """The table over one setting; None where nothing is done."""
    results: dict[str, dict[str, Mapping[str, Any]]] = {}
    for one in finished:
        if one.run.setting == setting:
            results.setdefault(one.run.variant, {})[one.run.replicate] = one.results
    matrix = plan.matrix
    ordered = {name: results[name] for name in matrix.variants if name in results}
    if not ordered:
        return None
    summary = summarise_matrix(
        ordered,
        baseline=matrix.baseline,
        metric=matrix.metric,
        test_per_train=shares_tested(plan, finished, setting),
    )
    summary = with_pooled(
        summary,
        {name: pools[setting, name] for name in ordered if (setting, name) in pools},
        main=leaves_subjects_out(plan, setting),
    )
    return beside_paper(with_tests(summary, tests, setting or ""), matrix, setting)


def rounds_by_setting(
    plan: MatrixPlan, finished: list[Finished]
) -> dict[str, dict[str, list[dict[str, Any]]]]:
    """Setting ("" where there is none) -> variant -> `summarise_rounds`, of loops with rounds."""
    found: dict[str | None, dict[str, dict[str, list[Mapping[str, Any]]]]] = {}
    for one in finished:
        entries = rounds_of(one.results)
        if entries and one.run.variant not in (FIRST, PRETRAIN):
            variants = found.setdefault(one.run.setting, {})
            variants.setdefault(one.run.variant, {})[one.run.replicate] = entries
    metric, paper = plan.matrix.metric, plan.matrix.paper
    ratios = {setting: shares_tested(plan, finished, setting) for setting in found}
    return {
        setting or "": {
            name: rounds_beside_paper(
                summarise_rounds(runs, metric, ratios[setting].get(name)),
                paper.round_figures(setting, name) if paper and paper.metric == metric else (),
            )
            for name, runs in variants.items()
        }
        for setting, variants in found.items()
    }


def first_accuracy(finished: list[Finished], setting: str | None) -> dict[str, float]:
    """Test accuracy of a setting's first models, by replicate key."""
    found = {}
    for one in finished:
        if one.run.variant == FIRST and one.run.setting == setting:
            value = ((one.results.get("test") or {}).get("accuracy") or {}).get("value")
            if value is not None:
                found[one.run.replicate] = float(value)
    return found
