"""Mining a collection of videos: what is new is looked at, and the folder brought up to date."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from ferkit.contracts.data import Problem
from ferkit.errors import FerkitError
from ferkit.faces.prepared import Progress, Quiet
from ferkit.faces.report import write_failures
from ferkit.files import told_plainly, write_whole
from ferkit.locking import locked
from ferkit.mining.clip import require_pyav
from ferkit.mining.findings import FOLDER as FINDINGS
from ferkit.mining.findings import findings_file
from ferkit.mining.look import Means
from ferkit.mining.manifest import CLIPS, Row, read_manifest, write_manifest
from ferkit.mining.rule import Rule
from ferkit.mining.sources import Video, described, find_videos, identify, known_videos
from ferkit.mining.video import Outcome, Task, finished_before
from ferkit.mining.workers import cores, mine_here, mine_in_processes
from ferkit.mining.written import all_written, make_folders, remove_half_written

SETTINGS = "mining.json"
"""File of DIR that says what its manifest was made by."""
SOURCES = "sources.json"
"""File among the findings that says which content each video has."""
FAILURES = "failures.csv"
LOCK = "lock"
SMALL_MB = 1
"""For one video no larger than that, starting a process would take longer than it lasts."""


@dataclass(frozen=True)
class Mined:
    """What mining gave.

    outcomes: of each video, by path. problems: what could not be used, and why. others: rows of
    videos that were not given this time and stay in the manifest. removed: clips of earlier
    calls that are no longer wanted.
    """

    outcomes: tuple[Outcome, ...]
    problems: tuple[Problem, ...]
    others: tuple[Row, ...]
    removed: int

    @property
    def failed(self) -> list[Outcome]:
        """Of videos at which a reader, a detector or a whole process failed."""
        return [outcome for outcome in self.outcomes if outcome.failed]

    @property
    def rows(self) -> list[Row]:
        """Of the manifest, those of the given videos."""
        return [row for outcome in self.outcomes for row in outcome.rows]


def mine(
    given: Sequence[Path],
    *,
    out: Path,
    means: Means,
    settings: Mapping[str, Any],
    rule: Rule,
    clips: bool = True,
    jobs: int | None = None,
    progress: Progress | None = None,
) -> Mined:
    """Find the parts of videos that show one face, large enough, and list or cut them.

    Args:
        given: videos, and folders of them.
        out: DIR, that everything is written to.
        means: how faces are found.
        settings: names and parameters of all in `means` that changes what is found.
        rule: what a part must be.
        clips: whether parts are written as files of their own.
        jobs: processes; None: one per core on a CPU, else one. 0: this one does it all, and ends
            if a reader or a detector crashes.
        progress: told how far it is.
    Raises: FerkitError: no such file, no video, or DIR holds other videos' clips by other
        settings. RunError: something can't be written. What was found before stays.
    """
    progress = progress or Quiet()
    _refuse_jobs_on_a_gpu(jobs, means)
    if clips:
        require_pyav()
    paths, problems = find_videos(given, leave_out=out)
    make_folders(out)
    with locked(out / LOCK, what="the folder", waiting=progress.say):
        remove_half_written(out)
        known = known_videos(_text(out / FINDINGS / SOURCES))
        videos, unread = identify(paths, known=known, progress=progress)
        known |= {str(video.path): video for video in videos}
        write_whole(out / FINDINGS / SOURCES, described(known))
        made_by = {"detection": dict(settings), "rule": rule._asdict(), "clips": clips}
        others = _others(out, paths, videos, known, made_by)
        tasks = [
            Task(video, out, findings_file(out, video.content, settings), rule, clips)
            for video in videos
        ]
        outcomes = _mine_all(tasks, means, jobs, progress)
        problems += unread
        problems += [problem for one in outcomes for problem in one.problems]
        # What could not be read this time keeps the rows it had.
        used = {str(one.video.path) for one in outcomes if one.usable}
        others = [row for row in others if row.source not in used]
        rows = [row for one in outcomes for row in one.rows] + others
        write_manifest(out, rows)
        write_whole(out / SETTINGS, json.dumps(_document(made_by), indent=2) + "\n")
        removed = _remove_unwanted(out, rows)
        write_failures(problems, out / FAILURES)
    return Mined(tuple(outcomes), tuple(problems), tuple(others), removed)


def _refuse_jobs_on_a_gpu(jobs: int | None, means: Means) -> None:
    if jobs is not None and jobs > 1 and not _on_cpu(means):
        raise FerkitError(
            f"--jobs {jobs}: on {means.device} one process does the work.",
            hint="Leave --jobs out, or choose --device cpu.",
        )


def _on_cpu(means: Means) -> bool:
    return torch.device(means.device).type == "cpu"


def _others(
    out: Path,
    paths: Sequence[Path],
    videos: Sequence[Video],
    known: Mapping[str, Video],
    made_by: Mapping[str, Any],
) -> list[Row]:
    """Rows of the manifest that are not of these videos, wherever those lay then."""
    contents = {video.content for video in videos}
    rows = [
        row
        for row in read_manifest(out)
        if row.source not in known or known[row.source].content not in contents
    ]
    if not rows or _text(out / SETTINGS) == json.dumps(_document(made_by), indent=2) + "\n":
        return rows
    strangers = sorted({row.source for row in rows} - {str(path) for path in paths})
    if strangers:
        raise FerkitError(
            f"holds parts of {len(strangers)} videos that are not given now, found by other"
            f" settings (the first: {strangers[0]}).",
            where=str(out),
            hint="Give those videos, too, or choose another --out; or begin anew by removing"
            " manifest.csv: its clips then go, and what was found in the videos stays.",
        )
    return []


def _mine_all(
    tasks: Sequence[Task], means: Means, jobs: int | None, progress: Progress
) -> list[Outcome]:
    """Outcomes in the order of the tasks."""
    outcomes: dict[str, Outcome] = {}
    todo = []
    for task in tasks:
        before = finished_before(task)
        if before is None:
            todo.append(task)
        else:
            outcomes[task.video.content] = before
    if todo:
        meter = _Meter(progress, todo)
        progress.begin("mining", meter.total_mb, "MB")
        try:
            for task, outcome in _answers(todo, means, meter, jobs):
                meter.finish(task)
                outcomes[task.video.content] = outcome
        finally:
            progress.end()
    return [outcomes[task.video.content] for task in tasks]


def _answers(
    todo: Sequence[Task], means: Means, meter: _Meter, jobs: int | None
) -> Iterator[tuple[Task, Outcome]]:
    if jobs is None:
        small = len(todo) == 1 and meter.total_mb <= SMALL_MB
        jobs = 0 if small else cores() if _on_cpu(means) else 1
    if jobs == 0:
        return mine_here(todo, means, meter.count)
    # The largest first, so that no process is left alone with one at the end.
    by_size = sorted(todo, key=lambda task: -task.video.state.size)
    return mine_in_processes(by_size, means, meter.count, jobs=jobs)


class _Meter:
    """Counts bytes of videos by the part of each that is done."""

    def __init__(self, progress: Progress, tasks: Sequence[Task]) -> None:
        self.total_mb = max(1, round(sum(task.video.state.size for task in tasks) / 1e6))
        self._progress = progress
        self._videos = len(tasks)
        self._finished = self._frames = 0
        self._bytes = 0.0
        self._shares: dict[str, float] = {}
        self._began = time.monotonic()

    def count(self, task: Task, frames: int, share: float) -> None:
        self._frames += frames
        self._shares[task.video.content] = share * task.video.state.size
        self._tell()

    def finish(self, task: Task) -> None:
        self._finished += 1
        self._bytes += task.video.state.size
        self._shares.pop(task.video.content, None)
        self._tell()

    def _tell(self) -> None:
        rate = self._frames / max(1e-9, time.monotonic() - self._began)
        detail = f"{rate:.3g} frames/s, {self._finished} of {self._videos} videos"
        done = (self._bytes + sum(self._shares.values())) / 1e6
        self._progress.advance(min(done, self.total_mb), detail)


def _remove_unwanted(out: Path, rows: Sequence[Row]) -> int:
    """Remove the clips that mining wrote once and the manifest does not list any more."""
    wanted = {row.path.removeprefix(f"{CLIPS}/") for row in rows}
    return sum(written.remove_others(wanted) for written in all_written(out))


def _document(made_by: Mapping[str, Any]) -> dict[str, Any]:
    return {"schema_version": 1, "settings": dict(made_by)}


def _text(path: Path) -> str:
    """A text file's content, "" if there is none."""
    if not path.is_file():
        return ""
    with told_plainly(path):
        return path.read_text(encoding="utf-8", errors="replace")
