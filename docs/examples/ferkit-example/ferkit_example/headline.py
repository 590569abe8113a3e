"""An observer's work: the result of a run in one line of text."""

from __future__ import annotations

import json

from ferkit.contracts.running import Run


def write_headline(run: Run) -> None:
    """Write `headline.txt` into the run folder, where the run had a test set."""
    results = json.loads((run.folder / "results.json").read_text(encoding="utf-8"))
    if test := results.get("test"):
        accuracy = test["accuracy"]["value"]
        line = f"{run.name}: {accuracy:.1%} of {test['n']} test samples right\n"
        (run.folder / "headline.txt").write_text(line, encoding="utf-8")
