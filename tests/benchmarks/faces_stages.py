"""Draws what each stage of preparation does to rendered photographs, for docs/faces.md.

    OMP_NUM_THREADS=1 python tests/benchmarks/faces_stages.py --out docs/images

Writes faces-stages.jpg (decode, detect, warp, enhance) and faces-track.jpg (a video followed).
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from ferkit_crops.croppers import FaceEyesMouthCropper
from ferkit_crops.params import FaceEyesMouthParams
from ferkit_enhance.clahe import Clahe
from ferkit_enhance.gamma import Gamma
from ferkit_enhance.params import ClaheParams, GammaParams
from ferkit_mtcnn.detector import MtcnnDetector
from ferkit_mtcnn.params import MtcnnParams
from PIL import Image, ImageDraw
from rendered_views import dataset
from torch import Tensor

from ferkit.contracts.faces import Enhancer
from ferkit.faces.choose import choose_faces
from ferkit.faces.crop import crop_faces, find_faces
from ferkit.faces.enhance import enhanced
from ferkit.faces.steps import Steps
from ferkit.faces.track import FaceTracker, Tracking
from ferkit.plugin import Context

SIZE, FRAME, GAP = 160, 320, 12
PAPER, INK, GREEN, GREY = (255, 255, 255), (40, 40, 40), (40, 200, 80), (150, 150, 150)
COLOURS = ((40, 200, 80), (240, 140, 30), (60, 140, 250))
ENHANCERS: dict[str, Enhancer] = {
    "gamma": Gamma(GammaParams(), Context()),
    "clahe": Clahe(ClaheParams(), Context()),
}


def picture(pixels: Tensor) -> Image.Image:
    """(3, H, W) uint8."""
    return Image.fromarray(pixels.permute(1, 2, 0).contiguous().numpy())


def photographs() -> list[Tensor]:
    """Two people of different size, one in the dark, and one whom the frame cuts."""
    near = dataset(domain="wild", count=12, seed=5, aligned=False, frame_size=320)
    far = dataset(domain="wild", count=12, seed=9, aligned=False, frame_size=200)
    both = torch.zeros(3, 320, 520, dtype=torch.uint8)
    both[:, :, :320] = near.draw([0])[0, 0, 0]
    both[:, 60:260, 320:] = far.draw([1])[0, 0, 0]
    alone = near.draw([4])[0, 0, 0]
    dark = (alone.float() * 0.3).to(torch.uint8)
    return [both, dark, near.draw([2])[0, 0, 0][:, 48:, 40:]]


def marked(frame: Tensor, steps: Steps) -> Image.Image:
    """Boxes and landmarks; the face that is kept in green."""
    found = find_faces([frame], [None], steps.detector)[0]
    assert found is not None
    size = (frame.shape[1], frame.shape[2])
    kept, _ = choose_faces(found.faces, keep="largest", min_score=0.9, frame_size=size)
    image = picture(frame)
    draw = ImageDraw.Draw(image)
    for row in range(len(found.track)):
        colour = GREEN if row in kept else GREY
        draw.rectangle(found.faces.box_xyxy[row].tolist(), outline=colour, width=3)
        for x, y in found.faces.landmarks[row].tolist():
            draw.ellipse((x - 3, y - 3, x + 3, y + 3), fill=colour)
    image.thumbnail((FRAME, FRAME))
    return image


def stages(out: Path) -> None:
    steps = Steps(
        cropper=FaceEyesMouthCropper(FaceEyesMouthParams(size=SIZE), Context()),
        detector=MtcnnDetector(MtcnnParams(min_face_px=30), Context()),
    )
    heads = ["1 decode", "2 detect, keep the largest", "3 warp: face", "eyes", "mouth"]
    heads += [f"4 {name}" for name in ENHANCERS]
    widths = [FRAME, FRAME] + [SIZE] * (len(heads) - 2)
    photos = photographs()
    height = 30 + len(photos) * (FRAME * 2 // 3 + GAP)
    page = Image.new("RGB", (sum(widths) + GAP * (len(heads) + 1), height), PAPER)
    draw = ImageDraw.Draw(page)
    lefts = [GAP + sum(widths[:n]) + GAP * n for n in range(len(heads))]
    for left, text in zip(lefts, heads, strict=True):
        draw.text((left, 10), text, fill=INK)
    for number, frame in enumerate(photos):
        top = 30 + number * (FRAME * 2 // 3 + GAP)
        result = crop_faces([frame], find_faces([frame], [None], steps.detector), steps)
        plain = picture(frame)
        plain.thumbnail((FRAME, FRAME * 2 // 3))
        boxed = marked(frame, steps)
        boxed.thumbnail((FRAME, FRAME * 2 // 3))
        cells = [plain, boxed, *(picture(crop) for crop in result.crops[0])]
        face = result.crops[0, :1]
        cells += [picture(enhanced(face, enhancer)[0]) for enhancer in ENHANCERS.values()]
        for left, cell in zip(lefts, cells, strict=True):
            page.paste(cell, (left, top))
        for region, fraction in enumerate(result.valid_fraction[0].tolist()):
            place = (lefts[2 + region], top + SIZE + 2)
            draw.text(place, f"valid fraction {fraction:.2f}", fill=INK)
    page.save(out / "faces-stages.jpg", quality=88)


def followed(out: Path) -> None:
    people = [
        dataset(domain="easy", count=4, seed=seed, aligned=False, frame_size=200, clip_length=24)
        for seed in (3, 8)
    ]
    clips = [one.draw([1])[0, :, 0] for one in people]  # (T, 3, 200, 200)
    frames = [torch.cat([a, b], 2) for a, b in zip(*clips, strict=True)]
    for number in range(14, 24):
        frames[number][:, :, 200:] = 90  # the second person leaves
    tracker = FaceTracker(MtcnnDetector(MtcnnParams(min_face_px=40), Context()), Tracking(every=12))
    shown = [0, 5, 11, 12, 16, 23]
    page = Image.new("RGB", (len(shown) * (300 + GAP) + GAP, 190), PAPER)
    draw = ImageDraw.Draw(page)
    full = 0
    for number, found in enumerate(one for frame in frames for one in tracker.follow([frame])):
        before, full = full, tracker.detections
        if number not in shown:
            continue
        image = picture(frames[number])
        pen = ImageDraw.Draw(image)
        for row, track in enumerate(found.track.tolist()):
            colour = COLOURS[track % len(COLOURS)]
            pen.rectangle(found.faces.box_xyxy[row].tolist(), outline=colour, width=3)
            for x, y in found.faces.landmarks[row].tolist():
                pen.ellipse((x - 2, y - 2, x + 2, y + 2), fill=colour)
        image = image.resize((300, 150), Image.Resampling.LANCZOS)
        left = GAP + shown.index(number) * (300 + GAP)
        page.paste(image, (left, 28))
        how = "detected in full" if full > before else "found in windows"
        draw.text((left, 10), f"frame {number}: {how}", fill=INK)
    page.save(out / "faces-track.jpg", quality=88)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, required=True, help="folder for the pictures")
    options = parser.parse_args()
    torch.set_num_threads(1)
    stages(options.out)
    followed(options.out)


if __name__ == "__main__":
    main()
