"""The last epoch of a phase, and that of its lowest validation loss.

Which of the two a phase hands on is the loop's choice (`keep`). Where it may be the final phase
the weights of the other one are kept as well, so that both can be reported.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ferkit.contracts.training import Phase

KINDS = ("best", "last")


def other_file(phase: str, kind: str) -> str:
    """Name of the weights that a phase did not hand on. kind: of `KINDS`."""
    return f"{phase}.{kind}-epoch.safetensors"


def may_be_final(phases: Sequence[Phase], place: int) -> bool:
    """Whether the training may end with the weights of the phase at `place`: no other comes after
    it, or all that do may be left out or be worse rounds."""
    scored = phases[place].score is not None
    return all(
        (scored and later.score is not None)
        or later.rounds_patience is not None
        or later.initial is not False
        for later in phases[place + 1 :]
    )


def rows_of(history: Sequence[Mapping[str, Any]], phase: str) -> list[Mapping[str, Any]]:
    """The epochs of a phase, in their order."""
    return [row for row in history if row["phase"] == phase]


def forget_others(summaries: Sequence[dict[str, Any]], *, final: str | None) -> None:
    """Let only the final phase name a file of its other epoch."""
    for summary in summaries:
        if summary["name"] != final:
            summary["other_file"] = None


def remove_others(folder: Path, summaries: Sequence[Mapping[str, Any]]) -> None:
    """Delete the weights of other epochs that no summary names. May be repeated."""
    for summary in summaries:
        for kind in KINDS:
            name = other_file(summary["name"], kind)
            if name != summary.get("other_file"):
                (folder / name).unlink(missing_ok=True)
                (folder / name).with_suffix(".json").unlink(missing_ok=True)
