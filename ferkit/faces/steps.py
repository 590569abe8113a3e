"""The parts that turn a file into crops."""

from __future__ import annotations

from dataclasses import dataclass

from ferkit.contracts.faces import Enhancer, FaceDetector, RegionCropper, Sampling, VideoReader

EVEN_16 = Sampling("even", 16)


@dataclass(frozen=True)
class Steps:
    """What turns a file into crops.

    Args:
        cropper: says where crops lie.
        detector: None: images are crops already.
        reader: of videos; None: a video is a failure.
        enhancer: of the crops, or None.
        sampling: which frames of a video.
        min_score: faces below are not used.
        batch_size: frames per call of the detector.
        device: where frames are detected, warped and enhanced.
    """

    cropper: RegionCropper
    detector: FaceDetector | None = None
    reader: VideoReader | None = None
    enhancer: Enhancer | None = None
    sampling: Sampling = EVEN_16
    min_score: float = 0.9
    batch_size: int = 16
    device: str = "cpu"
