"""What a report says of the run itself: recipe in short, machine, files, how to repeat."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ferkit.evaluation.cost import cost_in_words
from ferkit.evaluation.page import PlainTable
from ferkit.evaluation.protocol import protocol_alerts, read_protocol
from ferkit.evaluation.run_folder import RunFolder
from ferkit.evaluation.wording import SMOKE, UNKNOWN, duration, moment

_STATUS = {
    "interrupted": "This run was interrupted: what is shown is as far as it came. "
    "Go on with 'ferkit run --resume' and this folder.",
    "failed": "This run failed: what is shown is as far as it came.",
    "running": "This run was not finished when this page was written.",
}
_FILES = {
    "recipe.yaml": "the resolved recipe: runs again to the same numbers",
    "run.json": "versions, plugins, seed, device, data, status, times, notes",
    "results.json": "all metrics with their intervals",
    "metrics.csv": "a row per epoch",
    "predictions.parquet": "a row per predicted sample, with the probabilities",
    "train_samples.parquet": "a row per training sample: target, weight, loss",
    "samples.parquet": "who was trained on, chosen by and tested on, and which picture each is",
    "weight_histograms.csv": "how the training weights lay, epoch by epoch",
    "figures": "the figures of this page",
    "checkpoints": "weights of the model",
}
_MOST_PARAMETERS = 6


def alerts(run: RunFolder) -> list[str]:
    """What a reader must see first: the run is not complete, or files are missing."""
    status = str(run.run.get("status", "done"))
    texts = [_STATUS[status]] if status in _STATUS else []
    if run.run.get("error"):
        texts.append(str(run.run["error"]))
    if run.run.get("smoke"):
        texts.append(SMOKE)
    return [*texts, *protocol_alerts([run.run]), *run.missing]


def subtitle(run: RunFolder) -> str:
    """One line: how long, when, on what."""
    shown: tuple[tuple[str, Callable[[Any], str]], ...]
    shown = (("finished", moment), ("seconds", duration), ("device_name", str))
    parts = [show(run.run[key]) for key, show in shown if run.run.get(key) is not None]
    return " · ".join(parts)


def facts(run: RunFolder) -> list[tuple[str, str]]:
    """The recipe in short, and where it ran."""
    recipe = run.recipe
    data, model = _part(recipe, "data"), _part(recipe, "model")
    training, pooling = _part(recipe, "training"), _part(model, "aggregation")
    optimiser = _part(training, "optimiser")
    entries: list[tuple[str, Any]] = [
        ("training data", component(data.get("train"))),
        ("unlabelled data", component(data.get("unlabelled"))),
        ("test data", component(data.get("test")) if data.get("test") else None),
        ("protocol", " ".join(one.what for one in read_protocol(run.run))),
        ("labels used", data.get("labels")),
        ("transductive", "yes" if data.get("transductive") else None),
        ("loop", component(recipe.get("loop"))),
        ("policies, labelled", _policies(recipe.get("labelled"))),
        ("policies, unlabelled", _policies(recipe.get("unlabelled"))),
        ("backbone", component(model.get("backbone"))),
        (
            "aggregation",
            ", ".join(f"{slot}: {component(pooling[slot])}" for slot in pooling),
        ),
        ("cost", cost_in_words(run.results.get("cost"))),
        ("starts from", run.recipe.get("init")),
        ("optimiser", component({"use": optimiser.get("name"), "lr": optimiser.get("lr")})),
        ("batch size", training.get("batch_size")),
        ("precision", training.get("precision")),
        ("classes", ", ".join(str(name) for name in run.run.get("classes") or [])),
        ("seed", run.run.get("seed", recipe.get("seed"))),
        ("device", run.run.get("device_name") or run.run.get("device")),
        ("CPU threads", run.run.get("threads")),
        ("ferkit", run.run.get("ferkit")),
        ("plugins", _versions(run.run.get("plugins"))),
    ]
    return [(name, str(value)) for name, value in entries if value not in (None, "", "none")]


def component(entry: Any) -> str:
    """A chosen component in short: its name and its first plain parameters."""
    if not isinstance(entry, Mapping) or not entry.get("use"):
        return "none"
    plain = [
        f"{name} {str(value).lower() if isinstance(value, bool) else value}"
        for name, value in entry.items()
        if name != "use" and isinstance(value, (int, float, str)) and value != ""
    ]
    more = ", …" if len(plain) > _MOST_PARAMETERS else ""
    inside = ", ".join(plain[:_MOST_PARAMETERS]) + more
    return f"{entry['use']} ({inside})" if inside else str(entry["use"])


def reproduce(run: RunFolder) -> dict[str, Any]:
    """Command, recipe and versions."""
    versions = run.run.get("versions")
    return {
        "sentences": [
            "In this folder; the same seed on the same device with the same number of threads "
            "and the same versions gives the same numbers."
        ],
        "command": "ferkit run recipe.yaml",
        "recipe": run.recipe_text,
        "versions": [(str(name), str(value)) for name, value in versions.items()]
        if isinstance(versions, Mapping)
        else [],
    }


def file_table(folder: Path) -> PlainTable:
    """The files of a run folder that are there."""
    rows = []
    for name, what in _FILES.items():
        path = folder / name
        if path.is_dir():
            rows.append([f"{name}/", what, f"{sum(1 for _ in path.iterdir())} files"])
        elif path.is_file():
            rows.append([name, what, _size(path.stat().st_size)])
    return PlainTable(("file", "what it holds", "size"), rows)


def _size(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count >= 1_000_000 else f"{max(1, round(count / 1000))} kB"


def _part(mapping: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = mapping.get(key)
    return value if isinstance(value, Mapping) else {}


def _policies(section: Any) -> str:
    if not isinstance(section, Mapping):
        return "none"
    chosen: list[str] = []
    for kind in ("label_updates", "weightings"):
        entries = section.get(kind)
        if isinstance(entries, Sequence) and not isinstance(entries, str):
            chosen += [component(entry) for entry in entries]
    return "; ".join(chosen) or "none"


def _versions(plugins: Any) -> str:
    if not isinstance(plugins, Mapping):
        return UNKNOWN
    return ", ".join(f"{name} {version}" for name, version in plugins.items())
