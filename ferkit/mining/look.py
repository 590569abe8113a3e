"""Looking at every frame of a video."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch
from torch import Tensor

from ferkit.contracts.faces import Enhancer, FaceDetector, Faces, FrameChunk, Sampling, VideoReader
from ferkit.errors import FerkitError, RunError
from ferkit.faces.cuts import FrameChanges
from ferkit.faces.enhance import enhance_frames
from ferkit.faces.plans import Plan, StepsPlan
from ferkit.faces.steps import CERTAIN_SCORE
from ferkit.faces.track import FaceTracker, Tracking
from ferkit.mining.findings import FrameFinding
from ferkit.mining.watch import FrameWatch

Seen = Callable[[int, float], None]
"""Told of frames looked at since the last call, and of the part of the video that is done."""


class Unreadable(FerkitError):
    """A video of no use. kind: a fixed word for it."""

    def __init__(self, kind: str, what: str, path: Path) -> None:
        super().__init__(what, where=str(path))
        self.kind = kind


Follow = Callable[[Sequence[Tensor]], Sequence[Faces]]


@dataclass(frozen=True)
class Means:
    """How faces are found: can be pickled, so that other processes build it.

    Args:
        reader: of videos.
        detector: finds the faces.
        enhancer: evens out the light of whole frames first; None: nothing does.
        tracking: None: every frame is detected in full.
        batch_size: frames per call of the detector.
        device: where frames are detected.
    """

    reader: Plan
    detector: Plan
    enhancer: Plan | None = None
    tracking: Tracking | None = None
    batch_size: int = 16
    device: str = "cpu"

    @classmethod
    def of(cls, plan: StepsPlan) -> Means:
        """What mining uses of a preparation.

        Raises: FerkitError: it has no detector, or no video reader.
        """
        for part, name in ((plan.detector, "face detector"), (plan.reader, "video reader")):
            if part is None:
                raise FerkitError(f"mining needs a {name}.", hint="Name one, not null.")
        assert plan.detector is not None
        assert plan.reader is not None
        return cls(
            reader=plan.reader,
            detector=plan.detector,
            enhancer=plan.enhancer if plan.enhance == "frames" else None,
            tracking=plan.tracking,
            batch_size=plan.batch_size,
            device=plan.device,
        )


class Tools:
    """The parts themselves, each built when it is first used."""

    def __init__(self, means: Means) -> None:
        self.means = means

    @cached_property
    def reader(self) -> VideoReader:
        """The video reader."""
        built: VideoReader = self.means.reader.build()
        return built

    @cached_property
    def detector(self) -> FaceDetector:
        """The face detector."""
        built: FaceDetector = self.means.detector.build()
        return built

    def build(self) -> None:
        """Build all of them now."""
        _ = self.reader, self.detector, self.enhancer

    @property
    def certain_score(self) -> float:
        """Least score of a face that the detector relies on."""
        return float(getattr(self.detector, "certain_score", CERTAIN_SCORE))

    @cached_property
    def enhancer(self) -> Enhancer | None:
        """What evens out the light of frames."""
        built: Enhancer | None = self.means.enhancer.build() if self.means.enhancer else None
        return built


def look(path: Path, tools: Tools, seen: Seen) -> tuple[list[FrameFinding], str]:
    """Find the faces of every frame; the next frames are decoded meanwhile.

    Returns: the frames, and why the video ended early, "" if it did not.
    Raises: Unreadable: no frame can be decoded, or the file can't be read this time.
    """
    means = tools.means
    follow, compare = _follower(tools), (FrameChanges(), FrameWatch())
    found: list[FrameFinding] = []
    with ahead(tools.reader.read(path, Sampling("all"))) as chunks:
        while True:
            try:
                chunk = next(chunks, None)
            except RunError:
                raise
            except FerkitError as error:
                if not found:
                    raise Unreadable("unreadable video", error.advice, path) from error
                return found, error.advice
            except OSError as error:
                what = f"{error.strerror or error}."
                raise Unreadable("unreadable file", what, path) from error
            if chunk is None:
                break
            for start in range(0, len(chunk.frames), means.batch_size):
                frames = list(chunk.frames[start : start + means.batch_size])
                found += _findings(frames, chunk, start, follow, compare, tools)
                share = min(1.0, len(found) / chunk.expected) if chunk.expected else 0.0
                seen(len(frames), share)
    if not found:
        raise Unreadable("unreadable video", "the video has no frame.", path)
    return found, ""


def _findings(
    frames: list[Tensor],
    chunk: FrameChunk,
    start: int,
    follow: Follow,
    compare: tuple[FrameChanges, FrameWatch],
    tools: Tools,
) -> list[FrameFinding]:
    """Some frames of a chunk, from position `start` on."""
    with torch.inference_mode():
        changes, watch = compare
        change, newness = changes.of(frames), watch.of(frames)
        moved = [frame.to(tools.means.device, non_blocking=True) for frame in frames]
        if tools.enhancer is not None:
            moved = enhance_frames(moved, tools.enhancer)
        found = follow(moved)
    answers = []
    for at, own in enumerate(found):
        place = start + at
        height, width = frames[at].shape[1:]
        answers.append(
            FrameFinding(
                frame=int(chunk.number[place]),
                timestamp=float(chunk.timestamp[place]),
                change=change[at],
                novelty=newness[at].novelty,
                again=newness[at].again,
                score=own.score.tolist(),
                area=covered(own, height=height, width=width).tolist(),
                box=own.box_xyxy.tolist(),
            )
        )
    return answers


def _follower(tools: Tools) -> Follow:
    """What finds the faces of the next frames of a video."""
    if tools.means.tracking is None:
        return tools.detector.detect
    tracker = FaceTracker(tools.detector, tools.means.tracking)
    return lambda frames: [followed.faces for followed in tracker.follow(frames)]


def covered(faces: Faces, *, height: int, width: int) -> Tensor:
    """The part of a frame that each box covers: (n,) in [0, 1]. What lies beyond does not count."""
    limits = torch.tensor([width, height, width, height], dtype=torch.float32)
    # From pixel centres, the first at 0, to the frame's area from -0.5 on.
    inside = (faces.box_xyxy.to(torch.float32) + 0.5).clamp(min=0).minimum(limits)
    return (inside[:, 2:] - inside[:, :2]).clamp(min=0).prod(1) / (height * width)


@contextmanager
def ahead(chunks: Iterator[FrameChunk]) -> Iterator[Iterator[FrameChunk]]:
    """The same chunks; each is decoded in a thread while the one before it is used."""
    with ThreadPoolExecutor(1, thread_name_prefix="decode") as pool:

        def taken() -> Iterator[FrameChunk]:
            coming = pool.submit(next, chunks, None)
            while (chunk := coming.result()) is not None:
                coming = pool.submit(next, chunks, None)
                yield chunk

        try:
            yield taken()
        finally:
            pool.shutdown()  # nothing may be decoding where a generator is closed
            if isinstance(chunks, Generator):
                chunks.close()
