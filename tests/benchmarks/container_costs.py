"""What containers for crops cost besides reading: what they install, and JPEG's coding itself."""

from __future__ import annotations

import io
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from container_kinds import KINDS, Kind
from PIL import Image
from rendered import table
from torchvision.io import decode_jpeg, encode_jpeg

from ferkit.faces.shards import from_jpeg, to_jpeg

REAL = Path(__file__).resolve().parents[2] / ".." / "shared" / "real"
QUALITY = 95
ROUNDS = 7


def present() -> Iterator[Kind]:
    """Containers whose package is installed."""
    return (kind for kind in KINDS if kind.installed())


def crops(number: int, regions: int, size: int) -> npt.NDArray[np.uint8]:
    """(n, R, 3, S, S): pieces of photographs, each shifted and mirrored in another way."""
    rng = np.random.default_rng(0)
    wide = size + size // 4
    pictures = []
    for path in sorted((REAL / "london").glob("*/*.jpg"))[:64]:
        with Image.open(path) as image:
            small = image.convert("RGB").resize((wide, wide), Image.Resampling.LANCZOS)
        pictures.append(np.asarray(small))
    if not pictures:
        print("\nThere is no ../shared/real/london beside the repository: crops are drawn.")
        for _ in range(64):
            noise = Image.fromarray(rng.integers(0, 256, (9, 9, 3), np.uint8))
            smooth = np.asarray(noise.resize((wide, wide), Image.Resampling.BICUBIC), np.int16)
            grain = rng.normal(0, 4, smooth.shape)
            pictures.append((smooth + grain).clip(0, 255).astype(np.uint8))
    result = np.empty((number, regions, 3, size, size), np.uint8)
    for flat in result.reshape(-1, 3, size, size):
        picture = pictures[rng.integers(len(pictures))]
        y, x = rng.integers(0, wide - size, 2)
        piece = picture[y : y + size, x : x + size].transpose(2, 0, 1)
        flat[:] = piece[:, :, ::-1] if rng.random() < 0.5 else piece
    return result


def weight() -> None:
    """What a container's package brings that ferkit does not need anyway."""
    own = requirements("ferkit")
    rows = []
    for kind in present():
        brought = requirements(kind.package[0]) - own if kind.package else set()
        sizes = [installed_bytes(name) for name in sorted(brought)]
        rows.append([kind.name, f"{len(brought)}", f"{sum(sizes) / 1e6:.0f}"])
    table(["container", "packages more", "MB more"], rows)


def requirements(name: str) -> set[str]:
    """A distribution and all that it needs, without extras; those that are installed."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        one = re.sub(r"[-_.]+", "-", waiting.pop()).lower()
        try:
            needs = distribution(one).requires or []
        except PackageNotFoundError:
            continue
        if one not in found:
            found.add(one)
            plain = [need for need in needs if "extra ==" not in need]
            waiting += [re.split(r"[^A-Za-z0-9._-]", need.strip())[0] for need in plain]
    return found


def installed_bytes(name: str) -> int:
    files = (Path(str(file.locate())) for file in distribution(name).files or [])
    return sum(path.stat().st_size for path in files if path.is_file())


def decode() -> None:
    """What JPEG costs and loses: PIL, which keeps the full colour resolution, and torchvision."""
    torch.set_num_threads(1)
    writing, reading = [], []
    for size in (224, 48):
        some = crops(64, 1, size)[:, 0]
        encoders: dict[str, Callable[[npt.NDArray[np.uint8]], bytes]] = {
            "PIL, 4:4:4": lambda crop: to_jpeg(crop, QUALITY),
            "torchvision, 4:2:0": with_torchvision,
        }
        files = {name: [encode(crop) for crop in some] for name, encode in encoders.items()}
        for name, spent in in_turns(encoders, some).items():
            decoded = np.stack([seen_by_pil(file) for file in files[name]])
            error = np.abs(decoded.astype(int) - some)
            share = sum(len(file) for file in files[name]) / some.nbytes
            figures = [f"{spent:.2f}", f"{share:.3f}", f"{error.mean():.2f}"]
            writing.append([f"{size}", name, *figures, f"{np.quantile(error, 0.999):.0f}"])
        target = np.empty_like(some[0])
        decoders: dict[str, Callable[[bytes], object]] = {
            "PIL": lambda file, place=target: from_jpeg(memoryview(file), place),
            "torchvision": seen_by_torchvision,
        }
        for name, spent in in_turns(decoders, files["PIL, 4:4:4"]).items():
            reading.append([f"{size}", name, f"{spent:.2f}"])
    head = ["px", f"JPEG {QUALITY} by", "ms a crop", "share of raw", "mean error", "99.9 % up to"]
    table(head, writing)
    table(["px", "4:4:4 decoded by", "ms a crop"], reading)


def in_turns(
    acts: Mapping[str, Callable[[Any], object]], things: Sequence[Any]
) -> dict[str, float]:
    """CPU ms that each act takes for one thing; they take turns."""
    spent: dict[str, list[float]] = {name: [] for name in acts}
    for _ in range(ROUNDS):
        for name, act in acts.items():
            started = time.process_time()
            for thing in things:
                act(thing)
            spent[name].append(time.process_time() - started)
    return {name: 1000 * median(each) / len(things) for name, each in spent.items()}


def with_torchvision(crop: npt.NDArray[np.uint8]) -> bytes:
    return bytes(encode_jpeg(torch.from_numpy(crop), QUALITY).numpy())


def seen_by_pil(file: bytes) -> npt.NDArray[np.uint8]:
    with Image.open(io.BytesIO(file)) as image:
        return np.asarray(image).transpose(2, 0, 1)


def seen_by_torchvision(file: bytes) -> npt.NDArray[np.uint8]:
    return decode_jpeg(torch.frombuffer(bytearray(file), dtype=torch.uint8)).numpy()
