"""Measures faces followed through videos: time beside facenet-pytorch, accuracy beside `mtcnn`.

    OMP_NUM_THREADS=1 python tests/benchmarks/faces_tracking.py

Prints Markdown tables. Times are of process CPU time with one torch thread; the three take turns,
a few frames each. facenet-pytorch gets frames one by one, which is its fastest way on a CPU.
Accuracy is against `mtcnn` on every frame. Needs the test media in `../shared/real` beside the
repository; a video that is absent is left out.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence

import torch
from faces_detection import MIN_FACE, Detect, theirs
from ferkit_decord.params import DecordParams
from ferkit_decord.reader import DecordReader
from ferkit_mtcnn.detector import MtcnnDetector
from ferkit_mtcnn.params import MtcnnParams
from machine import machine, media, table
from torch import Tensor
from torchvision.ops import box_iou

from ferkit.contracts.faces import Sampling
from ferkit.faces.track import FaceTracker, TrackedFaces, Tracking
from ferkit.plugin import Context

VIDEOS = ("single_face.mp4", "two_people_1080p.mp4", "WolfgangLanger_Pexels.mp4")
CERTAIN = 0.95
"""Score of faces that count."""
USED = 0.9
"""Score of faces that are followed, as in preparation."""
PART = 25
"""Frames that each gets in turn, so that a busy machine slows all."""


def frames_of(name: str, count: int) -> list[Tensor]:
    """The first frames of a video, without gaps."""
    frames: list[Tensor] = []
    for path in media(name, folder="videos"):
        for chunk in DecordReader(DecordParams(), Context()).read(path, Sampling()):
            frames += list(chunk.frames)
            if len(frames) >= count:
                break
    return frames[:count]


class Comparison:
    """Faces followed against those of full detection."""

    def __init__(self) -> None:
        self.certain = 0
        self.overlaps: list[float] = []
        self.offsets: list[float] = []
        self.beyond = 0  # faces that are not found in full
        self.switches = 0
        self._numbers: dict[int, int] = {}  # of full detection -> of the tracker

    def add(self, followed: TrackedFaces, full: TrackedFaces) -> None:
        """One frame. A face is found where the boxes overlap by half."""
        overlaps = box_iou(full.faces.box_xyxy, followed.faces.box_xyxy)
        taken = set()
        for at in range(len(full.track)):
            best = int(overlaps[at].argmax()) if len(followed.track) else -1
            hit = best >= 0 and float(overlaps[at, best]) >= 0.5 and best not in taken
            if hit:
                taken.add(best)
                person, number = int(full.track[at]), int(followed.track[best])
                self.switches += self._numbers.get(person, number) != number
                self._numbers[person] = number
            if float(full.faces.score[at]) <= CERTAIN:
                continue
            self.certain += 1
            if hit:
                self.overlaps.append(float(overlaps[at, best]))
                own, marks = followed.faces.landmarks[best], full.faces.landmarks[at]
                away = (own - marks).norm(dim=1).mean() / (marks[1] - marks[0]).norm()
                self.offsets.append(float(away))
        self.beyond += len(followed.track) - len(taken)


def quantile(values: Sequence[float], share: float) -> float:
    return float(torch.quantile(torch.tensor(values or [torch.nan]), share))


def measure(name: str, frames: Sequence[Tensor], *, beside: Detect) -> tuple[list[str], list[str]]:
    """One row of each table. `beside`: facenet-pytorch's detector."""
    params = MtcnnParams(min_face_px=MIN_FACE, largest_side=None)
    detector = MtcnnDetector(params, Context())
    warm = FaceTracker(detector, Tracking())
    warm.follow(frames[:3])
    beside(list(frames[:1]))
    followed = FaceTracker(detector, Tracking(), certain=USED)
    full = FaceTracker(detector, None)
    comparison = Comparison()
    spent = [0.0, 0.0, 0.0]
    for start in range(0, len(frames), PART):
        part = frames[start : start + PART]
        marks = [time.process_time()]
        own = followed.follow(part)
        marks.append(time.process_time())
        every = full.follow(part)
        marks.append(time.process_time())
        beside(list(part))
        marks.append(time.process_time())
        spent = [
            old + end - begin for old, begin, end in zip(spent, marks, marks[1:], strict=False)
        ]
        for pair in zip(own, every, strict=True):
            comparison.add(*pair)
    per_frame = [1000 * each / len(frames) for each in spent]
    height, width = frames[0].shape[1:]
    times = [
        *(name, f"{width} x {height}", f"{len(frames)}"),
        *(f"{each:.1f}" for each in per_frame),
        *(f"{per_frame[1] / per_frame[0]:.1f}", f"{per_frame[2] / per_frame[0]:.1f}"),
        f"{followed.detections}",
    ]
    found = len(comparison.overlaps)
    accuracy = [
        *(name, f"{comparison.certain}"),
        f"{found / max(1, comparison.certain):.2%}",
        *(f"{quantile(comparison.overlaps, share):.3f}" for share in (0.5, 0.05)),
        *(f"{quantile(comparison.offsets, share):.2%}" for share in (0.5, 0.95)),
        *(f"{comparison.switches}", f"{comparison.beyond}"),
    ]
    return times, accuracy


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--video", action="append", choices=VIDEOS, default=[])
    parser.add_argument("--count", type=int, default=200, help="frames of each video at most")
    options = parser.parse_args()
    torch.set_num_threads(1)
    print(machine())
    beside = theirs()
    times: list[list[str]] = []
    accuracies: list[list[str]] = []
    for name in options.video or VIDEOS:
        frames = frames_of(name, options.count)
        if frames:
            row, accuracy = measure(name, frames, beside=beside)
            times.append(row)
            accuracies.append(accuracy)
    if times:
        head = ["video", "px", "frames", "ms per frame, followed", "in full"]
        table([*head, "facenet-pytorch", "faster than full", "than facenet", "full"], times)
        head = ["video", f"faces above {CERTAIN:g}", "found", "IoU, median"]
        head += ["IoU, 5 %", "landmarks off, median", "95 %", "switches", "not in full"]
        table(head, accuracies)


if __name__ == "__main__":
    main()
