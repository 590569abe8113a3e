"""The parts that turn a file into crops."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ferkit.contracts.faces import Enhancer, FaceDetector, RegionCropper, Sampling, VideoReader
from ferkit.faces.shards import Format
from ferkit.faces.track import Tracking

CERTAIN_SCORE = 0.9
"""Least score of a face to rely on, where the detector does not name one."""
EVEN_16 = Sampling("even", 16)

Keep = Literal["largest", "most_central", "all"]
"""Which faces of a frame are cut."""
Enhance = Literal["frames", "face", "crops"]
"""What the enhancer gets: whole frames, the aligned face, or each region's crop."""


@dataclass(frozen=True)
class Steps:
    """What turns a file into crops.

    Args:
        cropper: says where crops lie.
        detector: None: images are crops already.
        reader: of videos; None: a video is a failure.
        enhancer: evens out the light, or None.
        enhance: what the enhancer gets.
        sampling: which frames of a video.
        tracking: how faces are followed in videos; None: each frame is detected in full.
        keep: which faces of a frame.
        min_score: faces below are not used; None: below what the detector relies on.
        batch_size: frames per call of the detector.
        device: where frames are detected, warped and enhanced.
        format: how crops are stored.
        jpeg_quality: of format "jpeg".
    """

    cropper: RegionCropper
    detector: FaceDetector | None = None
    reader: VideoReader | None = None
    enhancer: Enhancer | None = None
    enhance: Enhance = "face"
    sampling: Sampling = EVEN_16
    tracking: Tracking | None = None
    keep: Keep = "largest"
    min_score: float | None = None
    batch_size: int = 16
    device: str = "cpu"
    format: Format = "raw"
    jpeg_quality: int = 95

    @property
    def least_score(self) -> float:
        """Score of the faces that are used, at least."""
        if self.min_score is not None:
            return self.min_score
        return float(getattr(self.detector, "certain_score", CERTAIN_SCORE))
