"""Measures the warp from frames to crops: time beside two usual ways, and how well it shrinks.

    OMP_NUM_THREADS=1 python tests/benchmarks/faces_warp.py --section time --section quality

Prints Markdown tables. Times are of process CPU time with one torch thread, the ways in turn, so
that a busy machine slows all of them; the medians are printed. Needs no test media. Section `gpu`
needs a GPU and measures crops per second by the clock, ours beside kornia's on the same device.
"""

from __future__ import annotations

import argparse
import math
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from ferkit_crops.croppers import FaceEyesMouthCropper
from ferkit_crops.params import FaceEyesMouthParams
from kornia.geometry import warp_affine
from PIL import Image
from rendered import table
from torch import Tensor

from ferkit.contracts.faces import Faces
from ferkit.faces.warp import invert, warp
from ferkit.plugin import Context

SIZE = 224
TURN = 12.0  # degrees
FACE = torch.tensor([[-0.5, 0.0], [0.5, 0.0], [0.0, 0.55], [-0.37, 1.0], [0.37, 1.0]])
"""Landmarks around the middle of the eyes, in distances of the eyes."""
Way = Callable[[Tensor, Tensor], Tensor]


def machine() -> str:
    names = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    gpu = f", {torch.cuda.get_device_name()}" if torch.cuda.is_available() else ""
    name = names[0] if names else platform.machine()
    return f"{name}, {len(names)} cores{gpu}, torch {torch.__version__}"


def transforms(x: float, y: float, eyes_px: float, degrees: float = TURN) -> Tensor:
    """Of face, eyes and mouth, for a face whose eyes have their middle at x, y: (1, 3, 2, 3)."""
    angle = math.radians(degrees)
    c, s = math.cos(angle) * eyes_px, math.sin(angle) * eyes_px
    points = FACE @ torch.tensor([[c, s], [-s, c]]) + torch.tensor([x, y])
    face = Faces(torch.zeros(1, 4), points[None], torch.ones(1))
    return FaceEyesMouthCropper(FaceEyesMouthParams(size=SIZE), Context()).transforms(face)


def ours(frame: Tensor, regions: Tensor) -> Tensor:
    return warp(frame[None], regions, torch.tensor([0]), size=SIZE)[0][0]


def with_kornia(frame: Tensor, regions: Tensor) -> Tensor:
    """One bilinear sample for each pixel, of the frame as floats."""
    count = regions.shape[1]
    frames = frame[None].to(torch.float32).expand(count, -1, -1, -1)
    values = warp_affine(
        frames, regions[0].to(frames), (SIZE, SIZE), padding_mode="border", align_corners=True
    )
    return values.round().to(torch.uint8)


def with_pillow(frame: Tensor, regions: Tensor) -> Tensor:
    """The usual script: for each crop turn the whole frame, cut the square, resize it."""
    image = Image.fromarray(frame.permute(1, 2, 0).numpy())
    crops = []
    for inverse in invert(regions[0].to(torch.float64)):
        middle = inverse @ torch.tensor([(SIZE - 1) / 2, (SIZE - 1) / 2, 1.0], dtype=torch.float64)
        x, y = (middle + 0.5).tolist()
        (a, c), half = inverse[:, 0].tolist(), float(inverse[:, 0].norm()) * SIZE / 2
        turned = image.rotate(
            math.degrees(math.atan2(c, a)), Image.Resampling.BILINEAR, center=(x, y)
        )
        square = turned.crop((round(x - half), round(y - half), round(x + half), round(y + half)))
        crops.append(np.asarray(square.resize((SIZE, SIZE), Image.Resampling.BILINEAR)))
    return torch.from_numpy(np.stack(crops)).permute(0, 3, 1, 2)


WAYS: dict[str, Way] = {"ferkit": ours, "Pillow": with_pillow, "kornia": with_kornia}


def noise(height: int, width: int) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (3, height, width), dtype=torch.uint8, generator=generator)


def timing(rounds: int) -> None:
    """CPU time of three crops of one frame."""
    rows = []
    for width, height, eyes_px in (
        (640, 360, 50),
        (640, 360, 70),
        (1920, 1080, 50),
        (1920, 1080, 70),
        (1920, 1080, 150),
        (1920, 1080, 250),
    ):
        frame = noise(height, width)
        regions = transforms(width / 2, height * 0.42, eyes_px)
        spent: dict[str, list[float]] = {name: [] for name in WAYS}
        for way in WAYS.values():
            way(frame, regions)
        for _ in range(rounds):
            for name, way in WAYS.items():
                started = time.process_time()
                way(frame, regions)
                spent[name].append(1000 * (time.process_time() - started))
        medians = {name: statistics.median(each) for name, each in spent.items()}
        rows.append(
            [
                *(f"{width} x {height}", f"{eyes_px}"),
                *(f"{each:.1f}" for each in medians.values()),
                *(f"{medians[name] / medians['ferkit']:.1f}" for name in ("Pillow", "kornia")),
            ]
        )
    head = ["frame", "distance of the eyes, px", *(f"{name}, ms" for name in WAYS)]
    table([*head, "Pillow / ferkit", "kornia / ferkit"], rows)


def zone_plate(x: Tensor, y: Tensor, eyes_px: float) -> Tensor:
    """Rings that become finer outwards, in [0, 255].

    At the corner of the face crop, 2.6 distances of the eyes away, a period is 2.7 source pixels.
    """
    return 127.5 + 127.5 * torch.cos(math.pi * 0.145 / eyes_px * (x.square() + y.square()))


def area_mean(inverse: Tensor, middle: tuple[float, float], eyes_px: float, fine: int) -> Tensor:
    """What each pixel of a crop covers of the zone plate itself, by fine x fine points: (S, S)."""
    steps = (torch.arange(SIZE * fine, dtype=torch.float64) + 0.5) / fine - 0.5
    parts = []
    for rows in steps.split(16 * fine):
        u, v = steps[None, :], rows[:, None]
        x = inverse[0, 0] * u + inverse[0, 1] * v + inverse[0, 2] - middle[0]
        y = inverse[1, 0] * u + inverse[1, 1] * v + inverse[1, 2] - middle[1]
        plate = zone_plate(x, y, eyes_px)
        parts.append(plate.unflatten(0, (-1, fine)).unflatten(2, (-1, fine)).mean((1, 3)))
    return torch.cat(parts)


def quality(fine: int) -> None:
    """Error of the face crop of a zone plate against the mean over the area of each pixel."""
    rows = []
    for eyes_px in (40, 90, 150, 250, 400):
        side = round(5 * eyes_px)
        middle = (side - 1) / 2, (side - 1) / 2
        axis = torch.arange(side, dtype=torch.float64) - middle[0]
        plate = zone_plate(axis[None, :], axis[:, None], eyes_px)
        frame = plate.round().to(torch.uint8).expand(3, -1, -1).contiguous()
        regions = transforms(*middle, eyes_px)
        inverse = invert(regions[0, 0].to(torch.float64))
        wanted = area_mean(inverse, middle, eyes_px, fine)
        errors = [
            (way(frame, regions)[0, 0].double() - wanted).square().mean().sqrt()
            for way in WAYS.values()
        ]
        shrink = float(inverse[:, 0].norm())
        rows.append([f"{eyes_px}", f"{shrink:.2f}", *(f"{float(error):.1f}" for error in errors)])
    head = ["distance of the eyes, px", "source px per crop px"]
    table([*head, *(f"{name}, grey levels (RMS)" for name in WAYS)], rows)


def batch_of_ours(frames: Tensor, regions: Tensor) -> Tensor:
    return warp(frames, regions, torch.arange(len(frames)), size=SIZE)[0]


def batch_with_kornia(frames: Tensor, regions: Tensor) -> Tensor:
    values = frames.to(torch.float32).repeat_interleave(regions.shape[1], 0)
    maps = regions.flatten(0, 1).to(values)
    crops = warp_affine(values, maps, (SIZE, SIZE), padding_mode="border", align_corners=True)
    return crops.round().to(torch.uint8)


def gpu(rounds: int) -> None:
    """Crops per second of a batch on the GPU."""
    if not torch.cuda.is_available():
        print("\nLeft out: there is no GPU.")
        return
    rows = []
    for width, height, eyes_px in ((640, 360, 50), (1920, 1080, 70), (1920, 1080, 150)):
        frames = noise(height, width).cuda().expand(32, -1, -1, -1).contiguous()
        regions = transforms(width / 2, height * 0.42, eyes_px).repeat(32, 1, 1, 1)
        rates = []
        for way in (batch_of_ours, batch_with_kornia):
            way(frames, regions)
            torch.cuda.synchronize()
            started = time.perf_counter()
            for _ in range(rounds):
                way(frames, regions)
            torch.cuda.synchronize()
            rates.append(rounds * 96 / (time.perf_counter() - started))
        rows.append(
            [
                *(f"{width} x {height}", f"{eyes_px}", f"{rates[0]:.0f}", f"{rates[1]:.0f}"),
                f"{rates[0] / rates[1]:.1f}",
            ]
        )
    head = ["frame", "distance of the eyes, px", "ferkit, crops/s", "kornia, crops/s"]
    table([*head, "ratio"], rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    names = ("time", "quality", "gpu")
    parser.add_argument("--section", action="append", choices=names, default=[])
    parser.add_argument("--rounds", type=int, default=30, help="of each way, for the median")
    parser.add_argument("--fine", type=int, default=24, help="points a side, for the area mean")
    options = parser.parse_args()
    torch.set_num_threads(1)
    print(machine())
    sections: dict[str, Callable[[], None]] = {
        "time": lambda: timing(options.rounds),
        "quality": lambda: quality(options.fine),
        "gpu": lambda: gpu(options.rounds),
    }
    for name in options.section or names:
        sections[name]()


if __name__ == "__main__":
    main()
