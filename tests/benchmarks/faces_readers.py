"""Measures the video readers: frames per second, CPU time, peak memory, and the same frames.

    OMP_NUM_THREADS=1 python tests/benchmarks/faces_readers.py

Prints Markdown. Each figure is of a process of its own, the readers in turn, the median of the
rounds; memory is what reading adds to a process that has imported everything. `decord itself` is
decord's `get_batch` of all wanted frames at once, by decord's own seeking. A long video is
written first (needs PyAV); the real ones are in `../shared/real` beside the repository.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from fractions import Fraction
from pathlib import Path
from typing import Any

import decord
import numpy as np
import torch
from ferkit_decord.params import DecordParams
from ferkit_decord.reader import DecordReader
from ferkit_pyav.params import PyAVParams
from ferkit_pyav.reader import PyAVReader
from machine import machine, media, table

from ferkit.contracts.faces import Sampling, VideoReader
from ferkit.faces.sampling import sampled_frames
from ferkit.plugin import Context

SAMPLINGS = {
    "all": Sampling("all"),
    "even 16": Sampling("even", 16),
    "every 10": Sampling("every", 10),
}
READERS = ("decord", "pyav", "decord itself")


def reader_of(name: str, threads: int) -> VideoReader:
    if name == "decord":
        return DecordReader(DecordParams(threads=threads), Context())
    return PyAVReader(PyAVParams(threads=threads), Context())


def measure(reader: str, path: Path, sampling: Sampling, threads: int) -> dict[str, float]:
    """One reading of a video: frames, seconds, CPU seconds, MiB."""
    if reader != "decord itself":  # what happens once is no part of it
        next(iter(reader_of(reader, threads).read(path, Sampling("even", 1))))
    before = resident("VmRSS")
    wall, cpu, frames = time.perf_counter(), time.process_time(), 0
    if reader == "decord itself":
        decord.logging.set_level(decord.logging.QUIET)
        video = decord.VideoReader(str(path), num_threads=threads)
        seconds = np.arange(len(video)) / video.get_avg_fps()
        frames = len(video.get_batch(sampled_frames(seconds, sampling).tolist()).asnumpy())
    else:
        for chunk in reader_of(reader, threads).read(path, sampling):
            frames += len(chunk.frames)
    return {
        "frames": frames,
        "wall": time.perf_counter() - wall,
        "cpu": time.process_time() - cpu,
        "peak": resident("VmHWM") - before,
    }


def resident(line: str) -> float:
    """Memory of this process, MiB: "VmRSS" now, "VmHWM" at most. Linux only."""
    status = Path("/proc/self/status").read_text()
    return int(re.findall(rf"{line}:\s+(\d+) kB", status)[0]) / 1024


def apart(reader: str, path: Path, sampling: str, threads: int) -> dict[str, float]:
    """`measure` in a process of its own."""
    command = [sys.executable, __file__, "--one", reader, str(path), sampling, str(threads)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def speed(paths: list[Path], threads: int, rounds: int) -> None:
    rows = []
    for path in paths:
        for sampling in SAMPLINGS:
            found: dict[str, list[dict[str, float]]] = {name: [] for name in READERS}
            for _ in range(rounds):
                for name in READERS:
                    if (
                        name == "decord itself"
                        and sampling == "all"
                        and path.parent.name != "videos"
                    ):
                        continue  # it would hold the whole long video
                    found[name].append(apart(name, path, sampling, threads))
            first: float | None = None
            for name, runs in found.items():
                if not runs:
                    continue
                middle = {key: statistics.median(run[key] for run in runs) for key in runs[0]}
                first = first or middle["cpu"]
                frames = middle["frames"]
                rows.append(
                    [
                        *(path.name, sampling, name, f"{frames:.0f}"),
                        *(
                            f"{frames / middle['wall']:.0f}",
                            f"{1000 * middle['wall'] / frames:.1f}",
                        ),
                        *(f"{1000 * middle['cpu'] / frames:.1f}", f"{middle['cpu'] / first:.2f}"),
                        f"{middle['peak']:.0f}",
                    ]
                )
    head = ["video", "sampling", "reader", "frames", "frames/s", "wall, ms per frame"]
    table([*head, "CPU, ms per frame", "CPU of `decord`'s", "memory, MiB"], rows)


def same(paths: list[Path]) -> None:
    """How far the pixels, numbers and times of the two readers are apart."""
    rows = []
    for path in paths:
        frames, largest, late = 0, 0, 0.0
        streams = [reader_of(name, 1).read(path, Sampling("every", 10)) for name in READERS[:2]]
        for one, other in zip(*streams, strict=True):
            assert one.number.tolist() == other.number.tolist()
            frames += len(one.number)
            pixels = (one.frames.short() - other.frames.short()).abs().max()
            largest = max(largest, int(pixels))
            late = max(late, float((one.timestamp - other.timestamp).abs().max()))
        rows.append([path.name, f"{frames}", f"{largest}", f"{late:.0e}"])
    table(["video", "frames (every 10)", "largest difference, levels", "of times, s"], rows)


def long_video(path: Path, count: int) -> None:
    """640 x 360, H.264, a key frame every 250 frames: as x264 does it by default."""
    import av

    noise = np.random.default_rng(0).integers(0, 30, (360, 640, 3), dtype=np.uint8)
    with av.open(str(path), "w") as output:
        stream: Any = output.add_stream("libx264", rate=25, options={"preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = 640, 360, "yuv420p"
        for number in range(count):
            image = np.roll(noise, number * 3, 1) + np.uint8(60 + number % 100)
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=1, help="decoding threads; 0: automatic")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--long", type=int, default=7500, help="frames of the long video; 0: none")
    parser.add_argument("--one", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    torch.set_num_threads(1)
    if options.one:
        reader, path, sampling, threads = options.one
        print(json.dumps(measure(reader, Path(path), SAMPLINGS[sampling], int(threads))))
        return
    print(f"{machine()}; decoding threads: {options.threads or 'automatic'}")
    paths = media("*.mp4", folder="videos")
    same(paths)
    with tempfile.TemporaryDirectory() as folder:
        if options.long:
            path = Path(folder) / f"{options.long} frames.mp4"
            long_video(path, options.long)
            paths.append(path)
        speed(paths, options.threads, options.rounds)


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
