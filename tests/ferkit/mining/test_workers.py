"""Several processes find what one does, and outlive neither their parent nor one another."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from multiprocessing import Pipe
from pathlib import Path
from typing import Any

import psutil
import pytest

from ferkit.errors import FerkitError, FerkitErrors, RunError
from ferkit.mining import workers
from ferkit.mining.look import Means
from ferkit.mining.mine import mine
from ferkit.mining.rule import Rule


def processes(toy: Path) -> set[str]:
    return {line.split()[0] for line in (toy / "looked").read_text().splitlines()}


@pytest.mark.slow
def test_two_processes_and_one_that_dies(miner: Any, write_video: Any, tmp_path: Path) -> None:
    for name, length in (("a", 60), ("b", 50), ("c", 40)):
        write_video(f"{name}.mp4", [("none", 2), ("one", length)])
    deadly = write_video("d.mp4", [("none", 5), ("none", 5, "blue")])  # see the toy detector
    (miner.toy / "kill").write_text("")
    folder = deadly.parent
    mined = miner(folder, jobs=2)
    assert str(os.getpid()) not in processes(miner.toy)
    assert len(processes(miner.toy)) in (2, 3)
    assert mined.died == (deadly,)
    (problem,) = mined.problems
    assert (problem.kind, problem.where) == ("process ended", str(deadly))
    assert "exit code 9" in problem.what
    text = (miner.out / "manifest.csv").read_text()
    assert text.count("\n") == 4
    (miner.toy / "kill").unlink()
    before = miner.frames_looked_at()
    assert miner(folder).died == ()  # what is left to do: the one video
    assert miner.frames_looked_at() == before + 10
    alone = tmp_path / "alone"
    miner.out = alone
    miner(folder)
    assert (alone / "manifest.csv").read_text() == text


class Ended:
    """A process that is over."""

    def __init__(self, code: int) -> None:
        self.exitcode = code

    def join(self) -> None:
        pass

    terminate = join


def scripted(
    messages: Sequence[tuple[str, Any]], monkeypatch: pytest.MonkeyPatch, *, code: int = 1
) -> None:
    """Instead of processes that work there are some that say `messages` and end."""

    def start(task: Any, means: Any) -> Any:
        here, there = Pipe()
        for message in messages:
            there.send(message)
        there.close()
        return workers._Worker(Ended(code), here, task)

    monkeypatch.setattr(workers, "_start", start)


@pytest.mark.parametrize(
    ("error", "kind", "said"),
    [
        (RunError("the disk is full.", where="a"), RunError, "a: the disk is full."),
        (FerkitErrors([FerkitError("one."), FerkitError("two.")]), FerkitError, "one.\ntwo."),
        (ZeroDivisionError("by zero"), RuntimeError, "ZeroDivisionError: by zero"),
    ],
)
def test_what_a_process_raises_is_raised_here(
    miner: Any,
    write_video: Any,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    kind: type[Exception],
    said: str,
) -> None:
    paths = [write_video("a.mp4", [("one", 9)]), write_video("b.mp4", [("one", 8)])]
    scripted([("ready", None), ("error", workers._sendable(error))], monkeypatch)
    with pytest.raises(kind) as caught:
        miner(*paths, jobs=2)
    assert str(caught.value) == said


def test_processes_that_can_not_begin(
    miner: Any, write_video: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = [write_video("a.mp4", [("one", 9)]), write_video("b.mp4", [("one", 8)])]
    scripted([], monkeypatch)
    with pytest.raises(RunError, match=r"ended as it began \(exit code 1\).*--jobs 1"):
        miner(*paths, jobs=2)


def test_a_process_that_is_killed(
    miner: Any, write_video: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = [write_video("a.mp4", [("one", 9)]), write_video("b.mp4", [("one", 8)])]
    scripted([("ready", None), ("seen", (8, 0.5))], monkeypatch, code=-9)
    mined = miner(*paths, jobs=2)
    assert sorted(mined.died) == paths
    assert {problem.what for problem in mined.problems} == {
        "the process that mined it ended with exit code -9 (killed, as the system does when"
        " memory runs out)."
    }


def test_parts_that_can_not_be_built_are_no_fault_of_a_video(
    miner: Any, write_video: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_video("a.mp4", [("one", 9)])
    monkeypatch.setenv("TOY_FOLDER", str(miner.toy / "not" / "there"))
    with pytest.raises(FileNotFoundError) as caught:
        miner(path)
    assert caught.value.__notes__ == [f"while mining {path}"]


def test_a_gpu_takes_one_process(miner: Any, write_video: Any, tmp_path: Path) -> None:
    path = write_video("a.mp4", [("one", 9)])
    means = miner.means()
    means = Means(reader=means.reader, detector=means.detector, device="cuda:0")
    with pytest.raises(FerkitError, match="--jobs 2: on cuda:0 one process does the work"):
        mine([path], out=tmp_path / "out", means=means, settings={}, rule=Rule(), jobs=2)


SCRIPT = """
import sys
from pathlib import Path
from ferkit.faces.plans import Plan
from ferkit.mining.look import Means
from ferkit.mining.mine import mine
from ferkit.mining.rule import Rule
from ferkit.plugin import Context, NoParams
from ferkit_decord.params import DecordParams

if __name__ == "__main__":
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
    while not ((miner.toy / "slow").exists() and list(written.glob("*.json"))):
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
