"""What a report says of data, training and labels."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ferkit.evaluation.label_noise import label_noise
from ferkit.evaluation.page import PlainTable
from ferkit.evaluation.run_folder import Predictions, RunFolder, split_sizes
from ferkit.evaluation.wording import UNKNOWN, duration, number, percent

_PARTS = {"all": "", "low_intensity": ", low intensity", "high_intensity": ", high intensity"}
_SIGNS = {
    "weight": "low weight",
    "loss": "high loss",
    "self_confidence": "low probability of the label",
    "margin": "low margin of the label",
}

_COMMON = {"phase", "round", "epoch", "step", "train_loss", "validation_loss"}
_COMMON |= {"validation_accuracy", "seconds"}


def data_section(run: RunFolder) -> dict[str, Any] | None:
    """Sizes of the splits, problems by kind with examples, fingerprints."""
    data = run.run.get("data")
    if not isinstance(data, Mapping):
        return None
    problems = [entry for entry in data.get("problems") or [] if isinstance(entry, Mapping)]
    fingerprints = data.get("fingerprints")
    return {
        "sentences": [] if problems else ["No problems were found in the data."],
        "sizes": _size_table(split_sizes(run.run, run.run.get("classes") or [])),
        "problems": PlainTable(
            ("kind", "how many", "left out", "for example"),
            [
                [
                    *(str(entry.get(key, UNKNOWN)) for key in ("kind", "count", "dropped")),
                    "\n".join(str(one) for one in entry.get("examples") or []),
                ]
                for entry in problems
            ],
        )
        if problems
        else None,
        "fingerprints": [(str(key), str(value)) for key, value in fingerprints.items()]
        if isinstance(fingerprints, Mapping)
        else [],
    }


def training_section(metrics: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """A row per phase, and the first and last value of whatever else was logged."""
    if not metrics:
        return None
    phases: dict[tuple[str, Any], list[Mapping[str, Any]]] = {}
    for row in metrics:
        # NaN is not equal to itself and would open a new phase in every epoch.
        key = row.get("round", math.nan)
        phases.setdefault((str(row.get("phase", "")), None if key != key else key), []).append(row)
    rows = [_phase_row(phase, round_, epochs) for (phase, round_), epochs in phases.items()]
    columns = ["phase", "round", "epochs", "last train loss", "lowest validation loss"]
    columns += ["in epoch", "accuracy there", "time"]
    further = [name for name in metrics[0] if name not in _COMMON]
    scalars = [
        [f"{name}, {phase}", *_first_and_last(epochs, name)]
        for (phase, _), epochs in phases.items()
        for name in further
        if any(math.isfinite(row.get(name, math.nan)) for row in epochs)
    ]
    return {
        "phases": PlainTable(columns, rows),
        "scalars": PlainTable(("number, phase", "first epoch", "last epoch"), scalars)
        if scalars
        else None,
    }


def label_section(samples: Predictions | None) -> dict[str, Any] | None:
    """Weights of the training labels, and how they rank the wrong ones."""
    if samples is None or "weight" not in samples.columns:
        return None
    rows = samples.rows_of("labelled")
    if not len(rows):
        return None
    weights = samples.numbers("weight")[rows]
    if not np.isfinite(weights).all():
        return {"sentences": ["Some weights are not numbers."], "ranking": None}
    sentences = [
        f"{len(rows)} labelled training samples; their final weights have the mean "
        f"{number(float(weights.mean()), 2)}, from {number(float(weights.min()), 2)} to "
        f"{number(float(weights.max()), 2)}."
    ]
    if weights.min() == weights.max():
        sentences.append("All weights are equal: this run's weighting set no sample apart.")

    def column(name: str) -> list[Any] | None:
        values = samples.columns.get(name)
        return None if values is None else [values[row] for row in rows]

    noise = label_noise(
        weights.tolist(),
        column("given") or [None] * len(rows),
        column("truth") or [None] * len(rows),
        losses=samples.numbers("loss")[rows] if "loss" in samples.columns else None,
        intensity=column("intensity"),
        probs=samples.probs[rows],
        classes=samples.classes,
    )
    if noise is None:
        sentences.append(
            "Which labels are wrong is not known, so whether low weight finds them can't be said."
        )
    elif noise["wrong"] == 0:
        sentences.append("None of the labels whose truth is known is wrong.")
    else:
        sentences.append(
            f"{noise['wrong']} of {noise['n']} labels are known to be wrong. How well do signs of "
            "doubt find them? AUROC: chance that a wrong label shows the sign more than a right "
            "one. Precision at k: share of wrong labels among the k that show it most, k being "
            "their number. The weight is what this run learned; loss, probability and margin (to "
            "the likeliest other class) are the finished model's on the same samples, for "
            "comparison."
        )
    ranking = _ranking_table(noise) if noise and noise["wrong"] else None
    return {"sentences": sentences, "ranking": ranking}


def _size_table(sizes: Mapping[str, Mapping[str, int]]) -> PlainTable | None:
    if not sizes:
        return None
    classes = list(dict.fromkeys(name for counts in sizes.values() for name in counts if name))
    unknown = any(counts.get("") for counts in sizes.values())
    rows = [
        [name, *(str(counts.get(name, UNKNOWN)) for counts in sizes.values())] for name in classes
    ]
    if unknown:
        rows.append(["unknown class", *(str(counts.get("", 0)) for counts in sizes.values())])
    rows.append(["all", *(str(sum(counts.values())) for counts in sizes.values())])
    caption = "Samples by class and split"
    if "unlabelled" in sizes:
        caption += ". The unlabelled ones by their true class, if known; training is not told it"
    return PlainTable(["class", *sizes], rows, f"{caption}.")


def _phase_row(phase: str, round_: Any, epochs: Sequence[Mapping[str, Any]]) -> list[str]:
    losses = [row.get("validation_loss", math.nan) for row in epochs]
    known = [place for place, loss in enumerate(losses) if math.isfinite(loss)]
    best = min(known, key=lambda place: losses[place]) if known else None
    seconds = [row.get("seconds", math.nan) for row in epochs]
    spent = sum(value for value in seconds if math.isfinite(value))
    return [
        phase,
        number(round_, 0),
        str(len(epochs)),
        number(epochs[-1].get("train_loss")),
        number(losses[best]) if best is not None else UNKNOWN,
        str(best + 1) if best is not None else UNKNOWN,
        percent(epochs[best].get("validation_accuracy")) if best is not None else UNKNOWN,
        duration(spent) if spent else UNKNOWN,
    ]


def _first_and_last(epochs: Sequence[Mapping[str, Any]], name: str) -> list[str]:
    values = [row[name] for row in epochs if math.isfinite(row.get(name, math.nan))]
    return [f"{values[0]:.4g}", f"{values[-1]:.4g}"]


def _ranking_table(noise: Mapping[str, Any]) -> PlainTable:
    parts = {name: noise if key == "all" else noise.get(key) for key, name in _PARTS.items()}
    there = {name: part for name, part in parts.items() if part and part["n"]}
    columns = ["sign of a wrong label"]
    for name in there:
        columns += [f"AUROC{name}", f"precision at k{name}"]
    rows = []
    for sign, text in _SIGNS.items():
        if sign not in noise:
            continue
        cells = [text]
        for part in there.values():
            found = part[sign]
            equal = "\nall equal" if found["all_equal"] else ""
            cells += [number(found["auroc"]) + equal, percent(found["precision_at_k"]) + equal]
        rows.append(cells)
    chance = ["chance"]
    for part in there.values():
        share = f"{percent(part['wrong'] / part['n'])}\n{part['wrong']} of {part['n']}"
        chance += [number(0.5), share]
    return PlainTable(columns, [*rows, chance])
