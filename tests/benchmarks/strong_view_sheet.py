"""Draws strong views of rendered clips: `docs/images/strong-view.png`, and one of all operations.

python tests/benchmarks/strong_view_sheet.py FOLDER
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from ferkit_crops.croppers import FaceEyesMouthCropper
from ferkit_crops.params import FaceEyesMouthParams
from ferkit_rendered.dataset import RenderedDataset
from ferkit_rendered.params import RenderedParams
from PIL import Image
from torch import Tensor

from ferkit.contracts.data import Clips
from ferkit.contracts.faces import Faces
from ferkit.data.augment import clean_view
from ferkit.data.randaugment import apply_operation, strong_view
from ferkit.plugin import Context
from ferkit.view_sections import OPERATIONS, StrongSection

FRAMES, SIDE, GAP = (0, 5, 10), 72, 6


def crops(domain: str) -> Tensor:
    """A rendered clip as face, eyes and mouth: (T, 3, 3, S, S) uint8."""
    params = RenderedParams(domain=domain, count=40, clip_length=11)
    data = RenderedDataset(params, Context())
    rows = [i for i, sample in enumerate(data.samples()) if sample.truth == 6][:1]
    points = data.landmarks(rows)  # (B, T, 5, 2)
    many = points.flatten(0, 1)
    cropper = FaceEyesMouthCropper(FaceEyesMouthParams(size=SIDE), Context())
    faces = Faces(torch.zeros(len(many), 4), many, torch.ones(len(many)))
    maps = cropper.transforms(faces).unflatten(0, points.shape[:2])
    return data.draw(rows, maps, SIDE)[0, list(FRAMES)]


def views(clip: Tensor, settings: StrongSection, seeds: range) -> list[Tensor]:
    """Strong views of one clip (T, R, 3, S, S), a row of tiles each."""
    clips = Clips(clip[None], torch.ones(1, *clip.shape[:2], dtype=torch.bool))
    ids = torch.zeros(1, dtype=torch.int64)
    made = [strong_view(clips, settings=settings, seed=s, epoch=0, ids=ids) for s in seeds]
    return [view.frames[0] for view in made]


def sheet(rows: list[Tensor], path: Path, colours: int) -> None:
    """Rows of (groups, tiles, 3, S, S) in [0, 1] as one picture, with gaps between groups."""
    lines = []
    for row in rows:
        groups = [group.permute(1, 2, 0, 3).flatten(2) for group in row]  # (3, S, tiles S)
        gap = torch.ones(3, groups[0].shape[1], GAP)
        line = torch.cat([part for group in groups for part in (group, gap)][:-1], -1)
        lines += [line, torch.ones(3, GAP // 2, line.shape[-1])]
    pixels = torch.cat(lines[:-1], 1).mul(255).round().to(torch.uint8)
    image = Image.fromarray(pixels.permute(1, 2, 0).numpy())
    image.quantize(colours, dither=Image.Dither.NONE).save(path, optimize=True)
    print(f"{path}: {path.stat().st_size // 1024} kB")


def all_operations(face: Tensor) -> list[Tensor]:
    """Each operation at both ends of its range and in the middle: rows of (1, 5, 3, S, S)."""
    section, rows = StrongSection(), []
    for name in OPERATIONS:
        shares = torch.tensor([-1.0, -0.5, 0.0, 0.5, 1.0])
        if name in ("posterise", "solarise"):
            shares = torch.tensor([0.0, 0.25, 0.5, 0.75, 1.0])
        amounts = shares * section.largest(name)
        rows.append(apply_operation(name, face.repeat(5, 1, 1, 1), amounts)[None])
    return rows


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    folder: Path = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    usual, other = crops("lab"), crops("wild")
    plain = clean_view(Clips(usual[None], torch.ones(1))).frames[0]
    frames = StrongSection(per_frame=True)
    rows = [plain, *views(usual, StrongSection(), range(1, 6)), *views(usual, frames, range(1, 2))]
    sheet(rows, folder / "strong-view.png", 96)
    many = StrongSection(operations=OPERATIONS, cutout=0.4, border="mirror", weak_first=True)
    rows = [clean_view(Clips(other[None], torch.ones(1))).frames[0], *views(other, many, range(8))]
    sheet(rows, folder / "strong-view-all.png", 256)
    sheet(all_operations(plain[0, :1]), folder / "strong-view-operations.png", 256)


if __name__ == "__main__":
    main()
