"""Measures what mining finds of scene cuts between people who look alike, and what it invents.

    OMP_NUM_THREADS=1 python tests/benchmarks/mining_cuts.py

Prints a Markdown table. Pieces are put together from photographs of one set (the same framing
and wall), from drawn faces, and from real videos in `../shared/real` beside the repository;
cameras shake, zoom and pan, and pixels have noise. A cut counts as found at its very frame; other
than that, in pieces with a dissolve, anywhere in it.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise

import numpy as np
import torch
from machine import machine, table
from mining_shots import (
    Person,
    Piece,
    dissolved,
    drawn,
    faded,
    filmed,
    flashed,
    joined,
    passed,
    photographed,
    real_videos,
    recorded,
)
from torch import Tensor
from torch.nn.functional import interpolate

from ferkit.faces.cuts import FrameChanges
from ferkit.mining.rule import Rule
from ferkit.mining.scenes import scene_cuts
from ferkit.mining.watch import FrameWatch, Newness

LENGTH = 14
"""Frames of a shot."""
BATCH = 16

Random = torch.Generator
Kind = Callable[[int, Random], Piece]
"""(number, random) -> a piece."""


def people(number: int, *, how: str) -> list[Person]:
    """Three different ones."""
    make, of = (photographed, 102) if how == "photographs" else (drawn, 1000)
    return [make((number * 3 + place * 35) % of) for place in range(3)]


def cut_between(how: str = "photographs", **camera: float) -> Kind:
    def kind(number: int, random: Random) -> Piece:
        return joined(*(filmed(one, LENGTH, random, **camera) for one in people(number, how=how)))

    return kind


def two_cuts(apart: int) -> Kind:
    def kind(number: int, random: Random) -> Piece:
        lengths = (LENGTH, apart, LENGTH)
        pairs = zip(people(number, how="photographs"), lengths, strict=True)
        return joined(*(filmed(one, length, random, shake=0.01) for one, length in pairs))

    return kind


def put_in(length: int) -> Kind:
    """Somebody else for some frames, and back."""

    def kind(number: int, random: Random) -> Piece:
        first, second, _ = people(number, how="photographs")
        shot = filmed(first, 2 * LENGTH, random, shake=0.01)
        return joined(shot[:LENGTH], filmed(second, length, random, shake=0.01), shot[LENGTH:])

    return kind


def lit_otherwise(number: int, random: Random) -> Piece:
    shots = []
    for one in people(number, how="photographs"):
        light = 0.6 + 0.5 * float(torch.rand((), generator=random))
        shots.append(filmed(one, LENGTH, random, shake=0.01, light=light))
    return joined(*shots)


def melted(number: int, random: Random) -> Piece:
    first, second, _ = people(number, how="photographs")
    shots = [filmed(one, 2 * LENGTH, random, shake=0.005) for one in (first, second)]
    return dissolved(*shots)


def no_cut(change: Callable[[Tensor, Random], Tensor] | None = None, **camera: float) -> Kind:
    def kind(number: int, random: Random) -> Piece:
        one = people(number, how="photographs")[0]
        shot = filmed(one, 2 * LENGTH, random, **camera)
        return Piece(shot if change is None else change(shot, random))

    return kind


def starts(**camera: float) -> Kind:
    """The camera is still, and then moves all at once."""

    def kind(number: int, random: Random) -> Piece:
        one = people(number, how="photographs")[0]
        moving = filmed(one, LENGTH, random, **camera)
        return Piece(torch.cat([moving[:1].expand(LENGTH, -1, -1, -1), moving]))

    return kind


CUTS: dict[str, Kind] = {
    "cuts, still camera": cut_between(),
    "cuts, in a hand (1 %)": cut_between(shake=0.01),
    "cuts, shaken (2 %)": cut_between(shake=0.02),
    "cuts, shaken (4 %)": cut_between(shake=0.04),
    "cuts, zooming (3 % per frame)": cut_between(zoom=0.03),
    "cuts, panning (2 % per frame)": cut_between(pan=0.02),
    "cuts, other light": lit_otherwise,
    "cuts, drawn faces, shaken (2 %)": cut_between("drawn", shake=0.02),
    **{f"two cuts, {apart} frames apart, 1 %": two_cuts(apart) for apart in (2, 3, 5)},
    **{f"another shot of {length} frames put in": put_in(length) for length in (3, 6)},
    "dissolves of 12 frames": melted,
}
NO_CUTS: dict[str, Kind] = {
    "none, shaken (4 %)": no_cut(shake=0.04),
    "none, flash of 1 to 3 frames": no_cut(flashed, shake=0.005),
    "none, faded out and in": no_cut(lambda shot, random: faded(shot), shake=0.005),
    **{
        f"none, 1/{part} as wide passes in {length}, {shake:.1%}": no_cut(
            partial(passed, part=part, length=length), shake=shake
        )
        for part, length, shake in ((4, 8, 0.005), (4, 8, 0.02), (4, 5, 0.01), (4, 14, 0.005))
    },
    "none, 1/2 as wide passes in 8, 0.5%": no_cut(partial(passed, part=2), shake=0.005),
    "none, zoom begins (5 % per frame)": starts(zoom=0.05),
    "none, pan begins (3 % per frame)": starts(pan=0.03),
    "none, pan begins (8 % per frame)": starts(pan=0.08),
}


def filmed_cuts(step: int) -> Iterator[tuple[list[Tensor], tuple[int, ...]]]:
    """Parts of the real videos in turn, of one size."""
    videos = list(real_videos(step))
    small = [
        [interpolate(frame[None].float(), size=(180, 320)).byte()[0] for frame in video]
        for video in videos
    ]
    for first, second in pairwise([*small, *small[:1]]):
        for begin in (0, 8):
            parts = first[begin : begin + LENGTH], second[begin : begin + LENGTH]
            yield [*parts[0], *parts[1]], (len(parts[0]),)


def found_in(frames: list[Tensor]) -> set[int]:
    """Where mining sees cuts."""
    changes, watch = FrameChanges(), FrameWatch()
    change: list[float] = []
    newness: list[Newness] = []
    with torch.inference_mode():
        for start in range(0, len(frames), BATCH):
            part = frames[start : start + BATCH]
            change += changes.of(part)
            newness += watch.of(part)
    novelty, again = (np.array(column) for column in zip(*newness, strict=True))
    cuts = scene_cuts(np.array(change), novelty, again, limit=Rule().cut)
    return set(np.flatnonzero(cuts).tolist())


def counted(pieces: Iterator[tuple[list[Tensor], tuple[int, ...]]], *, slack: int = 0) -> list[str]:
    """Cells of the table."""
    frames = cuts = hits = inventions = split = count = 0
    for piece, true in pieces:
        found = found_in(piece)
        near = {at + step for at in true for step in range(-slack, slack + 1)}
        count += 1
        frames += len(piece)
        cuts += len(true)
        hits += sum(any(abs(at - cut) <= slack for at in found) for cut in true)
        inventions += len(found - near)
        split += bool(found - near)
    recall = f"{hits / cuts:.1%}" if cuts else ""
    return [
        *(f"{count}", f"{frames}", f"{cuts or ''}", recall),
        *(f"{inventions}", f"{1000 * inventions / frames:.1f}", f"{split / count:.0%}"),
    ]


def made(kind: Kind, count: int) -> Iterator[tuple[list[Tensor], tuple[int, ...]]]:
    for number in range(count):
        random = Random().manual_seed(number)
        piece = kind(number, random)
        yield recorded(piece, random), piece.cuts


def cost(frames: list[Tensor]) -> list[str]:
    """CPU milliseconds per frame: of the grey differences, and of what is new."""
    spent = []
    for compare in (FrameChanges(), FrameWatch()):
        began = time.process_time()
        with torch.inference_mode():
            for start in range(0, len(frames), BATCH):
                compare.of(frames[start : start + BATCH])
        spent.append(1000 * (time.process_time() - began) / len(frames))
    height, width = frames[0].shape[1:]
    return [f"{width} x {height}", f"{len(frames)}", *(f"{each:.2f}" for each in spent)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=12, help="pieces of each kind")
    parser.add_argument("--only", default="", help="kinds with this in their name")
    options = parser.parse_args()
    torch.set_num_threads(1)
    print(machine())
    rows = []
    for name, kind in (CUTS | NO_CUTS).items():
        if options.only in name:
            slack = 7 if kind is melted else 0
            rows.append([name, *counted(made(kind, options.count), slack=slack)])
    for step in (1, 2, 4):
        if options.only in "real videos":
            rows.append([f"real videos joined, every {step}", *counted(filmed_cuts(step))])
            whole = ((video, ()) for video in real_videos(step))
            rows.append([f"real videos, no cut, every {step}", *counted(whole)])
    head = ["pieces", "number", "frames", "cuts", "found", "invented", "per 1000 frames"]
    table([*head, "pieces split wrongly"], rows)
    table(
        ["px", "frames", "grey difference, ms", "novelty and returns, ms"],
        [cost(video[:100]) for video in real_videos(1)],
    )


if __name__ == "__main__":
    main()
