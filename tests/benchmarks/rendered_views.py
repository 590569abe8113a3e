"""Aligned views of the data set `rendered`, and its contact sheets, for `rendered.py`."""

from __future__ import annotations

from pathlib import Path

import torch
from ferkit_rendered.dataset import RenderedDataset
from ferkit_rendered.params import RenderedParams
from PIL import Image
from torch import Tensor

from ferkit.contracts.data import CLASSES
from ferkit.plugin import Context

DOMAINS = ("lab", "easy", "wild", "hard")


def dataset(**settings: object) -> RenderedDataset:
    return RenderedDataset(RenderedParams(**settings), Context())  # type: ignore[arg-type]


def by_eyes(points: Tensor, size: int, span: float = 0.34, level: float = 0.40) -> Tensor:
    """Raw -> crop: eyes level at height `level`, `span` of the side apart, in the middle.

    Args:
        points: (B, T, 5, 2). Returns: (B, T, 1, 2, 3).
    """
    left, right = points[:, :, 0], points[:, :, 1]
    d = right - left
    k = span * size / (d * d).sum(-1)
    a, b = d[..., 0] * k, d[..., 1] * k  # scaled rotation by minus the angle
    rows = torch.stack([torch.stack([a, b], -1), torch.stack([-b, a], -1)], -2)
    target = torch.tensor([0.5, level]) * size - 0.5
    shift = target - (rows @ ((left + right) * 0.5)[..., None])[..., 0]
    return torch.cat([rows, shift[..., None]], -1)[:, :, None]


def crops(data: RenderedDataset, size: int, span: float = 0.34, hide: bool = False) -> Tensor:
    """All still samples as aligned crops: (N, 3, S, S) uint8."""
    done = []
    for start in range(0, data.params.count, 512):
        rows = range(start, min(start + 512, data.params.count))
        view = by_eyes(data.landmarks(rows), size, span)
        done.append(data.draw_variant(rows, view, size, hide_face=hide)[:, 0, 0])
    return torch.cat(done)


def truths(data: RenderedDataset) -> Tensor:
    return torch.tensor([sample.truth for sample in data.samples()])


def save(tiles: Tensor, path: Path, scale: float = 1.0) -> None:
    """(rows, columns, 3, H, W) uint8 as one picture."""
    rows, columns, _, height, width = tiles.shape
    sheet = tiles.permute(0, 3, 1, 4, 2).reshape(rows * height, columns * width, 3)
    image = Image.fromarray(sheet.numpy())
    if scale != 1:
        image = image.resize((int(image.width * scale), int(image.height * scale)), Image.LANCZOS)
    image.save(path, quality=85)
    print(path)


def sheets(out: Path, scale: float, suffix: str) -> None:
    """Contact sheets: domains x emotions, intensity and blends, clips."""
    out.mkdir(parents=True, exist_ok=True)
    for domain in DOMAINS:
        data = dataset(domain=domain, count=700)
        truth = truths(data)
        rows = [torch.nonzero(truth == k).flatten()[:8].tolist() for k in range(len(CLASSES))]
        tiles = data.draw([row for part in rows for row in part])[:, 0, 0]
        tiles = tiles.reshape(len(CLASSES), 8, *tiles.shape[1:])
        save(tiles, out / f"rendered-{domain}.{suffix}", scale)
    data = dataset(domain="lab", count=70, clip_length=13)
    clip = data.draw([int(torch.nonzero(truths(data) == k)[1]) for k in range(len(CLASSES))])
    save(clip[:, :, 0], out / f"rendered-clips.{suffix}", scale)
    tiles = []
    for least in (0.0, 0.25, 0.5, 0.75, 1.0):
        still = dataset(domain="lab", count=70, identities=1, least_intensity=least, blends=0.0)
        tiles.append(crops_of(still, most=least))
    tiles.append(crops_of(dataset(domain="lab", count=70, identities=1, blends=1.0), most=1.0))
    save(torch.stack(tiles), out / f"rendered-ramp.{suffix}", scale)


def crops_of(data: RenderedDataset, most: float) -> Tensor:
    """One crop per class, of the face whose intensity is nearest to `most`: (K, 3, 160, 160)."""
    chosen = []
    for k in range(len(CLASSES)):
        rows = [i for i, s in enumerate(data.samples()) if s.truth == k]
        peaks = [abs(data.samples()[i].attributes["intensity"] - most) for i in rows]
        chosen.append(rows[peaks.index(min(peaks))])
    return data.draw(chosen, by_eyes(data.landmarks(chosen), 160), 160)[:, 0, 0]
