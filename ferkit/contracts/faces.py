"""From files to crops: video readers, face detectors, region croppers, enhancers.

Pixel coordinates: x to the right, y down, the centre of the first pixel is (0, 0).

Whatever besides its parameters decides what a part answers, it says in a string attribute
`fingerprint`: the digest of weights that it read, the precision that it computes in where that
follows from the device. Stores of crops are told apart by it; the device itself does not count.
A parameter that is told by it, or changes no pixel, has `json_schema_extra={"crops": False}`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal, NamedTuple, Protocol, runtime_checkable

from torch import Tensor


class Sampling(NamedTuple):
    """Which frames of a video to take.

    mode: "all"; "every" (each `value`-th); "even" (`value` frames evenly spaced);
        "fps" (`value` frames per second).
    value: a count, or frames per second; unused for "all".
    first, last: the part of the video that is meant, frame numbers from 0, both included;
        None: to its end.
    """

    mode: Literal["all", "every", "even", "fps"] = "all"
    value: float = 0.0
    first: int = 0
    last: int | None = None


class FrameChunk(NamedTuple):
    """Consecutive sampled frames of one video.

    frames: (B, 3, H, W) uint8 RGB. number: of each frame in the file, (B,) int64.
    timestamp: seconds from the start, (B,) float64. expected: sampled frames of the whole video,
    as far as the reader knows; 0 if it doesn't. Progress bars use it, nothing else.
    """

    frames: Tensor
    number: Tensor
    timestamp: Tensor
    expected: int = 0


class VideoReader(Protocol):
    """Decodes videos in chunks, so that memory is bounded whatever their length.

    Several threads read with one reader at once.
    """

    def read(self, path: Path, sampling: Sampling) -> Iterator[FrameChunk]:
        """Yield the sampled frames in order, turned the way a player shows them.

        Raises: FerkitError: the file can't be opened or holds no frame. If it breaks off
            in the middle, what was decoded is yielded first.
        """
        ...


class Faces(NamedTuple):
    """The faces of one frame, n >= 0, in descending score.

    box_xyxy: (n, 4) float32 px. score: (n,) float32 in [0, 1].
    landmarks: (n, 5, 2) float32 px: left eye, right eye, nose, left and right mouth corner;
        left is the smaller x in an upright face.
    """

    box_xyxy: Tensor
    landmarks: Tensor
    score: Tensor


class FaceDetector(Protocol):
    """Finds faces. One whose scores mean something else than a probability may have an attribute
    `certain_score`: the least score of a face to rely on, 0.9 where it has none."""

    def detect(self, frames: Sequence[Tensor]) -> Sequence[Faces]:
        """Find faces in frames that need not be of one size.

        Args:
            frames: B of them, each (3, H, W) uint8 RGB on any device, H and W at least 1; a
                (B, 3, H, W) tensor will do, too.
        Returns: B results on the CPU, in pixels of the frames as given. What one frame shows
            does not depend on the others of the call.
        """
        ...


@runtime_checkable
class FaceRefiner(Protocol):
    """What a detector may do besides: tell where faces are whose place is roughly known.

    That is faster than to look for them, and where people are followed through a video it
    spares most of the looking. A detector without it is shown small windows instead.
    """

    def refine(self, frames: Sequence[Tensor], boxes: Sequence[Tensor]) -> Sequence[Faces]:
        """Find faces again near where they were a moment ago.

        Args:
            frames: as for `FaceDetector.detect`.
            boxes: of each frame (n, 4) float32 on the CPU, pixels, n >= 0; off by up to about a
                fifth of their sides, and partly or wholly outside the frame.
        Returns: for each frame the faces that are there, in descending score, at most one for
            each box; for a box without a face none. A face may come twice, for two boxes.
        """
        ...


class RegionCropper(Protocol):
    """Says where the crops of a face lie; the core warps once, from the source frame."""

    regions: tuple[str, ...]
    size: int  # side of each square crop, pixels

    def transforms(self, faces: Faces) -> Tensor:
        """Affine maps from source to crop pixels: (n, R, 2, 3) float32."""
        ...


class Enhancer(Protocol):
    """Evens out the light.

    One that leaves images as they are says so by a true attribute `changes_nothing`.
    """

    def __call__(self, images: Tensor) -> Tensor:
        """(B, 3, H, W) float in [0, 1] -> the same shape and range."""
        ...
