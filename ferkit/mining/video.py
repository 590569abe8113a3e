"""One video from beginning to end: looked at, its runs chosen, its clips written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ferkit.contracts.data import Problem
from ferkit.errors import FerkitError, RunError
from ferkit.mining.clip import Cutter
from ferkit.mining.failed import FAILED, unexpected
from ferkit.mining.findings import Findings, collected, read_findings, write_findings
from ferkit.mining.look import Seen, Tools, Unreadable, look
from ferkit.mining.manifest import CLIPS, Row
from ferkit.mining.rule import Rule, Run
from ferkit.mining.sources import Video
from ferkit.mining.written import Written, clip_name


@dataclass(frozen=True)
class Task:
    """A video to mine. out: DIR. findings: file of them. clips: whether clips are written."""

    video: Video
    out: Path
    findings: Path
    rule: Rule
    clips: bool


@dataclass(frozen=True)
class Outcome:
    """What a video gave.

    frames, seconds: of the video; 0 if it can't be used. looked: whether faces were looked for
    now. rows: of the manifest. short, small: runs that were dropped. written: clips written
    now. problems: why it, or a part of it, could not be used.
    """

    video: Video
    frames: int = 0
    seconds: float = 0.0
    looked: bool = False
    rows: tuple[Row, ...] = ()
    short: int = 0
    small: int = 0
    written: int = 0
    problems: tuple[Problem, ...] = field(default=())

    @property
    def usable(self) -> bool:
        """Whether any frame could be decoded."""
        return self.frames > 0

    @property
    def failed(self) -> bool:
        """Whether mining it went wrong, all or in part, in a way that nobody foresaw."""
        return bool(self.failure)

    @property
    def failure(self) -> str:
        """How it did, the first if there are several; "" if it did not."""
        return next((one.what for one in self.problems if one.kind in FAILED), "")


def finished_before(task: Task) -> Outcome | None:
    """The outcome, if an earlier call left nothing to do; else None."""
    findings = read_findings(task.findings)
    if findings is None:
        return None
    parts = _parts(task, findings)
    written = Written(task.out, task.video.content)
    if task.clips and not all(written.how(name) for _, name in parts):
        return None
    return _outcome(task, findings, looked=False, cut=lambda part, name: written.how(name))


def mine_video(task: Task, tools: Tools, seen: Seen) -> Outcome:
    """Look at a video unless that was done before, and write the clips that are missing.

    Raises: RunError: findings or clips can't be written.
    """
    path = task.video.path
    findings = read_findings(task.findings)
    looked = findings is None
    if findings is None:
        try:
            frames, broken = look(path, tools, seen)
        except Unreadable as error:
            problem = Problem(error.kind, str(path), error.what, True)
            return Outcome(task.video, problems=(problem,))
        score = tools.certain_score
        write_findings(task.findings, frames, source=path, certain_score=score, broken=broken)
        findings = collected(frames, certain_score=score, broken=broken)
    if not task.clips:
        return _outcome(task, findings, looked=looked, cut=lambda part, name: "indexed")
    parts = _parts(task, findings)
    written = Written(task.out, task.video.content)
    written.plan(name for _, name in parts)
    cutter = Cutter(path, tools.reader)
    rate = max(1.0, min(1000.0, len(findings.frame) / max(1e-3, findings.seconds)))

    def cut(part: Run, name: str) -> str:
        if not written.how(name):
            written.note(name, cutter.cut(part, task.out / CLIPS / name, rate=rate))
            seen(0, 1.0)
        return written.how(name)

    return _outcome(task, findings, looked=looked, cut=cut)


def _parts(task: Task, findings: Findings) -> list[tuple[Run, str]]:
    """Frame numbers of the runs that are kept, and the names of their clips."""
    parts = []
    for run in findings.runs(task.rule).kept:
        numbers = Run(int(findings.frame[run.first]), int(findings.frame[run.last]))
        name = clip_name(task.video.path, task.video.content, numbers.first, numbers.last)
        parts.append((numbers, name))
    return parts


def _outcome(
    task: Task, findings: Findings, *, looked: bool, cut: Callable[[Run, str], str]
) -> Outcome:
    """Rows of all parts. `cut` makes sure that a clip is there and says how it was written."""
    path, before = str(task.video.path), Written(task.out, task.video.content)
    _, area, score = findings.single(task.rule.min_score)
    chosen = findings.runs(task.rule)
    rows: list[Row] = []
    problems: list[Problem] = []
    written = 0
    if findings.broken:
        problems.append(Problem("broken video", path, findings.broken, False))
    for run, (numbers, name) in zip(chosen.kept, _parts(task, findings), strict=True):
        try:
            how = cut(numbers, name) if task.clips else "indexed"
        except RunError:
            raise
        except FerkitError as error:
            problems.append(Problem("no clip", path, error.advice, True))
            continue
        except Exception as error:
            during = f"cutting out frames {numbers.first} to {numbers.last}"
            problems.append(unexpected(task.video.path, error, during=during))
            continue
        written += task.clips and not before.how(name)
        own = slice(run.first, run.last + 1)
        start = float(findings.timestamp[run.first])
        rows.append(
            Row(
                path=f"{CLIPS}/{name}" if task.clips else path,
                first_frame="" if task.clips else str(numbers.first),
                last_frame="" if task.clips else str(numbers.last),
                source=path,
                source_first=numbers.first,
                source_last=numbers.last,
                start_s=start,
                end_s=start + findings.between(run.first, run.last),
                frames=run.length,
                median_area=float(np.median(area[own])),
                mean_score=float(score[own].mean()),
                how=how,
                group=path,
            )
        )
    return Outcome(
        task.video,
        frames=len(findings.frame),
        seconds=findings.seconds,
        looked=looked,
        rows=tuple(rows),
        short=len(chosen.short),
        small=len(chosen.small),
        written=written,
        problems=tuple(problems),
    )


def total_seconds(outcomes: Sequence[Outcome]) -> tuple[float, float]:
    """Seconds of video that were looked through, and that were kept."""
    kept = sum(row.end_s - row.start_s for outcome in outcomes for row in outcome.rows)
    return sum(outcome.seconds for outcome in outcomes), kept
