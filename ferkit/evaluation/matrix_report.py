"""Writes the page over a matrix of runs: variants, seeds, gains."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ferkit.evaluation.axes import Axes
from ferkit.evaluation.axes_table import Layout, layout_of
from ferkit.evaluation.matrix_epochs import epochs_parts
from ferkit.evaluation.matrix_page_tables import (
    axes_page_tables,
    settings_page_table,
    summary_tables,
    tests_section,
    variant_card,
)
from ferkit.evaluation.matrix_sentences import (
    matrix_sentences,
    over,
    paired_by,
    settings_sentences,
)
from ferkit.evaluation.page import picture, render
from ferkit.evaluation.pooled_page import pooled_parts
from ferkit.evaluation.pooled_words import is_pooled
from ferkit.evaluation.protocol import matrix_protocol_alerts
from ferkit.evaluation.published import INCOMPARABLE, as_sentence
from ferkit.evaluation.report_rounds import rounds_table
from ferkit.evaluation.run_folder import read_whole
from ferkit.evaluation.settings_table import variant_names
from ferkit.evaluation.wording import SMOKE, moment
from ferkit.evaluation.writing import write_text

_COSTS = (
    "Against the cost of the network: multiply-adds of one clip, and in brackets the parameters; "
    "intervals as above. Up and to the left is better. Variants whose costs differ by less than "
    "5 % stand side by side."
)
_PANELS = " Sorted; blue where the whole interval is above 0, red where it is below, else grey."
_PUBLISHED_COSTS = " Hollow: published models, as costly as they are for a clip as long as ours."


def write_matrix_report(folder: Path) -> Path:
    """Write the report of a matrix from its `matrix.json`.

    Args:
        folder: the matrix folder.
    Returns: `report.html` in it.
    Raises:
        FerkitError: `matrix.json` is missing or broken.
        RunError: the page cannot be written.
    """
    state = read_whole(folder / "matrix.json", of="a matrix")
    summary = state.get("summary")
    content: dict[str, Any] = {
        "title": str(state.get("name") or folder.name),
        "subtitle": _subtitle(state),
        "alerts": [*_alerts(state), *matrix_protocol_alerts(folder, state)],
        "runs": [_run(folder, run) for run in state.get("runs") or []],
        "table": None,
        "settings": None,
    }
    if summary and summary.get("variants"):
        content |= _variants(summary)
    if state.get("settings"):
        content["settings"] = _settings(state["settings"], layout_of(state), state.get("axes"))
    content["pooled"] = pooled_parts(state)
    content["tests"] = tests_section(state.get("tests"))
    content["epochs"] = epochs_parts(state)
    content["rounds"] = [
        {"name": setting, "table": rounds_table(variants)}
        for setting, variants in (state.get("rounds") or {}).items()
    ]
    return write_text(folder / "report.html", render("matrix.html", content))


def _variants(summary: Mapping[str, Any]) -> dict[str, Any]:
    # Drawing is slow to import, and a matrix in which nothing finished needs none.
    from ferkit.evaluation.costs_figure import costs_figure
    from ferkit.evaluation.drawing import png
    from ferkit.evaluation.figures import variants_figure

    variants = summary["variants"]
    figures = [picture(png(variants_figure(summary)), _caption(summary))]
    cost = costs_figure({"": summary})
    figures += [picture(png(cost), _costs_caption([summary]))] if cost is not None else []
    return {
        "cards": [variant_card(name, entry, summary) for name, entry in variants.items()],
        "figures": figures,
        "sentences": matrix_sentences(summary),
        **summary_tables(summary),
    }


def _costs_caption(summaries: Iterable[Mapping[str, Any]]) -> str:
    published = any((one.get("paper") or {}).get("costs") for one in summaries)
    return _COSTS + (_PUBLISHED_COSTS if published else "")


def _settings(
    summaries: Mapping[str, Mapping[str, Any]], layout: Layout | None, axes: Axes | None
) -> dict[str, Any]:
    """The part of the page on a matrix with settings."""
    from ferkit.evaluation.axis_figure import axis_figure
    from ferkit.evaluation.costs_figure import costs_figure
    from ferkit.evaluation.drawing import png
    from ferkit.evaluation.settings_figure import settings_figure
    from ferkit.evaluation.settings_panels import MOST_TOGETHER, settings_panels

    many = len(variant_names(summaries)) > MOST_TOGETHER
    drawn = settings_panels(summaries) if many else settings_figure(summaries)
    caption = _settings_caption(summaries) + (_PANELS if many else "")
    figures = [picture(png(drawn), caption)]
    course = axis_figure(summaries, axes)
    figures += [picture(png(course), _course_caption(summaries))] if course is not None else []
    cost = costs_figure(summaries)
    caption = _costs_caption(summaries.values())
    figures += [picture(png(cost), caption)] if cost is not None else []
    return {
        "tables": [settings_page_table(summaries)]
        if layout is None
        else axes_page_tables(summaries, layout),
        "figures": figures,
        "sentences": settings_sentences(summaries),
        "each": [{"name": name, **summary_tables(summary)} for name, summary in summaries.items()],
    }


def _course_caption(summaries: Mapping[str, Mapping[str, Any]]) -> str:
    every = list(summaries.values())
    thin = "" if every[0]["baseline"] is None else " Dashed: the baseline, in the same colours."
    return f"Each variant: its mean over {over(every)} with the 95 % interval.{thin}"


def _caption(summary: Mapping[str, Any]) -> str:
    one = {"seeds": "each seed", "folds": "each fold"}.get(over([summary]), "each run")
    figure = f"its mean over {over([summary])}"
    figure = "the figure of all folds together" if is_pooled(summary) else figure
    return (
        f"Each variant: {figure} (diamond) with the 95 % interval, and {one} (dot below); the"
        " baseline is orange."
    )


def _settings_caption(summaries: Mapping[str, Mapping[str, Any]]) -> str:
    every = list(summaries.values())
    if any(entry["gain"] for summary in every for entry in summary["variants"].values()):
        return (
            "Each setting: the gain of each variant over the baseline, paired by "
            f"{paired_by(every)}, with its 95 % interval."
        )
    plain = [one for one in every if not is_pooled(one)]
    figure = f"the mean of each variant over {over(plain)}" if plain else "each variant's figure"
    figure += " (or the figure of all folds together)" if len(plain) < len(every) else ""
    return f"Each setting: {figure} with its 95 % interval."


def _subtitle(state: Mapping[str, Any]) -> str:
    runs = [run for run in state.get("runs") or [] if not run.get("shared")]
    done = sum(bool(run.get("done")) for run in runs)
    parts = [f"{done} of {len(runs)} runs done"] if runs else []
    return " · ".join([*parts, *([moment(state["written"])] if state.get("written") else [])])


def _alerts(state: Mapping[str, Any]) -> list[str]:
    lost = Counter((state.get("not_tried") or {}).values())
    texts = [
        f"{label} failed: {why}" + (f" (so {_runs(lost[label])} not tried)" if lost[label] else "")
        for label, why in (state.get("failures") or {}).items()
    ]
    if state.get("status") in ("running", "interrupted", "partial"):
        texts.insert(0, "Not all runs are finished: the table holds those that are.")
    paper = (state.get("matrix") or {}).get("paper")
    if paper and not paper.get("comparable", True):
        texts.insert(0, " ".join([INCOMPARABLE, as_sentence(paper.get("note", ""))]).strip())
    if state.get("smoke"):
        texts.insert(0, SMOKE)
    if not (state.get("summary") or state.get("settings")):
        texts.append("No run has finished yet, so there is nothing to compare.")
    return texts


def _runs(number: int) -> str:
    return f"{number} run that starts from it was" if number == 1 else (
        f"{number} runs that start from it were"
    )  # fmt: skip


def _run(folder: Path, run: Mapping[str, Any]) -> dict[str, str]:
    page = folder / str(run.get("folder", "")) / "report.html"
    setting, fold = run.get("setting"), run.get("fold")
    return {
        "variant": f"{setting}/{run.get('variant')}" if setting else str(run.get("variant", "")),
        "seed": str(run.get("seed", "")) + ("" if fold is None else f", fold {fold}"),
        "state": ("done" if run.get("done") else "not done")
        + (", another setting's" if run.get("shared") else ""),
        "link": quote(f"{run.get('folder', '')}/report.html") if page.is_file() else "",
    }
