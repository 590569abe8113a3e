"""What a data set says (rows) and what a prepared one delivers (clips)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol, runtime_checkable

import torch
from torch import Tensor

CLASSES = ("anger", "disgust", "fear", "happy", "neutral", "sad", "surprise")
"""The canonical seven, in the order used everywhere."""

SPLITS = ("train", "validation", "test", "unlabelled")
"""Values that `Sample.split` may take, besides "" (not given)."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One row of a data set: an image or a video clip, without its pixels.

    Args:
        id: unique within the data set and stable (a relative path, or "seed7/000123").
        path: the file, or the folder whose images are the frames of a clip, in the natural order
            of their names; "" where the data set draws its samples itself.
        label: index into the data set's classes, -1 if there is none.
        votes: crowd votes or a label distribution over the classes, if given.
        subject: who it shows; "" if unknown.
        group: samples that belong together (a sequence); "" if none.
        split: one of `SPLITS`, or "" if not given.
        truth: true label where it is known apart from the given one (injected noise), else -1.
        landmarks: five points (x, y) in source pixels, if given: left eye, right eye, nose,
            left and right mouth corner; left is the smaller x in the image.
        span: of a clip, the first and the last frame that the sample consists of, counted from
            0, if it is not the whole of it.
        line: line of the table it was read from, 0 if none.
        attributes: further ground truth, such as {"intensity": 0.7}; numbers or strings.
        frame_rate: of a folder of images, frames per second, if it is known.
    """

    id: str
    path: str = ""
    label: int = -1
    votes: tuple[float, ...] | None = None
    subject: str = ""
    group: str = ""
    split: str = ""
    truth: int = -1
    landmarks: tuple[tuple[float, float], ...] | None = None
    span: tuple[int, int] | None = None
    line: int = 0
    attributes: Mapping[str, Any] = field(default_factory=dict)
    frame_rate: float | None = None


class Problem(NamedTuple):
    """Something about the data that the user must hear of; nothing is dropped in silence.

    Args:
        kind: a short fixed word: "missing file", "unknown label", "duplicate path", ...
        where: `file:line`, or the path.
        what: one sentence.
        dropped: whether the row was left out because of it.
    """

    kind: str
    where: str
    what: str
    dropped: bool


class Clips(NamedTuple):
    """A batch of samples as pixels.

    frames: (N, T, R, 3, H, W) uint8 RGB, or float in [0, 1] once it is on the device.
    valid:  (N, T, R) bool; False where padding, or a region that could not be cut.
    """

    frames: Tensor
    valid: Tensor

    def to(self, device: torch.device | str, *, non_blocking: bool = False) -> Clips:
        """Both tensors on `device`."""
        return Clips(
            self.frames.to(device, non_blocking=non_blocking),
            self.valid.to(device, non_blocking=non_blocking),
        )


class Dataset(Protocol):
    """Rows of samples. Constructed cheaply; `samples` may read files but decodes no pixels."""

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names in label order; a plain attribute will do. May read what `samples` reads."""
        ...

    def samples(self) -> Sequence[Sample]:
        """All usable rows, in a fixed order."""
        ...

    def problems(self) -> Sequence[Problem]:
        """What is wrong with the data, found by `samples`."""
        ...

    def fingerprint(self) -> str:
        """Hex digest that changes when rows, labels or file contents (size, mtime) change."""
        ...


@runtime_checkable
class DrawnDataset(Protocol):
    """A data set that draws its own pixels, such as `rendered`; it has no files.

    `frame_size` is (H, W) of a raw frame and `clip_length` the frames T of every sample.
    `aligned` says whether samples are to be cropped by their true landmarks (the default
    road) or to go through the face detector as raw frames.
    """

    classes: tuple[str, ...]
    frame_size: tuple[int, int]
    clip_length: int
    aligned: bool

    def samples(self) -> Sequence[Sample]: ...

    def problems(self) -> Sequence[Problem]: ...

    def fingerprint(self) -> str:
        """Hex digest of all that decides pixels: where it is equal, samples of one id are the
        same picture, whatever else (their number, their labels) differs."""
        ...

    def landmarks(self, index: Sequence[int]) -> Tensor:
        """True landmarks of rows `index`: (B, T, 5, 2) float32, pixels of the raw frame."""
        ...

    def draw(
        self, index: Sequence[int], transforms: Tensor | None = None, size: int | None = None
    ) -> Tensor:
        """Draw rows `index`.

        Args:
            transforms: (B, T, R, 2, 3) float32, raw-frame pixels -> crop pixels; the crops are
                drawn straight at that view, without a resampling. None: the raw frame, R = 1.
            size: side S of the crops, pixels.
        Returns: (B, T, R, 3, S, S), or (B, T, 1, 3, H, W) uint8 RGB for raw frames.
        """
        ...


class FrameTruth(Protocol):
    """What is known of each frame of B clips of T frames.

    intensity: (B, T) float32 of the expression, 0 none, 1 full; NaN where unknown.
    """

    @property
    def intensity(self) -> Tensor: ...


@runtime_checkable
class KnowsFrames(Protocol):
    """What a data set may know besides, as `rendered` does: the truth of each frame of a clip."""

    def frame_truth(self, index: Sequence[int]) -> FrameTruth:
        """Of rows `index`, in the order of `samples`."""
        ...


class ClipSource(Protocol):
    """Prepared crops with random access: a store on disk, or tensors in memory."""

    regions: tuple[str, ...]
    image_size: int

    def __len__(self) -> int: ...

    def read(self, index: Sequence[int]) -> Clips:
        """Rows `index` as uint8 clips, padded at the end to the longest T among them."""
        ...

    def batches(self, batch_size: int) -> Iterator[Clips]:
        """All rows in order."""
        ...
