from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ferkit.evaluation.protocol import matrix_protocol_alerts, protocol_alerts, read_protocol


def entry(name: str, what: str, declared: bool = True) -> dict[str, Any]:
    return {"name": name, "title": name.title(), "what": what, "declared": declared}


def run(*entries: dict[str, Any]) -> dict[str, Any]:
    return {"data": {"protocol": list(entries)}}


def test_a_run_says_what_is_declared() -> None:
    one = run(entry("transductive", "All of it."), entry("held-out", "20 samples.", False))
    assert [found.name for found in read_protocol(one)] == ["transductive", "held-out"]
    assert protocol_alerts([one]) == ["Protocol: All of it."]


def test_a_run_of_an_older_ferkit_says_nothing() -> None:
    for old in ({}, {"data": None}, {"data": {"protocol": "x"}}, run({"title": "no name"})):
        assert read_protocol(old) == []
    assert protocol_alerts([{}, run(entry("a", "A."))]) == ["Protocol: A."]


def test_runs_of_one_page_are_told_together() -> None:
    folds = [run(entry("k-fold", f"Fold {i} of 5."), entry("noise", "10 %.")) for i in range(5)]
    assert protocol_alerts(folds) == ["Protocol: K-Fold.", "Protocol: 10 %."]
    mixed = [*folds, run(entry("k-fold", "Fold 9."))]
    assert protocol_alerts(mixed) == ["Protocol: K-Fold.", "Protocol (5 of 6 runs): 10 %."]


def test_a_matrix_reads_its_runs_once_each(tmp_path: Path) -> None:
    for name, content in (("a", run(entry("x", "X."))), ("b", run())):
        (tmp_path / name).mkdir()
        (tmp_path / name / "run.json").write_text(json.dumps(content))
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "run.json").write_text("{")
    state = {"runs": [{"folder": name} for name in ("a", "a", "b", "c", "never begun")]}
    assert matrix_protocol_alerts(tmp_path, state) == ["Protocol: X."]
