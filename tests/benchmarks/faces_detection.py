"""Measures the face detector `mtcnn` beside facenet-pytorch: same faces, time, memory.

    OMP_NUM_THREADS=1 python tests/benchmarks/faces_detection.py

Both get the same frames with the same settings (smallest face 20 px, no limit of the side) and one
torch thread, each in a process of its own, in turns, so that a busy machine slows both.
facenet-pytorch gets frames one by one, which on a CPU is faster than its batches; on a GPU it gets
the same batches. Prints Markdown tables. Needs the test media in `../shared/real` beside the
repository; a section whose media are absent is left out.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import multiprocessing
import platform
import statistics
import time
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import torch
from faces_detection_margin import compare_logits, noise
from ferkit_decord.params import DecordParams
from ferkit_decord.reader import DecordReader
from ferkit_mtcnn.detector import MtcnnDetector
from ferkit_mtcnn.params import MtcnnParams
from machine import REAL, forget_peak, machine, media, peak_memory, table
from torch import Tensor
from torchvision.ops import box_iou

from ferkit.contracts.faces import Faces, Sampling
from ferkit.faces.decode import decode_photo
from ferkit.plugin import Context

SPEED = ("single_face.mp4", "two_people_1080p.mp4")
VIDEOS = (*SPEED, "WolfgangLanger_Pexels.mp4", "no_face.mp4")
MIN_FACE = 20
PART = 4  # frames that the detectors get in turn
SURE = 0.95  # score of faces that must be found
BATCH = 16  # frames together on a GPU
MIB = 2**20

Detect = Callable[[list[Tensor]], list[Faces]]


def frames_of(path: Path, count: int, *, times: int = 1) -> list[Tensor]:
    """So many frames spread evenly over a video, each (3, H, W) uint8, enlarged so many times."""
    reader = DecordReader(DecordParams(), Context())
    chunks = reader.read(path, Sampling("even", count))
    frames = [frame for chunk in chunks for frame in chunk.frames]
    if times == 1:
        return frames
    larger = torch.nn.Upsample(scale_factor=times, mode="bilinear")
    return [larger(frame[None].float())[0].round().to(torch.uint8) for frame in frames]


def ours(device: str = "cpu", *, min_face: float = MIN_FACE) -> Detect:
    params = MtcnnParams(min_face_px=min_face, largest_side=None)
    detector = MtcnnDetector(params, Context(device=device))
    return lambda frames: list(detector.detect(frames))


def theirs(device: str = "cpu", *, together: bool = False) -> Detect:
    """facenet-pytorch's detector, frame by frame or all at once."""
    from facenet_pytorch import MTCNN

    detector: Any = MTCNN(min_face_size=MIN_FACE, keep_all=True, device=device)

    def detect(frames: list[Tensor]) -> list[Faces]:
        images = [np.ascontiguousarray(frame.permute(1, 2, 0).numpy()) for frame in frames]
        if not together:
            return [_faces(*detector.detect(image, landmarks=True)) for image in images]
        answers = detector.detect(np.stack(images), landmarks=True)
        return [_faces(*answer) for answer in zip(*answers, strict=True)]

    return detect


def _faces(boxes: Any, scores: Any, points: Any) -> Faces:
    if boxes is None or boxes[0] is None:
        return Faces(torch.zeros(0, 4), torch.zeros(0, 5, 2), torch.zeros(0))
    return Faces(*(torch.from_numpy(each.astype(np.float32)) for each in (boxes, points, scores)))


MAKERS: dict[str, Callable[[], Detect]] = {"mtcnn": ours, "facenet-pytorch": theirs}


def worker(calls: Connection, maker: str, path: Path, count: int, times: int) -> None:
    """Detects in the frames that it is told to; answers seconds of CPU and of the clock.

    In the end it says how much its peak memory grew after the frames and the detector were there.
    """
    torch.set_num_threads(1)
    frames, detect = frames_of(path, count, times=times), MAKERS[maker]()
    forget_peak()
    before = peak_memory()
    detect(frames[:1])
    while (part := calls.recv()) is not None:
        started = time.process_time(), time.perf_counter()
        detect(frames[part])
        calls.send((time.process_time() - started[0], time.perf_counter() - started[1]))
    calls.send(peak_memory() - before)


def speed(count: int) -> None:
    """Frames per second and peak memory on a CPU."""
    rows = []
    cases = [(path, count, 1) for path in media(*SPEED, folder="videos")]
    cases += [(path, PART, 2) for path, _, _ in cases[-1:]]  # as large as 4K
    for path, number, times in cases:
        spent, memory = in_turns(path, number, times)
        ratios = [theirs[0] / own[0] for own, theirs in zip(*spent.values(), strict=True)]
        height, width = frames_of(path, 1, times=times)[0].shape[1:]
        for name in MAKERS:
            cpu, clock = (number / sum(part[at] for part in spent[name]) for at in (0, 1))
            compared = ["", ""]
            if name == "mtcnn":
                compared = [f"{statistics.median(ratios):.2f}", f"{min(ratios):.2f}"]
            sizes = [f"{width} x {height}", f"{number}"]
            speeds = [f"{cpu:.1f}", f"{clock:.1f}", f"{memory[name] / MIB:.0f} MiB"]
            rows.append([path.name, *sizes, name, *speeds, *compared])
    if rows:
        head = ["video", "px", "frames", "detector", "frames/s of CPU time", "frames/s"]
        table([*head, "peak memory", "times as fast, median", "least"], rows)
        print(f"\nIn parts of {PART} frames; CPU time is compared; memory: what detecting added.")


def in_turns(
    path: Path, count: int, times: int
) -> tuple[dict[str, list[tuple[float, float]]], dict[str, int]]:
    """Of each detector: seconds of CPU and of the clock for each part, and bytes of memory."""
    spawn = multiprocessing.get_context("spawn")
    ends, processes = {}, []
    for name in MAKERS:
        ends[name], other = spawn.Pipe()
        process = spawn.Process(target=worker, args=(other, name, path, count, times))
        process.start()
        processes.append(process)
    spent: dict[str, list[tuple[float, float]]] = {name: [] for name in MAKERS}
    for first in range(0, count, PART):
        for name, end in ends.items():
            end.send(slice(first, first + PART))
            spent[name].append(end.recv())
    memory = {}
    for name, end in ends.items():
        end.send(None)
        memory[name] = end.recv()
    for process in processes:
        process.join()
    return spent, memory


def pairs(own: Faces, their: Faces) -> Iterator[tuple[float, float, float]]:
    """For each of their faces: its score, the best IoU with ours, how far the landmarks are off.

    The latter is the largest of the five distances, as a share of their distance of the eyes.
    """
    for at in range(len(their.score)):
        overlap = box_iou(own.box_xyxy, their.box_xyxy[at : at + 1])[:, 0]
        if not len(overlap):
            yield float(their.score[at]), 0.0, torch.inf
            continue
        nearest = int(overlap.argmax())
        marks = their.landmarks[at]
        away = (own.landmarks[nearest] - marks).norm(dim=1).max() / (marks[1] - marks[0]).norm()
        yield float(their.score[at]), float(overlap[nearest]), float(away)


def same(count: int) -> None:
    """Whether each face that facenet-pytorch is sure of is found, on photographs and frames."""
    _compare(count, ours(), theirs())


def pictures(count: int) -> dict[str, list[Tensor]]:
    """Photographs by folder, and frames of each video; at most so many of each."""
    groups: dict[str, list[Tensor]] = {}
    for path in media("photos/*.[jp][pn]g", "poses/*.jpg", "london/*/*.jpg"):
        chosen = groups.setdefault(f"{path.relative_to(REAL).parts[0]}/", [])
        if len(chosen) < count:
            chosen.append(decode_photo(path))
    for path in media(*VIDEOS, folder="videos"):
        groups[path.name] = frames_of(path, count)
    return groups


def _compare(count: int, mine: Detect, others: Detect) -> None:
    rows = []
    for name, frames in pictures(count).items():
        extra, sure = 0, []
        for frame in frames:
            own, their = mine([frame])[0], others([frame])[0]
            extra += int((own.score > SURE).sum()) - int((their.score > SURE).sum())
            sure += [pair[1:] for pair in pairs(own, their) if pair[0] > SURE]
        found = [pair for pair in sure if pair[0] >= 0.9 and pair[1] <= 0.02]
        overlaps, offsets = zip(*sure, strict=True) if sure else ((1.0,), (0.0,))
        rows.append(
            [
                *(name, f"{len(frames)}", f"{len(sure)}", f"{len(found)}", f"{extra:+d}"),
                *(f"{min(overlaps):.4f}", f"{max(offsets):.3%}"),
            ]
        )
    if rows:
        head = ["pictures", "number", f"their faces > {SURE}", "found by `mtcnn`", "more"]
        table([*head, "smallest IoU", "largest distance of a landmark"], rows)
        print("\nFound: IoU >= 0.9, landmarks within 2 % of the distance of the eyes.")


def small(count: int) -> None:
    """Milliseconds per call for the small frames that tracking looks at."""
    rows = []
    for path in media(SPEED[0], folder="videos"):
        frame = frames_of(path, 1)[0]
        face = ours()([frame])[0].box_xyxy[0]
        middle, side = (face[:2] + face[2:]) / 2, float((face[2:] - face[:2]).amax())
        x, y = (int(each) for each in middle - side)
        window = frame[:, max(0, y) :, max(0, x) :][:, : int(2 * side), : int(2 * side)]
        for size in (80, 100, 120):
            pixels = torch.nn.functional.interpolate(
                window[None].float(), size=(size, size), mode="area"
            )[0].to(torch.uint8)
            detect = ours(min_face=40)
            found = len(detect([pixels])[0].score)
            times = []
            for _ in range(10 * count):
                started = time.process_time()
                detect([pixels])
                times.append(1000 * (time.process_time() - started))
            middle_time = f"{statistics.median(times):.2f}"
            rows.append([f"{size} x {size}", f"{found}", middle_time, f"{min(times):.2f}"])
    if rows:
        table(["frame, px", "faces", "ms of CPU time, median", "least"], rows)


def gpu(count: int) -> None:
    """Frames per second of the clock on a GPU, both in batches, and the same faces."""
    if not torch.cuda.is_available():
        print("\nLeft out: the GPU section, as there is no CUDA device.")
        return
    rows = []
    batched, own = theirs("cuda", together=True), ours("cuda")
    for path in media(*SPEED, folder="videos"):
        frames = frames_of(path, max(count, 2 * BATCH))
        parts = [frames[at : at + BATCH] for at in range(0, len(frames), BATCH)]
        seconds = {}
        for name, detect in (("mtcnn", own), ("facenet-pytorch", batched)):
            detect(parts[0])
            torch.cuda.synchronize()
            torch.cuda.reset_peak_memory_stats()
            started = time.perf_counter()
            for part in parts:
                detect(part)
            torch.cuda.synchronize()
            seconds[name] = time.perf_counter() - started
            memory = f"{torch.cuda.max_memory_allocated() / MIB:.0f} MiB"
            rows.append([path.name, name, f"{len(frames) / seconds[name]:.1f}", memory, ""])
        rows[-2][-1] = f"{seconds['facenet-pytorch'] / seconds['mtcnn']:.1f}"
    if rows:
        table(["video", "detector", "frames/s", "peak memory of the GPU", "times as fast"], rows)
        print(f"\nBatches of {BATCH}; `mtcnn` in 16-bit floats, facenet-pytorch as it is.")
    _compare(min(count, 8), own, ours("cpu"))
    print("(in this table 'their' faces are those of `mtcnn` on the CPU, in 32-bit floats)")


def margin(count: int) -> None:
    """How far the rough look in 16-bit floats is off; see `faces_detection_margin.py`."""
    compare_logits({**pictures(count), "noise": list(noise(count))}, min_face=MIN_FACE)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    sections = {"same": same, "speed": speed, "small": small, "margin": margin, "gpu": gpu}
    parser.add_argument("--section", action="append", choices=tuple(sections), default=[])
    parser.add_argument("--count", type=int, default=32, help="frames or pictures of each group")
    options = parser.parse_args()
    torch.set_num_threads(1)
    facenet = importlib.metadata.version("facenet-pytorch")
    print(f"{machine()}; facenet-pytorch {facenet}; Python {platform.python_version()}; one thread")
    for name in options.section or sections:
        sections[name](options.count)


if __name__ == "__main__":
    main()
