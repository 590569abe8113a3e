"""Measures `ferkit mine`: speed, what takes the time, clips, and the runs found against the truth.

    OMP_NUM_THREADS=1 python tests/benchmarks/mining.py

Prints Markdown tables. Times are CPU milliseconds of this process, all its threads, one of them
torch's; wall time would tell of whatever else the machine does. Reader and detector are the
default ones (decord, mtcnn). The videos that are composed show nobody, one person, two, one too
small, and cuts between people who look alike, before a camera in a hand. Needs PyAV, and the test
media in `../shared/real` beside the repository. Cuts: `mining_cuts.py`.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import torch
from ferkit_decord.params import DecordParams
from ferkit_decord.reader import DecordReader
from ferkit_mtcnn.detector import MtcnnDetector
from ferkit_mtcnn.params import MtcnnParams
from machine import machine, media, table
from mining_shots import HEIGHT, WIDTH, Piece, Random, filmed, photographed, recorded
from torch import Tensor
from torch.nn.functional import interpolate, pad

from ferkit.contracts.faces import Sampling
from ferkit.faces.cuts import FrameChanges
from ferkit.faces.plans import Plan
from ferkit.faces.track import FaceTracker, Tracking
from ferkit.mining.clip import Cutter
from ferkit.mining.look import Means
from ferkit.mining.mine import Mined, mine
from ferkit.mining.rule import Rule, Run
from ferkit.mining.watch import FrameWatch
from ferkit.plugin import Context

BATCH = 16
Known = list[tuple[int, int]]
"""Runs: first and last frame."""


def cpu_ms(work: Callable[[], Any]) -> float:
    """CPU milliseconds of this process."""
    began = time.process_time()
    work()
    return 1000 * (time.process_time() - began)


def mined(paths: Sequence[Path], out: Path, tracking: Tracking | None, **more: Any) -> Mined:
    means = Means(
        reader=Plan("ferkit_decord.reader:DecordReader", DecordParams(), Context()),
        detector=Plan("ferkit_mtcnn.detector:MtcnnDetector", MtcnnParams(), Context()),
        tracking=tracking,
        batch_size=BATCH,
    )
    settings = {"track": tracking is not None}
    return mine(paths, out=out, means=means, settings=settings, rule=Rule(), jobs=0, **more)


def stages(path: Path, folder: Path) -> list[list[str]]:
    """A video by stages, in ms per frame: detected in full, and tracked."""
    reader = DecordReader(DecordParams(), Context())
    frames: list[Tensor] = []

    def decode() -> None:
        for chunk in reader.read(path, Sampling("all")):
            frames.extend(chunk.frames)

    def cuts() -> None:
        for compare in (FrameChanges(), FrameWatch()):
            for start in range(0, len(frames), BATCH):
                compare.of(frames[start : start + BATCH])

    def detect(tracking: Tracking | None) -> None:
        follower = FaceTracker(MtcnnDetector(MtcnnParams(), Context()), tracking)
        for start in range(0, len(frames), BATCH):
            follower.follow(frames[start : start + BATCH])

    rows = []
    with torch.inference_mode():
        decoding, cutting = cpu_ms(decode), cpu_ms(cuts)
        for name, tracking in (("full", None), ("tracked", Tracking())):
            detecting = cpu_ms(lambda tracking=tracking: detect(tracking))  # type: ignore[misc]
            out = folder / f"{path.stem}-{name}"
            looking = cpu_ms(
                lambda out=out, tracking=tracking: mined([path], out, tracking, clips=False)  # type: ignore[misc]
            )
            writing = cpu_ms(lambda out=out, tracking=tracking: mined([path], out, tracking))  # type: ignore[misc]
            whole = looking + writing
            height, width = frames[0].shape[1:]
            per = (each / len(frames) for each in (whole, decoding, detecting, cutting, writing))
            rows.append(
                [
                    *(path.name, f"{width} x {height}", name, f"{len(frames)}"),
                    f"{1000 * len(frames) / whole:.0f}",
                    *(f"{each:.2f}" for each in per),
                    f"{cutting / whole:.1%}",
                ]
            )
    return rows


def copies(path: Path, folder: Path, rounds: int = 2) -> list[str]:
    """The same part as packets, and, one frame shorter, encoded anew; the best of some rounds."""
    reader = DecordReader(DecordParams(), Context())
    last = sum(len(chunk.frames) for chunk in reader.read(path, Sampling("all"))) - 1
    cells = [path.name, f"{last + 1}"]
    spent = []
    for first in (0, 1):
        target, best = folder / f"{path.stem}-{first}.mp4", float("inf")
        how = ""
        for _ in range(rounds):
            began = time.process_time()
            how = Cutter(path, reader).cut(Run(first, last), target, rate=25)
            best = min(best, 1000 * (time.process_time() - began) / (last - first + 1))
        spent.append(best)
        size = target.stat().st_size / (last - first + 1) / 1000
        cells += [how, f"{best:.2f}", f"{size:.1f}"]
    return [*cells, f"{spent[1] / spent[0]:.1f}"]


def wall(length: int, random: Random) -> Tensor:
    """Nobody: a wall with stains, light as that of the photographs."""
    stains = torch.rand(1, 3, 6, 8, generator=random) * 0.3 + 0.5
    shown = interpolate(stains, size=(HEIGHT, WIDTH), mode="bicubic")
    return shown.expand(length, -1, -1, -1).clamp(0, 1)


def composed(number: int) -> tuple[Piece, Known]:
    """A video, (T, 3, HEIGHT, WIDTH), and its runs of one face, large, of 30 frames or more."""
    random = Random().manual_seed(number)
    people = [photographed((number * 12 + place) % 102) for place in range(12)]

    def one(length: int) -> Tensor:
        return filmed(people.pop(), length, random, shake=0.01)

    def beside(length: int) -> Tensor:
        pair = torch.cat([one(length), one(length)], 3)
        small = interpolate(pair, size=(HEIGHT * 2 // 3, WIDTH), mode="bilinear", antialias=True)
        return pad(small, (0, 0, HEIGHT // 6, HEIGHT - HEIGHT * 2 // 3 - HEIGHT // 6), value=0.7)

    def little(length: int) -> Tensor:
        small = interpolate(one(length), scale_factor=0.35, mode="bilinear", antialias=True)
        right, below = WIDTH - small.shape[3] - 20, HEIGHT - small.shape[2] - 20
        return pad(small, (20, right, 20, below), value=0.7)

    kinds: list[tuple[Callable[[int], Tensor], bool]] = [
        *((lambda length: wall(length, random), False), (one, True), (one, True)),
        *((beside, False), (one, True), (little, False), (one, True), (one, True)),
    ]
    order = torch.randperm(len(kinds), generator=random).tolist()
    shots: list[Tensor] = []
    known: Known = []
    at = 0
    for place in order:
        make, wanted = kinds[place]
        length = 24 + int(torch.randint(24, (), generator=random))
        shots.append(make(length))
        if wanted and length >= Rule().min_frames:
            known.append((at, at + length - 1))
        at += length
    return Piece(torch.cat(shots)), known


def write(frames: Sequence[Tensor], path: Path) -> None:
    with av.open(str(path), "w") as target:
        stream: Any = target.add_stream("libx264", rate=25, options={"crf": "20"})
        stream.height, stream.width, stream.pix_fmt = HEIGHT, WIDTH, "yuv420p"
        for number, pixels in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(
                pixels.permute(1, 2, 0).contiguous().numpy(), format="rgb24"
            )
            frame.pts, frame.time_base = number, Fraction(1, 25)
            target.mux(stream.encode(frame))
        target.mux(stream.encode(None))


def truth(folder: Path, count: int) -> list[list[str]]:
    """What is found of the runs in composed videos."""
    known: dict[str, Known] = {}
    total = 0
    for number in range(count):
        piece, runs = composed(number)
        path = folder / f"composed-{number}.mp4"
        write(recorded(piece, Random().manual_seed(number)), path)
        known[str(path)] = runs
        total += len(piece.frames)
    rows = []
    for name, tracking in (("full", None), ("tracked", Tracking())):
        out = folder / f"composed-{name}"
        found = mined([Path(path) for path in known], out, tracking, clips=False).rows
        exact = close = wrong = mixed = 0
        for row in found:
            span = (row.source_first, row.source_last)
            offset = min(
                max(abs(span[0] - run[0]), abs(span[1] - run[1])) for run in known[row.source]
            )
            exact += offset == 0
            close += 0 < offset <= 3
            wrong += offset > 3
            begins = [run[0] for run in known[row.source]]
            mixed += any(span[0] < begin <= span[1] for begin in begins if begin > span[0] + 3)
        runs = sum(len(each) for each in known.values())
        cells = (count, total, runs, len(found), exact, close, wrong, mixed)
        rows.append([name, *(f"{cell}" for cell in cells)])
    return rows


SECTIONS = ("truth", "stages", "clips")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--composed", type=int, default=4, help="composed videos")
    parser.add_argument("--section", action="append", choices=SECTIONS, help="default: all")
    options = parser.parse_args()
    sections = options.section or SECTIONS
    torch.set_num_threads(1)
    print(machine(), flush=True)
    paths = media("*.mp4", folder="videos")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if "truth" in sections:
            head = ["faces", "videos", "frames", "true runs", "found", "exact"]
            head += ["off by 1 to 3 frames", "else", "over a cut"]
            table(head, truth(folder, options.composed))
        if "stages" in sections:
            head = ["video", "px", "faces", "frames", "frames per CPU second"]
            head += ["whole, ms per frame", "decoding", "faces", "cuts", "clips"]
            rows = [row for path in paths for row in stages(path, folder)]
            table([*head, "cuts of the whole"], rows)
        if "clips" in sections:
            head = ["video", "frames", "way", "ms per frame", "kB per frame"]
            head += ["way", "ms per frame", "kB per frame", "encoding / copying"]
            table(head, [copies(path, folder) for path in paths])


if __name__ == "__main__":
    main()
