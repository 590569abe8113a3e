"""Measures detect, align and cut three crops, from the video file on, against the usual script.

    OMP_NUM_THREADS=1 python tests/benchmarks/faces_end_to_end.py --section speed --section memory

The usual script: decord, facenet-pytorch's MTCNN frame by frame (on a CPU its batches are slower),
PIL to turn the frame level, to cut and to resize the face, the eyes and the mouth. Ours: the
pipeline of `ferkit prepare` with the same settings, without the store. Prints Markdown tables.
Times are of process CPU time with one torch thread, in turns, so that a busy machine slows both.
Needs the test media in `../shared/real` beside the repository.
"""

from __future__ import annotations

import argparse
import math
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from fractions import Fraction
from multiprocessing import get_context
from pathlib import Path

import av
import decord
import numpy as np
import psutil
import torch
from facenet_pytorch import MTCNN
from ferkit_crops.croppers import FaceEyesMouthCropper
from ferkit_crops.params import FaceEyesMouthParams
from ferkit_decord.params import DecordParams
from ferkit_decord.reader import DecordReader
from ferkit_mtcnn.detector import MtcnnDetector
from ferkit_mtcnn.params import MtcnnParams
from ferkit_pyav.params import PyAVParams
from ferkit_pyav.reader import PyAVReader
from machine import machine, media, table
from PIL import Image

from ferkit.contracts.data import Sample
from ferkit.contracts.faces import Sampling, VideoReader
from ferkit.faces.keys import FileState
from ferkit.faces.prepare import prepare
from ferkit.faces.prepared import Quiet
from ferkit.faces.process import process
from ferkit.faces.steps import Steps
from ferkit.faces.track import Tracking
from ferkit.faces.work import Cropped, Work
from ferkit.plugin import Context

VIDEOS = ("single_face.mp4", "two_people_1080p.mp4")
MIN_FACE, SIZE = 20, 224
MIB = 2**20


class UsualScript:
    """Frame by frame, face by face."""

    def __init__(self) -> None:
        self._detector = MTCNN(min_face_size=MIN_FACE, keep_all=True, device="cpu")

    def run(self, path: Path, every: int) -> int:
        """How many frames gave crops."""
        video = decord.VideoReader(str(path))
        cut = 0
        for number in range(0, len(video), every):
            frame = video[number].asnumpy()
            boxes, scores, landmarks = self._detector.detect(frame, landmarks=True)
            if boxes is None or max(scores) < 0.9:
                continue
            sides = boxes[:, 2:] - boxes[:, :2]
            self.crops(Image.fromarray(frame), landmarks[int(sides.prod(1).argmax())])
            cut += 1
        return cut

    def crops(self, image: Image.Image, points: np.ndarray) -> list[np.ndarray]:
        """Face, eyes, mouth."""
        (x0, y0), (x1, y1) = sorted(points[:2].tolist())
        angle = math.degrees(math.atan2(y1 - y0, x1 - x0))
        middle = ((x0 + x1) / 2, (y0 + y1) / 2)
        level = image.rotate(angle, Image.Resampling.BILINEAR, center=middle)
        turn = np.array(
            [
                [math.cos(math.radians(angle)), math.sin(math.radians(angle))],
                [-math.sin(math.radians(angle)), math.cos(math.radians(angle))],
            ]
        )
        placed = (points - middle) @ turn.T + middle
        wanted = ((placed[:2], 0.34, 0.37), (placed[:2], 0.2, 0.6), (placed[3:], 0.2, 0.4))
        return [self._crop(level, pair, x, y) for pair, x, y in wanted]

    def _crop(self, level: Image.Image, pair: np.ndarray, x: float, y: float) -> np.ndarray:
        side = float(abs(pair[1, 0] - pair[0, 0])) / (1 - 2 * x)
        left, top = float(pair[:, 0].mean()) - side / 2, float(pair[:, 1].mean()) - side * y
        box = tuple(round(value) for value in (left, top, left + side, top + side))
        return np.asarray(level.crop(box).resize((SIZE, SIZE), Image.Resampling.BILINEAR))


def our_steps(*, track: bool, every: int, reader: VideoReader | None = None) -> Steps:
    return Steps(
        cropper=FaceEyesMouthCropper(FaceEyesMouthParams(size=SIZE), Context()),
        detector=MtcnnDetector(MtcnnParams(min_face_px=MIN_FACE, largest_side=None), Context()),
        reader=reader or DecordReader(DecordParams(), Context()),
        sampling=Sampling("every", every) if every > 1 else Sampling("all"),
        tracking=Tracking() if track else None,
    )


def our_run(path: Path, steps: Steps) -> int:
    work = Work("k", str(path), FileState(0, 0), None)
    events = process([work], steps)
    return sum(len(event.rows) for event in events if isinstance(event, Cropped))


def measure(action: Callable[[], int]) -> tuple[float, float, int]:
    """CPU seconds, wall seconds, what the action answers."""
    cpu, wall = time.process_time(), time.perf_counter()
    count = action()
    return time.process_time() - cpu, time.perf_counter() - wall, count


def speed(repeats: int) -> None:
    usual = UsualScript()
    rows = []
    for path in media(*VIDEOS, folder="videos"):
        count = len(decord.VideoReader(str(path)))
        every = 4 if "1080p" in path.name else 1
        ways: dict[str, Callable[[], int]] = {
            "usual script": lambda path=path, every=every: usual.run(path, every),
        }
        for name, track, step in (("full", False, every), ("track", True, 1)):
            own = our_steps(track=track, every=step)
            ways[name] = lambda path=path, own=own: our_run(path, own)
        looked = {"usual script": -(-count // every), "full": -(-count // every), "track": count}
        rates: dict[str, list[float]] = {name: [] for name in ways}
        walls: dict[str, list[float]] = {name: [] for name in ways}
        cuts: dict[str, int] = {}
        for _ in range(repeats):
            for name, way in ways.items():
                cpu, wall, cuts[name] = measure(way)
                rates[name].append(looked[name] / cpu)
                walls[name].append(looked[name] / wall)
        base = rates["usual script"]
        for name in ways:
            pairs = [a / b for a, b in zip(rates[name], base, strict=True)]
            rows.append(
                [
                    path.name,
                    name,
                    f"{cuts[name]} of {looked[name]}",
                    f"{statistics.median(rates[name]):.1f}",
                    f"{statistics.median(walls[name]):.1f}",
                    f"{min(pairs):.1f} to {max(pairs):.1f}",
                ]
            )
    head = ["video", "how", "frames with crops", "frames/s (CPU time)", "frames/s (wall)"]
    table([*head, "times the usual script"], rows)


def long_video(source: Path, target: Path, frames: int) -> None:
    """Write a video of so many frames by playing `source` forth and back."""
    pictures = [frame.asnumpy() for frame in decord.VideoReader(str(source))]
    pictures += pictures[::-1]
    with av.open(str(target), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.height, stream.width = pictures[0].shape[:2]
        stream.bit_rate, stream.time_base = 4_000_000, Fraction(1, 25)
        for number in range(frames):
            picture = av.VideoFrame.from_ndarray(pictures[number % len(pictures)], "rgb24")
            container.mux(stream.encode(picture))
        container.mux(stream.encode())


class Watch(Quiet):
    """Progress that notes how much memory is resident, at most twice a second.

    What only its child processes have counts too.
    """

    def __init__(self, frames: int) -> None:
        self._frames = frames
        self._process = psutil.Process()
        self._noted = 0.0
        self.seen: list[tuple[float, float]] = []  # frames done, MiB

    def advance(self, done: float, detail: str = "") -> None:
        if time.monotonic() - self._noted > 0.5:
            self._noted = time.monotonic()
            resident = self._process.memory_info().rss
            for child in self._process.children():
                with suppress(psutil.Error):  # it has just ended
                    resident += child.memory_full_info().uss
            self.seen.append((done * self._frames, resident / MIB))


READERS: dict[str, Callable[[], VideoReader]] = {
    "pyav": lambda: PyAVReader(PyAVParams(), Context()),
    "decord": lambda: DecordReader(DecordParams(), Context()),
}


def memory(frames: int) -> None:
    """Resident memory while a long video, or two large ones at once, are prepared, tracked."""
    rows = []
    # A small video as long as told, and two large ones a sixth as long.
    cases = [(1, frames), (2, frames // 6)]
    for (count, each), source in zip(cases, media(*VIDEOS, folder="videos"), strict=True):
        with tempfile.TemporaryDirectory() as folder:
            paths = [Path(folder) / f"long{number}.mp4" for number in range(count)]
            for path in paths:
                long_video(source, path, each)
            for name in READERS:
                # Each in a process of its own: what a process once had it may keep.
                with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
                    seen = pool.submit(memory_seen, name, paths, each).result()
                late = np.array([pair for pair in seen if pair[0] > count * each / 4])
                slope = np.polyfit(late[:, 0], late[:, 1], 1)[0] * 1000
                figures = [f"{late[0, 1]:.0f}", f"{late[-1, 1]:.0f}", f"{late[:, 1].max():.0f}"]
                rows.append([source.name, str(count), name, str(each), *figures, f"{slope:+.1f}"])
    head = [
        "video, repeated",
        "videos at once",
        "reader",
        "frames",
        "resident MiB after a quarter",
        "at the end",
        "at most",
    ]
    table([*head, "slope, MiB per 1000 frames"], rows)


def memory_seen(reader: str, paths: list[Path], frames: int) -> list[tuple[float, float]]:
    """Frames done and resident MiB, now and then, while videos of so many frames are prepared."""
    watch = Watch(frames)
    prepare(
        [Sample(path.stem, str(path)) for path in paths],
        steps=our_steps(track=True, every=1, reader=READERS[reader]()),
        settings={},
        store=paths[0].with_name(f"store-{reader}"),
        progress=watch,
    )
    return watch.seen


def peaks() -> None:
    """Largest resident memory of each way, in a process of its own."""
    rows = []
    for path in media(*VIDEOS, folder="videos"):
        for name in ("usual script", "full", "track"):
            command = [sys.executable, __file__, "--alone", name, str(path)]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            rows.append([path.name, name, done.stdout.strip()])
    table(["video", "how", "largest resident memory, MiB"], rows)


def alone(name: str, path: Path) -> None:
    if name == "usual script":
        UsualScript().run(path, 4)
    else:
        our_run(path, our_steps(track=name == "track", every=1 if name == "track" else 4))
    # Not `ru_maxrss`: a new process begins with that of the one that started it.
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            print(f"{int(line.split()[1]) / 1024:.0f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument(
        "--section", action="append", choices=["speed", "memory", "peaks"], required=False
    )
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--frames", type=int, default=6000, help="of the long video")
    parser.add_argument("--alone", nargs=2, metavar=("HOW", "VIDEO"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    torch.set_num_threads(1)
    if options.alone:
        alone(options.alone[0], Path(options.alone[1]))
        return
    print(machine())
    for section in options.section or ["speed", "memory", "peaks"]:
        if section == "speed":
            speed(options.repeats)
        elif section == "memory":
            memory(options.frames)
        else:
            peaks()


if __name__ == "__main__":
    main()
