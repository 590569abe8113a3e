"""Writes the page over a sweep: the best trial, how the search went, what mattered."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ferkit.evaluation.page import Picture, picture, render
from ferkit.evaluation.report_results import Card
from ferkit.evaluation.run_folder import read_whole
from ferkit.evaluation.sweep_summary import (
    Trial,
    best_of,
    counts,
    failed_sentence,
    metric_name,
    ranked,
    short_keys,
    shown_drawn,
    shown_value,
)
from ferkit.evaluation.wording import (
    METRIC_NAMES,
    SMOKE,
    UNKNOWN,
    duration,
    interval,
    moment,
    percent,
)
from ferkit.evaluation.writing import write_text

_HISTORY = "Each trial that was finished (dot), the best so far (line) and the best of all."
_SLICES = (
    "What each value did: every dot is a finished trial, the orange one the best. All values "
    "change from trial to trial, so a trend shows only where a value matters more than the others."
)
_IMPORTANCE = (
    "How much each key tells good trials from others (PED-ANOVA). A hint, not a proof: with few "
    "trials it changes from sweep to sweep."
)
_COURSES = "The validation split after each epoch, a line per trial."
_STATES = {
    "running": "This sweep was not finished when this page was written.",
    "interrupted": "This sweep was interrupted: what is shown is as far as it came. Go on with "
    "'ferkit sweep --resume' and this folder.",
    "failed": "No trial came to a value.",
}


def write_sweep_report(folder: Path) -> Path:
    """Write the report of a sweep from its `sweep.json`.

    Args:
        folder: of the sweep.
    Returns: `report.html` in it.
    Raises:
        FerkitError: `sweep.json` is missing or broken.
        RunError: the page cannot be written.
    """
    state = read_whole(folder / "sweep.json", of="a sweep")
    best = best_of(state)
    content = {
        "title": str(state["name"]),
        "subtitle": _subtitle(state),
        "alerts": _alerts(state),
        "best": None if best is None else _best(state, best),
        "figures": [] if best is None else _figures(state),
        "sentences": _sentences(state),
        "metric": metric_name(state),
        "keys": list(short_keys(list(state["space"])).values()),
        "trials": [_row(state, one) for one in ranked(state)],
    }
    return write_text(folder / "report.html", render("sweep.html", content))


def _best(state: Mapping[str, Any], best: Trial) -> dict[str, Any]:
    """The best trial: what it came to, and with which values."""
    seeds = state["seeds"]
    over = f"mean of {len(best['values'])} runs" if len(seeds) > 1 else f"seed {seeds[0]}"
    cards = [Card(metric_name(state), shown_value(state, best["value"]), over)]
    test = (state.get("tested") or {}).get(str(best["number"])) or {}
    for metric, entry in test.items():
        ends = ""
        if len(entry["seeds"]) == 1:
            (only,) = entry["seeds"].values()
            ends = f"95 %: {interval(only)}" if interval(only) else "no interval"
        else:
            ends = ", ".join(percent(one["value"]) for one in entry["seeds"].values())
        cards.append(Card(f"test {METRIC_NAMES.get(metric, metric)}", percent(entry["mean"]), ends))
    return {
        "number": best["number"],
        "cards": cards,
        "values": [(key, shown_drawn(value)) for key, value in best["drawn"].items()],
        "reports": [quote(path) for path in best["reports"]],
        "sentences": _of_test(state, has_test=bool(test)),
    }


def _of_test(state: Mapping[str, Any], *, has_test: bool) -> list[str]:
    """What the reader must know of the test figures."""
    if not has_test:
        return ["There is no figure on a test split."]
    sentences = [
        "Chosen by the validation split alone. The test split was measured after that, with the "
        "weights of this trial.",
        "The value on validation is the best of many, so it promises more than it holds; the one "
        "on test is what to report.",
    ]
    others = [number for number in state["tested"] if int(number) != state["best"]]
    if others:
        before = " and ".join(others)
        sentences.append(
            f"The sweep was extended after a look at test: the best trial was {before} then."
        )
    return sentences


def _figures(state: Mapping[str, Any]) -> list[Picture]:
    # Drawing is slow to import, and a sweep in which nothing was finished needs none.
    from ferkit.evaluation.drawing import png
    from ferkit.evaluation.sweep_figures import (
        courses_figure,
        history_figure,
        importance_figure,
        slices_figure,
    )

    importance = state.get("importance")
    figures = [picture(png(history_figure(state)), _HISTORY)]
    if importance and len(importance) > 1:
        figures.append(picture(png(importance_figure(importance)), _IMPORTANCE))
    figures.append(picture(png(slices_figure(state, importance)), _SLICES))
    courses = courses_figure(state)
    if courses is not None:
        figures.append(picture(png(courses), _COURSES))
    return figures


def _sentences(state: Mapping[str, Any]) -> list[str]:
    """How the search was done."""
    pruning = state["pruning"]
    sentences = [f"Values drawn by {state['sampler']}, seed {state['seed']} of the search."]
    if pruning["by"] != "none":
        by = "validation loss" if state["metric"] == "loss" else "validation accuracy"
        sentences.append(
            f"Trials ended early by {pruning['by']}, compared by {by} after each epoch, not before "
            f"epoch {pruning['warmup_epochs']}."
        )
    if state["metric"] == "loss":
        sentences.append(
            "The loss is the mean cross-entropy of the labels as they are, whatever a trial "
            "trained against."
        )
    if state["keep"] == "best":
        sentences.append("Weights of all trials but the best were removed.")
    return sentences


def _row(state: Mapping[str, Any], one: Trial) -> dict[str, Any]:
    told = one["state"]
    if one["same_as"] is not None:
        told = f"as trial {one['same_as']}"
    elif told == "pruned":
        told = f"pruned at epoch {one['epochs']}"
    elif told == "failed":
        told = f"failed: {one['reason']}"
    return {
        "number": one["number"],
        "is_best": one["number"] == state["best"],
        "state": told,
        "value": shown_value(state, one["value"]),
        "drawn": [shown_drawn(one["drawn"].get(key, UNKNOWN)) for key in state["space"]],
        "epochs": one["epochs"],
        "seconds": duration(one["seconds"]) if one["seconds"] else UNKNOWN,
        "link": quote(one["reports"][0]) if one["reports"] else None,
    }


def _subtitle(state: Mapping[str, Any]) -> str:
    sizes = ", ".join(f"{n} {name}" for name, n in counts(state).items() if n)
    parts = [f"a sweep of {len(state['trials'])} trials: {sizes}"]
    parts += [moment(state["written"])] if state.get("written") else []
    return " · ".join(parts)


def _alerts(state: Mapping[str, Any]) -> list[str]:
    texts = [_STATES[state["status"]]] if state["status"] in _STATES else []
    texts += [told] if (told := failed_sentence(state)) else []
    return [*texts, SMOKE] if state.get("smoke") else texts
