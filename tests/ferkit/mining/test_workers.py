"""Several processes find what one does, and outlive neither their parent nor one another."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from multiprocessing import Pipe
from pathlib import Path
from typing import Any

import psutil
import pytest

from ferkit.errors import FerkitError, FerkitErrors, RunError
from ferkit.faces.keys import FileState
from ferkit.mining import clip, workers
from ferkit.mining.look import Means
from ferkit.mining.mine import mine
from ferkit.mining.rule import Rule
from ferkit.mining.sources import Video
from ferkit.mining.video import Outcome, Task
from ferkit.mining.worker import sendable


def processes(toy: Path) -> set[str]:
    return {line.split()[0] for line in (toy / "looked").read_text().splitlines()}


@pytest.mark.slow
def test_two_processes_and_a_video_that_kills_them(
    miner: Any, write_video: Any, tmp_path: Path
) -> None:
    for name, length in (("a", 60), ("b", 50), ("c", 40)):
        write_video(f"{name}.mp4", [("none", 2), ("one", length)])
    deadly = write_video("d.mp4", [("none", 5), ("none", 5, "blue")])  # see the toy detector
    (miner.toy / "kill").write_text(str(int(signal.SIGSEGV)))
    folder = deadly.parent
    mined = miner(folder, jobs=2)
    assert str(os.getpid()) not in processes(miner.toy)
    assert 2 <= len(processes(miner.toy)) <= 4
    assert [outcome.video.path for outcome in mined.failed] == [deadly]
    (problem,) = mined.problems
    assert (problem.kind, problem.where) == ("process ended", str(deadly))
    assert "exit code -11 (SIGSEGV, as a decoder does" in problem.what
    assert "and so did another one" in problem.what
    text = (miner.out / "manifest.csv").read_text()
    assert text.count("\n") == 4
    assert "SIGSEGV" in (miner.out / "failures.csv").read_text()
    (miner.toy / "kill").unlink()
    before = miner.frames_looked_at()
    assert before == 150 + 3 * 2 + 2 * 8  # it was tried twice, and killed the first batch
    assert miner(folder).failed == []  # what is left to do: the one video
    assert miner.frames_looked_at() == before + 10
    alone = tmp_path / "alone"
    miner.out = alone
    miner(folder)
    assert (alone / "manifest.csv").read_text() == text


@pytest.mark.parametrize(
    ("error", "said"),
    [
        ("ValueError", "ValueError: what nobody foresaw (while looking for faces, toy_mining"),
        ("MemoryError", "memory ran out while looking for faces; a lower --jobs may help."),
    ],
)
def test_an_error_of_the_detector_costs_one_video(
    miner: Any, write_video: Any, error: str, said: str
) -> None:
    (miner.toy / "raise").write_text(error)
    bad = write_video("a.mp4", [("none", 5), ("one", 20, "blue")])
    good = write_video("b.mp4", [("one", 9)])
    mined = miner(bad.parent)
    assert [row["source"] for row in miner.rows()] == [str(good)]
    assert [outcome.video.path for outcome in mined.failed] == [bad]
    (problem,) = mined.problems
    assert (problem.kind, problem.where, problem.dropped) == ("unexpected error", str(bad), True)
    assert problem.what.startswith(said)
    (miner.toy / "raise").unlink()
    assert miner(bad.parent).failed == []  # nothing half done was kept
    assert miner.parts() == [(5, 24), (0, 8)]


def test_an_error_while_cutting_costs_one_clip(
    miner: Any, write_video: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_video("a.mp4", miner.known)
    real = clip.Cutter.cut

    def cut(self: Any, frames: Any, target: Path, **more: Any) -> Any:
        if frames.first == 41:
            raise BufferError
        return real(self, frames, target, **more)

    monkeypatch.setattr(clip.Cutter, "cut", cut)
    mined = miner(path)
    assert miner.parts() == [(7, 18), (49, 58)]
    (problem,) = mined.problems
    assert problem.what.startswith("BufferError (while cutting out frames 41 to 48, ")
    monkeypatch.undo()
    monkeypatch.setenv("TOY_FOLDER", str(miner.toy))
    assert miner(path).failed == []
    assert miner.parts() == [(7, 18), (41, 48), (49, 58)]
    assert miner.frames_looked_at() == 59


class Ended:
    """A process that is over."""

    def __init__(self, code: int) -> None:
        self.exitcode = code

    def join(self) -> None:
        pass

    terminate = join


@dataclass
class Script:
    """What processes say, each in turn, and that they end. started: their tasks."""

    processes: list[Sequence[tuple[str, Any]]]
    code: int = 1
    started: list[Task] = field(default_factory=list)

    def start(self, task: Task, means: Any) -> Any:
        here, there = Pipe()
        messages = self.processes.pop(0)
        for kind, content in messages:
            there.send((kind, Outcome(task.video, frames=9) if kind == "done" else content))
        there.close()
        self.started.append(task)
        return workers._Worker(Ended(self.code), here, task)


@pytest.fixture
def tasks(tmp_path: Path) -> list[Task]:
    state = FileState(1, 1)
    videos = [Video(tmp_path / f"{name}.mp4", name, state) for name in "abc"]
    return [Task(video, tmp_path, tmp_path / "findings", Rule(), False) for video in videos]


READY, DONE = ("ready", None), ("done", None)


def mined(script: Script, tasks: list[Task], monkeypatch: Any, *, jobs: int) -> list[Outcome]:
    monkeypatch.setattr(workers, "_start", script.start)
    answers = workers.mine_in_processes(tasks, None, lambda *told: None, jobs=jobs)  # type: ignore[arg-type]
    return [outcome for _, outcome in answers]


@pytest.mark.parametrize(
    ("error", "kind", "said"),
    [
        (RunError("the disk is full.", where="a"), RunError, "a: the disk is full."),
        (FerkitErrors([FerkitError("one."), FerkitError("two.")]), FerkitError, "one.\ntwo."),
        (ZeroDivisionError("by zero"), RuntimeError, "ZeroDivisionError: by zero"),
    ],
)
def test_what_stops_a_process_stops_all(
    tasks: list[Task],
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    kind: type[Exception],
    said: str,
) -> None:
    script = Script([[READY, ("error", sendable(error))], [READY]])
    with pytest.raises(kind) as caught:
        mined(script, tasks, monkeypatch, jobs=2)
    assert str(caught.value) == said


def test_processes_that_can_not_begin(tasks: list[Task], monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RunError, match=r"end as they begin \(exit code 1\).*--jobs 0"):
        mined(Script([[]] * 3), tasks, monkeypatch, jobs=1)


def test_a_process_that_can_not_begin_among_others(
    tasks: list[Task], monkeypatch: pytest.MonkeyPatch
) -> None:
    script = Script([[], [READY, DONE], [READY, DONE], [READY, DONE]])
    outcomes = mined(script, tasks, monkeypatch, jobs=2)
    assert sorted(outcome.video.content for outcome in outcomes) == ["a", "b", "c"]
    assert not any(outcome.failed for outcome in outcomes)


def test_a_process_that_dies_between_two_videos(
    tasks: list[Task], monkeypatch: pytest.MonkeyPatch
) -> None:
    script = Script([[READY, DONE]] * 3)  # the next video can't be sent
    outcomes = mined(script, tasks, monkeypatch, jobs=1)
    assert [outcome.video.content for outcome in outcomes] == ["a", "b", "c"]
    assert not any(outcome.failed for outcome in outcomes)


def test_a_video_that_kills_is_tried_once_more_at_the_end(
    tasks: list[Task], monkeypatch: pytest.MonkeyPatch
) -> None:
    dies = [READY, ("seen", (8, 0.5))]
    script = Script([dies, [READY, DONE], [READY, DONE], dies], code=-9)
    outcomes = mined(script, tasks, monkeypatch, jobs=1)
    assert [task.video.content for task in script.started] == ["a", "b", "c", "a"]
    assert [(one.video.content, one.failed) for one in outcomes] == [
        ("b", False),
        ("c", False),
        ("a", True),
    ]
    assert outcomes[-1].failure == (
        "the process that mined it ended with exit code -9 (SIGKILL, as the system does when"
        " memory runs out), and so did another one."
    )
    again = Script([dies, [READY, DONE], [READY, DONE], [READY, DONE]])
    assert not any(outcome.failed for outcome in mined(again, tasks, monkeypatch, jobs=1))


def test_parts_that_can_not_be_built_are_no_fault_of_a_video(
    miner: Any, write_video: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_video("a.mp4", [("one", 9)])
    monkeypatch.setenv("TOY_FOLDER", str(miner.toy / "not" / "there"))
    with pytest.raises(FileNotFoundError):
        miner(path)


def test_a_gpu_takes_one_process(miner: Any, write_video: Any, tmp_path: Path) -> None:
    path = write_video("a.mp4", [("one", 9)])
    means = miner.means()
    means = Means(reader=means.reader, detector=means.detector, device="cuda:0")
    with pytest.raises(FerkitError, match="--jobs 2: on cuda:0 one process does the work"):
        mine([path], out=tmp_path / "out", means=means, settings={}, rule=Rule(), jobs=2)


SCRIPT = """
import signal, sys
from pathlib import Path
from ferkit.faces.plans import Plan
from ferkit.mining.look import Means
from ferkit.mining.mine import mine
from ferkit.mining.rule import Rule
from ferkit.plugin import Context, NoParams
from ferkit_decord.params import DecordParams

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # the tests may run in a background
    reader = Plan("ferkit_decord.reader:DecordReader", DecordParams(), Context())
    means = Means(reader, Plan("slow_parts:Detector", NoParams(), Context()), batch_size=8)
    mine([Path(sys.argv[1])], out=Path(sys.argv[2]), means=means, settings={"by": "toy"},
         rule=Rule(min_frames=5), jobs=2)
"""

SLOW = """
import time
from toy_mining_parts import FOLDER, Detector as Toy


class Detector(Toy):
    def detect(self, frames):
        answer = super().detect(frames)
        if len(frames) < 8:  # only the long video ends in fewer
            (FOLDER / "slow").write_text("")
            time.sleep(60)
        return answer
"""


def _noted(written: Path) -> bool:
    """Whether a clip is there: planned ones are noted too, before they are written."""
    return any("copied" in path.read_text() for path in written.glob("*.json"))


@pytest.mark.slow
@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT])
def test_an_end_in_the_middle_loses_one_video_and_leaves_no_process(
    miner: Any, write_video: Any, tmp_path: Path, end: signal.Signals
) -> None:
    short = write_video("a.mp4", [("one", 16)])
    write_video("b.mp4", [("one", 100)])
    (miner.toy / "slow_parts.py").write_text(SLOW)
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    environment = {**os.environ, "PYTHONPATH": str(miner.toy), "TOY_FOLDER": str(miner.toy)}
    command = [sys.executable, str(script), str(short.parent), str(miner.out)]
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE)
    written = miner.out / "written"
    deadline = time.monotonic() + 60
    while not ((miner.toy / "slow").exists() and _noted(written)):
        assert process.poll() is None, process.stderr and process.stderr.read().decode()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    time.sleep(0.2)
    children = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(end)
    process.communicate(timeout=20)
    psutil.wait_procs(children, timeout=10)
    assert not [child for child in children if child.is_running() and child.status() != "zombie"]
    assert len(list((miner.out / "clips").iterdir())) == 1
    assert not (miner.out / "manifest.csv").exists()
    before = miner.frames_looked_at()
    miner(short.parent, settings={"by": "toy"}, rule=Rule(min_frames=5))
    assert miner.frames_looked_at() == before + 100  # those of b.mp4
