"""Measures `yunet` beside `mtcnn`: faces found, distance of the landmarks, and time.

    OMP_NUM_THREADS=1 python tests/benchmarks/faces_second_detector.py --section found \\
        --section pupils --section rendered --section speed --section scale

Prints Markdown tables. Times are of process CPU time with one torch thread, the detectors in turn.
Needs the weights of YuNet (extra `yunet`) and the test media in `../shared/real` beside the
repository; a section whose media are absent is left out.
"""

from __future__ import annotations

import argparse
import csv
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from ferkit_decord.params import DecordParams
from ferkit_decord.reader import DecordReader
from ferkit_mtcnn.detector import MtcnnDetector
from ferkit_mtcnn.params import MtcnnParams
from ferkit_rendered.dataset import RenderedDataset
from ferkit_rendered.params import RenderedParams
from ferkit_yunet.detector import YunetDetector
from ferkit_yunet.params import YunetParams
from rendered import table
from torch import Tensor
from torchvision.ops import box_iou

from ferkit.contracts.faces import FaceDetector, Faces, Sampling
from ferkit.faces.decode import decode_photo
from ferkit.plugin import Context

REAL = Path(__file__).resolve().parents[2] / ".." / "shared" / "real"
VIDEOS = ("single_face.mp4", "WolfgangLanger_Pexels.mp4", "two_people_1080p.mp4", "no_face.mp4")
PART = 8  # frames that the detectors get in turn, so that a busy machine slows both


def detectors() -> dict[str, FaceDetector]:
    """The two as they are, and YuNet as OpenCV reads it."""
    context = Context()
    return {
        "`mtcnn`": MtcnnDetector(MtcnnParams(), context),
        "`yunet`": YunetDetector(YunetParams(), context),
        "`yunet`, `average: false`": YunetDetector(YunetParams(average=False), context),
    }


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


def largest(faces: Faces) -> int:
    return int((faces.box_xyxy[:, 2:] - faces.box_xyxy[:, :2]).prod(1).argmax())


def interocular(landmarks: Tensor) -> Tensor:
    return (landmarks[1] - landmarks[0]).norm()


def pictures(count: int) -> Iterator[tuple[str, list[Tensor]]]:
    """Groups of photographs and frames."""
    for name in ("london/*/*.jpg", "poses/*.jpg", "photos/*"):
        paths = media(name)
        if paths:
            yield f"{paths[0].relative_to(REAL).parts[0]}/", [decode_photo(path) for path in paths]
    for path in media(*(f"videos/{name}" for name in VIDEOS)):
        yield path.name, list(frames_of(path, count))


def found(count: int) -> None:
    """Faces, scores, and whether the largest one is the same."""
    makes = detectors()
    own, other = makes["`yunet`"], makes["`mtcnn`"]
    rows = []
    for name, frames in pictures(count):
        mine, theirs = own.detect(frames), other.detect(frames)
        both = [
            (one, two) for one, two in zip(mine, theirs, strict=True) if len(one[2]) and len(two[2])
        ]
        same, away = 0, []
        for one, two in both:
            at, there = largest(one), largest(two)
            if float(box_iou(one.box_xyxy[at, None], two.box_xyxy[there, None])) > 0.5:
                same += 1
                marks = two.landmarks[there]
                distance = (one.landmarks[at] - marks).norm(dim=1).mean() / interocular(marks)
                away.append(float(distance))
        rows.append([name, f"{len(frames)}"])
        for faces in (theirs, mine):
            rows[-1] += [
                f"{sum(len(each.score) > 0 for each in faces)}",
                f"{sum(bool((each.score >= 0.9).any()) for each in faces)}",
                f"{sum(len(each.score) for each in faces)}",
            ]
        middle = f"{statistics.median(away):.1%}" if away else "-"
        rows[-1] += [f"{same} of {len(both)}", middle]
    if rows:
        head = ["pictures", "number", "with a face, `mtcnn`", "score >= 0.9", "faces"]
        head += ["with a face, `yunet`", "score >= 0.9", "faces", "same largest face"]
        table([*head, "landmarks apart, of the eyes' distance"], rows)


def pupils(count: int) -> None:
    """Distance of the eyes from the pupils that people marked; the London set and four poses."""
    marked: list[tuple[Tensor, Tensor]] = []
    for name in ("london/labels.csv", "poses/pupils.csv"):
        for path in media(name):
            with path.open(newline="") as file:
                for row in csv.DictReader(file):
                    # The other four poses have marks on the mouth in this table.
                    if not row["eye1_x"] or row["path"].endswith("cm.jpg"):
                        continue
                    points = [[float(row[f"eye{n}_{axis}"]) for axis in "xy"] for n in (1, 2)]
                    marked.append((decode_photo(path.parent / row["path"]), torch.tensor(points)))
    rows = []
    for name, detector in detectors().items():
        answers = detector.detect([frame for frame, _ in marked])
        away, tilt = [], []
        for faces, (_, given) in zip(answers, marked, strict=True):
            if len(faces.score):
                eyes = faces.landmarks[largest(faces), :2]
                away.append(float((eyes - given).norm(dim=1).mean() / interocular(given)))
                tilt.append(angle(eyes) - angle(given))
        away.sort()
        rows.append(
            [
                *(name, f"{len(away)} of {len(marked)}", f"{statistics.median(away):.1%}"),
                *(f"{away[int(0.95 * len(away))]:.1%}", f"{statistics.pstdev(tilt):.1f}"),
            ]
        )
    if marked:
        head = ["detector", "found", "median distance, of the eyes' distance", "95th percentile"]
        table([*head, "spread of the tilt, degrees"], rows)


def angle(eyes: Tensor) -> float:
    """Of the line through the eyes, degrees."""
    across, down = (eyes[1] - eyes[0]).tolist()
    return float(torch.rad2deg(torch.atan2(torch.tensor(down), torch.tensor(across))))


def rendered(count: int) -> None:
    """Faces that ferkit draws, against the true landmarks."""
    rows = []
    for domain in ("lab", "wild"):
        context = Context()
        data = RenderedDataset(RenderedParams(domain=domain, count=count), context)
        data.samples()
        frames, truth = data.draw(range(count))[:, 0, 0], data.landmarks(range(count))[:, 0]
        for name, detector in detectors().items():
            answers = detector.detect(frames)
            away = [
                float((faces.landmarks[0] - marks).norm(dim=1).mean() / interocular(marks))
                for faces, marks in zip(answers, truth, strict=True)
                if len(faces.score)
            ]
            certain = sum(bool((faces.score >= 0.9).any()) for faces in answers)
            rows.append([domain, name, f"{len(away)} of {count}", f"{certain}"])
            rows[-1].append(f"{statistics.median(away):.1%}")
    head = ["rendered faces, 160 x 160", "detector", "found", "score >= 0.9"]
    table([*head, "median distance of the landmarks, of the eyes' distance"], rows)


def speed(count: int) -> None:
    """CPU time per frame, the detectors in turn on the same frames."""
    rows = []
    for path in media(*(f"videos/{name}" for name in VIDEOS)):
        frames = frames_of(path, count)
        makes = detectors()
        makes.popitem()
        for detector in makes.values():
            detector.detect(frames[:2])
        spent = dict.fromkeys(makes, 0.0)
        for part in torch.split(frames, PART):
            for name, detector in makes.items():
                started = time.process_time()
                detector.detect(part)
                spent[name] += time.process_time() - started
        mtcnn, yunet = (1000 * each / len(frames) for each in spent.values())
        rows.append([path.name, f"{frames.shape[3]} x {frames.shape[2]}", f"{len(frames)}"])
        rows[-1] += [f"{mtcnn:.1f}", f"{yunet:.1f}", f"{1000 / yunet:.0f}", f"{mtcnn / yunet:.1f}"]
    if rows:
        head = ["video", "px", "frames", "ms per frame, `mtcnn`", "`yunet`"]
        table([*head, "frames/s, `yunet`", "times as fast"], rows)


def scale(count: int) -> None:
    """Small faces in large frames, by the size at which YuNet looks at them."""
    rows = []
    for path in media("videos/two_people_1080p.mp4"):
        frames = frames_of(path, count)
        theirs = MtcnnDetector(MtcnnParams(), Context()).detect(frames)
        for side in (640, 960, 1280, 1920):
            detector = YunetDetector(YunetParams(largest_side=side), Context())
            detector.detect(frames[:1])
            started = time.process_time()
            answers = detector.detect(frames)
            spent = 1000 * (time.process_time() - started) / len(frames)
            again = sum(
                int((box_iou(own.box_xyxy, other.box_xyxy) > 0.5).any(0).sum())
                for own, other in zip(answers, theirs, strict=True)
            )
            certain = sum(bool((faces.score >= 0.9).any()) for faces in answers)
            rows.append([f"{side}", f"{again} of {sum(len(each.score) for each in theirs)}"])
            rows[-1] += [f"{sum(len(faces.score) for faces in answers)}", f"{certain}"]
            rows[-1].append(f"{spent:.0f}")
        width = statistics.median(
            float(box[2] - box[0]) for faces in theirs for box in faces.box_xyxy
        )
        print(f"\n{path.name}, {len(frames)} frames, faces {width:.0f} pixels wide:")
    head = ["`largest_side`", "faces of `mtcnn` found", "faces", "frames with a score >= 0.9"]
    if rows:
        table([*head, "ms per frame"], rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    sections: dict[str, Callable[[int], None]] = {
        "found": found,
        "pupils": pupils,
        "rendered": rendered,
        "speed": speed,
        "scale": scale,
    }
    parser.add_argument("--section", action="append", choices=list(sections), default=[])
    parser.add_argument("--count", type=int, default=32, help="frames of a video, rendered faces")
    options = parser.parse_args()
    torch.set_num_threads(1)
    for name in options.section or sections:
        sections[name](options.count)


if __name__ == "__main__":
    main()
