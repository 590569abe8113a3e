"""What a matrix compares: its variants on the same samples, and its means with a paper's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any

from ferkit.evaluation.comparisons import Answers, Pair, compare_all, readable_answers
from ferkit.evaluation.published import Figures, with_paper

if TYPE_CHECKING:
    from pathlib import Path

    from ferkit.matrix_section import MatrixSection
    from ferkit.running.matrix_plan import MatrixPlan
    from ferkit.running.matrix_state import Finished

Runs = dict[str, dict[str, dict[str, "Path"]]]
"""Setting ("" where there is none) -> variant -> replicate key -> folder of the run."""


def tests_of(plan: MatrixPlan, finished: Sequence[Finished]) -> dict[str, Any] | None:
    """The paired tests over the finished runs of a matrix; None where there is nothing to test.

    Returns: what `compare_all` returned.
    """
    runs: Runs = {}
    for one in finished:
        if one.run.variant in plan.matrix.variants:
            by_variant = runs.setdefault(one.run.setting or "", {})
            by_variant.setdefault(one.run.variant, {})[one.run.replicate] = one.run.folder
    read: dict[Path, Answers | None] = {}
    pairs = []
    for setting, by_variant in runs.items():
        for variant, against in _compared(plan.matrix, list(by_variant)):
            ours, theirs = by_variant[variant], by_variant[against]
            for folder in {*ours.values(), *theirs.values()} - read.keys():
                read[folder] = readable_answers(plan.root / folder / "predictions.parquet")
            pairs.append(_pair(setting, variant, against, ours, theirs, read))
    return compare_all(pairs) if pairs else None


def _compared(matrix: MatrixSection, variants: Sequence[str]) -> list[tuple[str, str]]:
    """Which variant is tested against which."""
    in_order = [name for name in matrix.variants if name in variants]
    if matrix.compare == "all":
        return [
            (first, second) if second == matrix.baseline else (second, first)
            for first, second in combinations(in_order, 2)
        ]
    if matrix.baseline not in in_order:
        return []
    return [(name, matrix.baseline) for name in in_order if name != matrix.baseline]


def _pair(
    setting: str,
    variant: str,
    against: str,
    ours: Mapping[str, Path],
    theirs: Mapping[str, Path],
    read: Mapping[Path, Answers | None],
) -> Pair:
    answers = {key: found for key, folder in ours.items() if (found := read[folder]) is not None}
    others = {key: found for key, folder in theirs.items() if (found := read[folder]) is not None}
    without = [key for key in ours if key in theirs and not (key in answers and key in others)]
    runs = tuple((ours[key], theirs[key]) for key in ours if key in theirs)
    return Pair(setting, variant, against, answers, others, without, runs)


def with_tests(
    summary: Mapping[str, Any], tests: Mapping[str, Any] | None, setting: str
) -> dict[str, Any]:
    """A summary whose variants have in `test` what comparing them with the baseline gave."""
    found = {
        pair["variant"]: pair
        for pair in (tests or {}).get("pairs", [])
        if pair["setting"] == setting and pair["against"] == summary["baseline"]
    }
    variants = {
        name: {**entry, "test": found[name]} if name in found else entry
        for name, entry in summary["variants"].items()
    }
    return {**summary, "variants": variants, "tests": _about(tests)} if tests else dict(summary)


def _about(tests: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in tests.items() if key != "pairs"}


def beside_paper(
    summary: Mapping[str, Any], matrix: MatrixSection, setting: str | None
) -> dict[str, Any]:
    """A summary with the published figures of `matrix.paper`, if there are any."""
    paper = matrix.paper
    if paper is None:
        return dict(summary)
    return with_paper(
        summary,
        paper.model_dump(include={"source", "metric", "comparable", "note", "costs"}),
        figures=paper.figures(setting),
        models=paper.models(setting),
        further={
            name: Figures(paper.figures(setting, name), paper.models(setting, name))
            for name in paper.further
        },
    )
