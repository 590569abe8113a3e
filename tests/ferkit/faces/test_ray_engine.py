"""The engine on a Ray cluster: the same store as the plain run, also when a worker is killed."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ferkit.errors import RunError
from ferkit.faces.keys import FileState
from ferkit.faces.parts import FrameRow
from ferkit.faces.ray_engine import in_order
from ferkit.faces.work import Cropped, Event, Finished, Work

needs_ray = pytest.mark.skipif(
    importlib.util.find_spec("ray") is None, reason="the extra 'ray' is not installed"
)
A, B = (Work(key, f"{key}.mp4", FileState(1, 1), None) for key in "ab")


def crops(key: str, *frames: int) -> Cropped:
    rows = [FrameRow(key, key, n, 0.0, [], [], 1.0, 1, [1.0], 0) for n in frames]
    pixels = np.array(frames, np.uint8).reshape(-1, 1, 1, 1, 1)
    return Cropped(pixels, rows, len(frames), {})


def told(*pairs: tuple[Event, int]) -> Iterator[tuple[Event, int]]:
    return iter(pairs)


def test_what_a_dead_worker_had_told_counts_once() -> None:
    again = told(
        (crops("a", 0, 1), 0),
        (crops("a", 0, 1), 0),  # the files of the dead worker are begun anew
        (crops("a", 1, 2), 0),
        (Finished(A), 3),
        (crops("a", 2), 0),
        (Finished(A), 3),
    )
    events = list(in_order(again))
    pixels = [event.crops.ravel().tolist() for event in events if isinstance(event, Cropped)]
    assert pixels == [[0, 1], [], [2], []]
    assert [event for event in events if isinstance(event, Finished)] == [Finished(A)]


def test_an_end_waits_for_all_crops() -> None:
    events = list(
        in_order(
            told(
                (Finished(A), 2),
                (Finished(B, "failed", "no face", "none"), 0),
                (crops("a", 0), 0),
                (crops("a", 1), 0),
            )
        )
    )
    ends = [event.work.key if isinstance(event, Finished) else "-" for event in events]
    assert ends == ["b", "-", "-", "a"]


JOB = '''
import json, os, signal, sys, threading, time
import psutil, torch
from pathlib import Path
from ferkit.contracts.data import Sample
from ferkit.faces.plans import Plan, StepsPlan
from ferkit.faces.prepare import prepare
from ferkit.faces.ray_engine import ray_engine
from ferkit.plugin import Context
from ferkit_crops.params import FaceParams

torch.set_num_threads(1)
folder = Path(sys.argv[1])
cropper = Plan("ferkit_crops.croppers:FaceCropper", FaceParams(size=64), Context())
plan = StepsPlan(cropper, batch_size=2)
samples = [Sample(id=path.name, path=str(path)) for path in sorted((folder / "photos").iterdir())]
killed = []

class Killer:
    """Kills a worker when the first file is done."""
    def begin(self, *a): pass
    def end(self): pass
    def say(self, text): pass
    def advance(self, done, detail=""):
        if not killed:
            for one in psutil.Process().children(recursive=True):
                if "MapWorker" in " ".join(one.cmdline()) or "MapWorker" in one.name():
                    killed.append(one.pid)
                    one.kill()
                    break

def crops(prepared):
    pixels = [prepared.source.read([row]).frames for row in range(len(prepared.kept))]
    return [int(one.long().sum()) for one in pixels], pixels

def run(name, **how):
    return prepare(samples, steps=plan.build(), settings={}, store=folder / name, **how)

engine = ray_engine(plan, workers=2)
plain, other = run("plain"), run("ray", engine=engine, progress=Killer())
again = run("ray", engine=engine)
same = all(torch.equal(a, b) for a, b in zip(crops(plain)[1], crops(other)[1], strict=True))
print(json.dumps({
    "killed": len(killed), "same": same, "kept": [plain.kept, other.kept],
    "failures": [[f.what for f in p.failures] for p in (plain, other)], "reused": again.reused,
}))
'''


@needs_ray
@pytest.mark.slow
def test_two_workers_make_the_same_store_and_one_may_die(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    noise = np.random.default_rng(0)
    for number in range(24):
        pixels = noise.integers(0, 256, (200 + number, 180, 3), np.uint8)
        Image.fromarray(pixels).save(tmp_path / "photos" / f"{number:02d}.png")
    (tmp_path / "photos" / "07.png").write_bytes(b"broken")
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "RAY_USAGE_STATS_ENABLED": "0"}
    done = subprocess.run(
        [sys.executable, "-c", JOB, str(tmp_path)],
        capture_output=True,
        text=True,
        env=environment,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["killed"] == 1
    assert found["same"]
    assert found["kept"][0] == found["kept"][1]
    assert len(found["kept"][0]) == 23
    assert found["failures"][0] == found["failures"][1]
    assert found["failures"][0] == ["not an image that can be read."]
    assert found["reused"] == 23


def test_crops_that_never_come_are_an_error() -> None:
    with pytest.raises(RunError, match="the Ray job lost crops of 1 files"):
        list(in_order(told((crops("a", 0), 0), (Finished(A), 2))))
