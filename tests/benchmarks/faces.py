"""Measures the road from photographs and videos to faces: time, and the same faces as before.

    OMP_NUM_THREADS=1 python tests/benchmarks/faces.py --section video --section same \\
        --section photos --section reader

Prints Markdown tables. Times are of process CPU time with one torch thread. Needs the test media
in `../shared/real` beside the repository; a section whose media are absent is left out.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from ferkit_crops.croppers import FaceCropper
from ferkit_crops.params import FaceParams
from ferkit_decord.params import DecordParams
from ferkit_decord.reader import DecordReader
from ferkit_mtcnn.detector import MtcnnDetector
from ferkit_mtcnn.params import MtcnnParams
from rendered import table
from torch import Tensor
from torchvision.ops import box_iou

from ferkit.contracts.faces import Faces, Sampling
from ferkit.faces.crop import crop_faces
from ferkit.faces.decode import decode_photo
from ferkit.plugin import Context

REAL = Path(__file__).resolve().parents[2] / ".." / "shared" / "real"
VIDEOS = ("single_face.mp4", "two_people_1080p.mp4")
MIN_FACE = 40
PART = 8  # frames that the detectors get in turn, so that a busy machine slows both


def media(*names: str) -> list[Path]:
    """Those of the test media that are there; says which are not."""
    found = []
    for name in names:
        paths = sorted(REAL.glob(name))
        if not paths:
            print(f"\nLeft out: there is no ../shared/real/{name} beside the repository.")
        found += paths
    return found


def frames_of(path: Path, count: int) -> Tensor:
    """So many frames spread evenly over a video: (B, 3, H, W) uint8."""
    reader = DecordReader(DecordParams(), Context())
    return torch.cat([chunk.frames for chunk in reader.read(path, Sampling("even", count))])


def ours(*, largest_side: int | None) -> MtcnnDetector:
    return MtcnnDetector(MtcnnParams(min_face_px=MIN_FACE, largest_side=largest_side), Context())


def facenet() -> Any:
    from facenet_pytorch import MTCNN

    return MTCNN(min_face_size=MIN_FACE, keep_all=True, device="cpu")


def their_faces(detector: Any, frame: Tensor) -> Faces:
    """facenet-pytorch's faces of one frame (3, H, W)."""
    image = np.ascontiguousarray(frame.permute(1, 2, 0).numpy())
    boxes, scores, points = detector.detect(image, landmarks=True)
    if boxes is None:
        return Faces(torch.zeros(0, 4), torch.zeros(0, 5, 2), torch.zeros(0))
    return Faces(*(torch.from_numpy(each.astype(np.float32)) for each in (boxes, points, scores)))


def video(count: int) -> None:
    """CPU time per frame beside facenet-pytorch, which takes the same frames one by one."""
    rows = []
    for path in media(*(f"videos/{name}" for name in VIDEOS)):
        frames = frames_of(path, count)
        theirs = facenet()
        for limit in (1280, None):
            if limit is None and max(frames.shape[2:]) <= 1280:
                continue  # the limit changes nothing
            own = ours(largest_side=limit)
            own.detect(frames[:2])
            their_faces(theirs, frames[0])
            spent = [0.0, 0.0]
            for part in torch.split(frames, PART):
                marks = [time.process_time()]
                own.detect(part)
                marks.append(time.process_time())
                for frame in part:
                    their_faces(theirs, frame)
                marks.append(time.process_time())
                spent = [spent[0] + marks[1] - marks[0], spent[1] + marks[2] - marks[1]]
            mine, other = (1000 * each / len(frames) for each in spent)
            rows.append(
                [
                    *(path.name, f"{frames.shape[3]} x {frames.shape[2]}", f"{len(frames)}"),
                    *(str(limit or "none"), f"{mine:.0f}", f"{other:.0f}", f"{mine / other:.2f}"),
                ]
            )
    if rows:
        head = ["video", "px", "frames", "`largest_side`", "ms per frame, `mtcnn`"]
        table([*head, "facenet-pytorch", "ratio"], rows)


def pairs(own: Faces, their: Faces) -> Iterator[tuple[float, float]]:
    """For each of their faces: IoU with the nearest of ours, and how far the landmarks are off.

    The latter is the largest of the five distances, as a share of their distance of the eyes.
    """
    for at in range(len(their.score)):
        overlap = box_iou(own.box_xyxy, their.box_xyxy[at : at + 1])[:, 0]
        if not len(overlap):
            yield 0.0, torch.inf
            continue
        nearest = int(overlap.argmax())
        marks = their.landmarks[at]
        away = (own.landmarks[nearest] - marks).norm(dim=1).max() / (marks[1] - marks[0]).norm()
        yield float(overlap[nearest]), float(away)


def same(count: int) -> None:
    """Whether the faces are those of facenet-pytorch, on photographs and frames."""
    own, theirs = ours(largest_side=None), facenet()
    rows = []
    groups: dict[str, list[Tensor]] = {}
    for path in media("photos/*.jpg", "poses/*.jpg", "london/neutral/*.jpg"):
        chosen = groups.setdefault(f"{path.relative_to(REAL).parts[0]}/", [])
        if len(chosen) < count:
            chosen.append(decode_photo(path))
    for path in media(*(f"videos/{name}" for name in VIDEOS)):
        groups[path.name] = list(frames_of(path, count))
    for name, frames in groups.items():
        found, expected, agreement = 0, 0, []
        for frame in frames:
            mine, other = own.detect(frame[None])[0], their_faces(theirs, frame)
            found, expected = found + len(mine.score), expected + len(other.score)
            agreement += list(pairs(mine, other))
        if not agreement:
            print(f"\nfacenet-pytorch finds no face in {name}; `mtcnn` finds {found}.")
            continue
        overlaps, offsets = zip(*agreement, strict=True)
        rows.append(
            [
                *(name, f"{len(frames)}", f"{found}", f"{expected}"),
                *(f"{min(overlaps):.3f}", f"{max(offsets):.2%}"),
            ]
        )
    head = ["pictures", "number", "faces, `mtcnn`", "facenet-pytorch", "smallest IoU"]
    if rows:
        table([*head, "largest distance of a landmark, of the eyes' distance"], rows)


def photos(size: int) -> None:
    """Seconds per photograph, from the file to the crop, and in how many one face is found."""
    paths = media("london/*/*.jpg")
    if not paths:
        return
    detector = ours(largest_side=1280)
    cropper = FaceCropper(FaceParams(size=size), Context())
    spent: dict[str, list[float]] = {"decode": [], "detect": [], "crop": []}
    alone = 0
    for path in paths:
        marks = [time.process_time()]
        frame = decode_photo(path)[None]
        marks.append(time.process_time())
        faces = detector.detect(frame)
        marks.append(time.process_time())
        crop_faces(frame, cropper=cropper, detector=None, known=faces)
        marks.append(time.process_time())
        alone += len(faces[0].score) == 1
        for name, start, end in zip(spent, marks, marks[1:], strict=False):
            spent[name].append(1000 * (end - start))
    means = [f"{statistics.fmean(each):.1f}" for each in spent.values()]
    whole = sum(statistics.fmean(each) for each in spent.values()) / 1000
    head = ["London photographs, 512 x 512", "with one face", "decode, ms", "detect, ms"]
    table(
        [*head, f"crop to {size} px, ms", "seconds each"],
        [[f"{len(paths)}", f"{alone}", *means, f"{whole:.3f}"]],
    )


def reader(count: int) -> None:
    """CPU time of decord: frames in a row, and frames that have to be sought."""
    rows = []
    for path in media(*(f"videos/{name}" for name in VIDEOS)):
        decord = DecordReader(DecordParams(), Context())
        taken: dict[str, tuple[int, float]] = {}
        for name, sampling in {"all": Sampling(), "even": Sampling("even", count)}.items():
            started, frames = time.process_time(), 0
            for chunk in decord.read(path, sampling):
                frames += len(chunk.frames)
                size = f"{chunk.frames.shape[3]} x {chunk.frames.shape[2]}"
            taken[name] = frames, 1000 * (time.process_time() - started) / frames
        rows.append(
            [
                *(path.name, size, f"{taken['all'][0]}", f"{taken['all'][1]:.1f}"),
                *(f"{taken['even'][0]}", f"{taken['even'][1]:.0f}"),
            ]
        )
    if rows:
        head = ["video", "px", "all frames", "ms per frame", "spread evenly", "ms per frame"]
        table(head, rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    names = ("video", "same", "photos", "reader")
    parser.add_argument("--section", action="append", choices=names, default=[])
    parser.add_argument("--count", type=int, help="frames or pictures of the section")
    parser.add_argument("--size", type=int, default=224, help="side of the crops, pixels")
    options = parser.parse_args()
    torch.set_num_threads(1)
    sections: dict[str, Callable[[], None]] = {
        "video": lambda: video(options.count or 32),
        "same": lambda: same(options.count or 24),
        "photos": lambda: photos(options.size),
        "reader": lambda: reader(options.count or 16),
    }
    for name in options.section or names:
        sections[name]()


if __name__ == "__main__":
    main()
