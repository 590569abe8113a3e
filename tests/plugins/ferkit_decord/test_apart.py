"""A process of its own decodes long videos."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import ferkit_decord.apart as apart
import numpy as np
import psutil
import pytest
import torch
from ferkit_decord.apart import FramesApart
from ferkit_decord.params import DecordParams
from ferkit_decord.reader import DecordReader

from ferkit.contracts.faces import Sampling
from ferkit.plugin import Context

SHAPE = (360, 640, 3)


@pytest.fixture
def video(real_data: Path) -> Path:
    return real_data / "videos" / "single_face.mp4"


def state(process: int) -> str:
    return str(psutil.Process(process).status())


def test_frames_come_in_any_portions(video: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "BATCH_BYTES", 5 * 360 * 640 * 3)
    chunks = DecordReader(DecordParams(threads=1), Context()).read(video, Sampling("all"))
    whole = torch.cat([chunk.frames for chunk in chunks]).permute(0, 2, 3, 1).numpy()
    with FramesApart(str(video), 1, np.arange(72), SHAPE) as frames:
        taken = [frames.take(count) for count in (1, 3, 20, 48)]
    assert [failure for _, failure in taken] == [None] * 4
    assert np.array_equal(np.concatenate([some for some, _ in taken]), whole)


def test_it_stands_still_between_two_calls_and_is_gone_after(video: Path) -> None:
    with FramesApart(str(video), 1, np.arange(72), SHAPE) as frames:
        process = frames._process.pid
        frames.take(2)
        assert state(process) == psutil.STATUS_STOPPED
        frames.take(60)
        assert state(process) == psutil.STATUS_STOPPED
    assert not psutil.pid_exists(process)


def test_a_reader_that_is_left_leaves_no_process(
    video: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ferkit_decord.reader.AT_HAND_MIB", 0)
    before = set(psutil.Process().children())
    chunks = DecordReader(DecordParams(threads=1, chunk_mib=1), Context()).read(video, Sampling())
    next(chunks)
    (child,) = set(psutil.Process().children()) - before
    chunks.close()
    assert not child.is_running()


def test_a_killed_process_is_a_video_that_breaks_off(
    video: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ferkit_decord.reader.AT_HAND_MIB", 0)
    monkeypatch.setattr(apart, "BATCH_BYTES", 3 * 360 * 640 * 3)
    before = set(psutil.Process().children())
    reader = DecordReader(DecordParams(threads=1, chunk_mib=2), Context())
    chunks = reader.read(video, Sampling("all"))
    assert next(chunks).number.tolist() == [0, 1, 2]
    (child,) = set(psutil.Process().children()) - before
    child.kill()
    with pytest.raises(OSError, match=r"decord's process ended \(-9\)"):
        list(chunks)


def test_whoever_lets_it_go_on_it_hands_over_what_is_asked_for(
    video: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apart, "BATCH_BYTES", 5 * 360 * 640 * 3)
    with FramesApart(str(video), 1, np.arange(72), SHAPE) as frames:
        whole = frames.take(72)[0]
    with FramesApart(str(video), 1, np.arange(72), SHAPE) as frames:
        process = frames._process.pid
        taken = []
        for _ in range(24):
            taken.append(frames.take(3)[0])
            for _ in range(3):
                os.kill(process, signal.SIGCONT)
                time.sleep(0.005)
    assert np.array_equal(np.concatenate(taken), whole)


def test_whoever_stops_it_it_goes_on(video: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "BATCH_BYTES", 5 * 360 * 640 * 3)
    with FramesApart(str(video), 1, np.arange(72), SHAPE) as frames:
        ended = threading.Event()

        def stop() -> None:
            while not ended.wait(0.01):
                os.kill(frames._process.pid, signal.SIGSTOP)

        stopping = threading.Thread(target=stop)
        stopping.start()
        try:
            taken, failure = frames.take(72)
        finally:
            ended.set()
            stopping.join()
    assert failure is None
    assert len(taken) == 72


def test_it_may_be_asked_late(video: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "BATCH_BYTES", 5 * 360 * 640 * 3)
    with FramesApart(str(video), 1, np.arange(20), SHAPE) as frames:
        for _ in range(400):
            if state(frames._process.pid) == psutil.STATUS_STOPPED:
                break
            time.sleep(0.05)
        os.kill(frames._process.pid, signal.SIGCONT)
        late = frames.take(20)[0]
    with FramesApart(str(video), 1, np.arange(20), SHAPE) as frames:
        assert np.array_equal(late, frames.take(20)[0])


def test_an_interruption_is_what_is_raised(video: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ferkit_decord.reader.AT_HAND_MIB", 0)
    chunks = DecordReader(DecordParams(threads=1, chunk_mib=1), Context()).read(video, Sampling())
    next(chunks)

    monkeypatch.setattr(FramesApart, "take", interrupted_copy)
    with pytest.raises(KeyboardInterrupt):
        next(chunks)


def interrupted_copy(self: FramesApart, count: int) -> None:
    """As if Ctrl-C came while a view of the shared memory is in use."""
    view = np.frombuffer(self._shared, np.uint8, 3, self._room)
    assert len(view) == 3
    raise KeyboardInterrupt


def test_with_stdin_closed(video: Path) -> None:
    script = (
        "import os, sys, numpy as np\n"
        "os.close(0)\n"
        "from ferkit_decord.apart import FramesApart\n"
        "with FramesApart(sys.argv[1], 1, np.arange(72), (360, 640, 3)) as frames:\n"
        "    taken, failure = frames.take(7)\n"
        "assert len(taken) == 7 and failure is None, failure\n"
    )
    subprocess.run([sys.executable, "-c", script, str(video)], check=True)


@pytest.mark.parametrize("hang_up", ["SIG_DFL", "SIG_IGN"])  # nohup ignores it
@pytest.mark.parametrize("adopted", [False, True], ids=["", "adopted in its session"])
def test_it_ends_with_a_parent_that_is_killed(video: Path, hang_up: str, adopted: bool) -> None:
    if adopted and sys.platform != "linux":
        pytest.skip("Linux alone ends a process that is stopped and adopted in its session")
    script = (
        "import ctypes, os, signal, sys, time, numpy as np\n"
        f"signal.signal(signal.SIGHUP, signal.{hang_up})\n"
        f"if {adopted}:\n"
        "    ctypes.CDLL(None).prctl(36, 1)\n"  # it adopts, as a container's first process
        "    if parent := os.fork():\n"
        "        os.waitpid(parent, 0)\n"
        "        time.sleep(60)\n"
        "print(os.getpid(), flush=True)\n"
        "from ferkit_decord.apart import FramesApart\n"
        "frames = FramesApart(sys.argv[1], 1, np.arange(72), (360, 640, 3)).__enter__()\n"
        "frames.take(2)\n"
        "print(frames._process.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", script, str(video)], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    owner, child = int(parent.stdout.readline()), int(parent.stdout.readline())
    try:
        for _ in range(100):
            if state(child) == psutil.STATUS_STOPPED:
                break
            time.sleep(0.05)
        os.kill(owner, signal.SIGKILL)
        for _ in range(100):
            if not psutil.pid_exists(child) or state(child) == psutil.STATUS_ZOMBIE:
                return
            time.sleep(0.05)
        os.kill(child, signal.SIGKILL)
        pytest.fail("the stopped process is still there")
    finally:
        parent.kill()
        parent.communicate()


def test_what_decord_says_comes_across(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(bytes(3000))
    with FramesApart(str(path), 1, np.arange(3), SHAPE) as frames:
        taken, failure = frames.take(3)
    assert len(taken) == 0
    assert "Error" in str(failure)
