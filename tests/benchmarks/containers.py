"""Compares containers for crops: sizes, speed of writing and reading, a kill, what they install.

    python tests/benchmarks/containers.py --folder FOLDER --section speed --section kill \\
        --section weight --section decode

Prints Markdown tables. FOLDER is on the disk to be measured. Containers whose package is missing
are left out; `pip install pylance webdataset litdata` brings them. Crops are cut from photographs
of `../shared/real` where it lies beside the repository, else drawn.

Warm: the store is in the page cache; CPU time of the process. Cold: the store's pages are evicted
(posix_fadvise) before it is opened, as if it did not fit; wall time. Containers take turns.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from itertools import count, product
from pathlib import Path
from statistics import median

import numpy as np
import numpy.typing as npt
from container_costs import QUALITY, ROUNDS, crops, decode, present, weight
from container_kinds import KINDS, Block, Kind, Opened
from rendered import table

from ferkit.faces.shards import to_jpeg

BLOCK_BYTES = 32 << 20
CLIPS = 32


def blocks_of(pixels: npt.NDArray[np.uint8], format: str) -> list[Block]:
    """The crops as blocks; a block has as many rows as make 32 MiB of raw pixels."""
    encode: Callable[[npt.NDArray[np.uint8]], bytes] = (
        (lambda crop: crop.tobytes()) if format == "raw" else (lambda crop: to_jpeg(crop, QUALITY))
    )
    rows = [[encode(crop) for crop in row] for row in pixels]
    step = max(1, BLOCK_BYTES // pixels[0].nbytes)
    return [rows[start : start + step] for start in range(0, len(rows), step)]


def settle(folder: Path, *, evict: bool) -> None:
    """Flush a folder's files to the disk and, if asked, drop their pages from the cache."""
    for path in folder.rglob("*"):
        if path.is_file():
            file = os.open(path, os.O_RDONLY)
            os.fsync(file)
            if evict:
                os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(file)


def megabytes_of(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


def handles(folder: Path) -> int:
    """Descriptors and mappings of files in `folder` that this process has."""
    own = str(folder.resolve())
    maps = {line.split()[-1] for line in Path("/proc/self/maps").read_text().splitlines()}
    mapped = sum(1 for path in maps if path.startswith(own))
    links = Path("/proc/self/fd").iterdir()
    return mapped + sum(1 for link in links if os.path.realpath(link).startswith(own))


def read_batch(opened: Opened, rows: Sequence[int], shape: tuple[int, ...] | None) -> None:
    """Rows as an array (raw pixels), or their bytes in memory (JPEG, not decoded)."""
    if shape is None:
        for row in opened.some(rows):
            for blob in row:
                bytes(blob)
        return
    batch = np.empty((len(rows), *shape), np.uint8)
    for target, row in zip(batch, opened.some(rows), strict=True):
        for place, blob in zip(target, row, strict=True):
            place[:] = np.frombuffer(blob, np.uint8).reshape(place.shape)


def read_all(opened: Opened) -> None:
    for row in opened.all():
        for blob in row:
            np.array(np.frombuffer(blob, np.uint8))


def draw_rows(rng: np.random.Generator, total: int, frames: int) -> list[int]:
    """Rows of 32 clips: each a run of `frames`, anywhere."""
    starts = rng.integers(0, total - frames + 1, CLIPS)
    return [int(start) + frame for start in starts for frame in range(frames)]


def speed(root: Path, megabytes: int, formats: Sequence[str], sizes: Sequence[int]) -> None:
    """Size, writing, and reading at random and in order."""
    for format, size, regions in product(formats, sizes, (1, 3)):
        number = max(64, megabytes * 1_000_000 // (regions * 3 * size * size))
        pixels = crops(number, regions, size)
        shape = pixels.shape[1:] if format == "raw" else None
        blocks = blocks_of(pixels, format)
        del pixels
        kinds = [kind for kind in present() if format == "raw" or not kind.raw_only]
        folders = {kind.name: root / f"{at}" for at, kind in enumerate(kinds)}
        figures: dict[str, list[str]] = {}
        for kind in kinds:
            folder = folders[kind.name]
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            started = time.perf_counter()
            kind.write(folder, blocks)
            settle(folder, evict=False)
            spent = time.perf_counter() - started
            figures[kind.name] = [f"{megabytes_of(folder):.0f}", f"{spent:.1f}"]
        for frames in (1, 8):
            for name, spent in timed(kinds, folders, number, frames, shape).items():
                figures[name] += [f"{1000 * each:.1f}" for each in spent]
        for kind in kinds:
            spent_twice = whole_pass(kind, folders[kind.name])
            figures[kind.name] += [f"{each:.2f}" for each in spent_twice]
            opened = kind.open(folders[kind.name])
            read_batch(opened, range(CLIPS), shape)
            figures[kind.name].append(f"{handles(folders[kind.name])}")
            del opened
        print(f"\n{format}, {size} px, {regions} regions, {number} crops of each", flush=True)
        head = ["container", "MB", "write, s", "T=1 warm, ms", "T=1 cold, ms", "T=8 warm, ms"]
        head += ["T=8 cold, ms", "all warm, s", "all cold, s", "handles"]
        table(head, [[name, *row] for name, row in figures.items()])
        for folder in folders.values():
            shutil.rmtree(folder)


def timed(
    kinds: Sequence[Kind],
    folders: dict[str, Path],
    number: int,
    frames: int,
    shape: tuple[int, ...] | None,
) -> dict[str, tuple[float, float]]:
    """Seconds of a random batch: CPU time warm, wall time cold. Containers take turns."""
    warm: dict[str, list[float]] = {kind.name: [] for kind in kinds}
    cold: dict[str, list[float]] = {kind.name: [] for kind in kinds}
    for attempt in range(ROUNDS):
        for kind in kinds:
            folder = folders[kind.name]
            settle(folder, evict=True)
            opened = kind.open(folder)
            rng = np.random.default_rng(attempt)
            read_batch(opened, draw_rows(rng, number, 1), shape)  # what is set up only once
            rows = draw_rows(rng, number, frames)
            started = time.perf_counter()
            read_batch(opened, rows, shape)
            cold[kind.name].append(time.perf_counter() - started)
            started = time.process_time()
            read_batch(opened, rows, shape)
            warm[kind.name].append(time.process_time() - started)
    return {name: (median(warm[name]), median(cold[name])) for name in warm}


def whole_pass(kind: Kind, folder: Path) -> tuple[float, float]:
    """Seconds to read everything in order: CPU time warm, wall time cold."""
    settle(folder, evict=True)
    opened = kind.open(folder)
    started = time.perf_counter()
    read_all(opened)
    cold = time.perf_counter() - started
    started = time.process_time()
    read_all(opened)
    return time.process_time() - started, cold


def kill(root: Path) -> None:
    """What can be read after a writer was killed in the middle of its fourth block or later."""
    rows = []
    for kind in present():
        folder = root / "killed"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        call = [sys.executable, __file__, "--folder", str(folder), "--write-until-killed"]
        child = subprocess.Popen([*call, kind.name], start_new_session=True)
        while megabytes_of(folder) < 3.5 * BLOCK_BYTES / 1e6 and child.poll() is None:
            time.sleep(0.005)
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        try:
            whole = sum(1 for _ in kind.open(folder).all())
            left = f"{whole} crops"
        except Exception as error:
            left = f"{type(error).__name__}: {' '.join(str(error).split())[:80]}"
        rows.append([kind.name, f"{megabytes_of(folder):.0f}", left])
        shutil.rmtree(folder)
    table(["container", "MB on the disk at the kill", "readable after it"], rows)


def write_until_killed(folder: Path, name: str) -> None:
    kind = next(kind for kind in KINDS if kind.name == name)
    blocks = blocks_of(crops(BLOCK_BYTES // (3 * 224 * 224), 1, 224), "raw")
    kind.write(folder, (blocks[0] for _ in count()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    names = ("speed", "kill", "weight", "decode")
    parser.add_argument("--section", action="append", choices=names, default=[])
    parser.add_argument("--folder", type=Path, required=True, help="to write into; emptied")
    parser.add_argument("--megabytes", type=int, default=500, help="raw pixels of a store")
    parser.add_argument("--format", action="append", choices=("raw", "jpeg"), default=[])
    parser.add_argument("--px", action="append", type=int, default=[], help="side of the crops")
    parser.add_argument("--write-until-killed", help=argparse.SUPPRESS)
    options = parser.parse_args()
    root = options.folder / "containers"
    if options.write_until_killed:
        write_until_killed(options.folder, options.write_until_killed)
        return
    for kind in KINDS:
        if not kind.installed() and kind.package:
            print(f"Left out: {kind.name}; 'pip install {kind.package[0]}' brings it.")
    sections: dict[str, Callable[[], None]] = {
        "speed": lambda: speed(
            root, options.megabytes, options.format or ("raw", "jpeg"), options.px or (224, 48)
        ),
        "kill": lambda: kill(root),
        "weight": weight,
        "decode": decode,
    }
    for name in options.section or names:
        sections[name]()


if __name__ == "__main__":
    main()
