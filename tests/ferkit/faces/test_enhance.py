"""Where the enhancer acts: on frames, on the aligned face, on each crop."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from ferkit.faces.enhance import enhance_crops, enhance_frames, enhanced
from ferkit.faces.process import detect_and_crop
from ferkit.faces.steps import Steps
from ferkit.faces.warp import warp

REGIONS = ("face", "eyes")


def invert(images: Tensor) -> Tensor:
    return 1 - images


def test_the_enhancer_sees_floats_and_answers_pixels() -> None:
    crops = torch.randint(0, 256, (2, 3, 3, 8, 8), dtype=torch.uint8)
    seen: list[Tensor] = []

    def watch(images: Tensor) -> Tensor:
        seen.append(images)
        return 1 - images

    assert torch.equal(enhanced(crops, watch), 255 - crops)
    assert seen[0].shape == (6, 3, 8, 8)
    assert float(seen[0].max()) <= 1


def test_frames_are_enhanced_before_detection(steps: Steps) -> None:
    frame = torch.full((3, 40, 40), 255, dtype=torch.uint8)
    frame[:, 10:30, 10:30] = 5  # bright, and so a face to the toy detector, only once inverted
    dark = replace(steps, enhancer=invert, enhance="frames")
    assert detect_and_crop([frame], dark).found == (1,)
    assert int(detect_and_crop([frame], dark).crops.max()) == 250
    sizes = [torch.zeros(3, 4, 5, dtype=torch.uint8), torch.zeros(3, 6, 2, dtype=torch.uint8)]
    assert [each.shape for each in enhance_frames(sizes, invert)] == [(3, 4, 5), (3, 6, 2)]


def test_crops_are_enhanced_after_detection(steps: Steps) -> None:
    frame = torch.full((3, 40, 40), 255, dtype=torch.uint8)
    result = detect_and_crop([frame], replace(steps, enhancer=invert, enhance="crops"))
    assert len(result.crops) == 1
    assert not result.crops.any()


def two_regions() -> tuple[Tensor, Tensor, Tensor]:
    """A smooth frame; a face at half scale, and eyes at full scale within it."""
    ramp = torch.linspace(0, 250, 64)
    frame = torch.stack([ramp.expand(64, 64), ramp[:, None].expand(64, 64), ramp.expand(64, 64)])
    frame = frame.round().to(torch.uint8)[None]
    face = torch.tensor([[0.5, 0.0, -0.25], [0.0, 0.5, -0.25]])
    eyes = torch.tensor([[1.0, 0.0, -16.0], [0.0, 1.0, -8.0]])
    return frame, torch.stack([face, eyes])[None], torch.zeros(1, dtype=torch.int64)


def test_the_other_regions_are_cut_from_the_enhanced_face() -> None:
    frame, transforms, frame_of = two_regions()
    crops, _ = warp(frame, transforms, frame_of, size=32)
    means: list[float] = []

    def minus_mean(images: Tensor) -> Tensor:  # depends on the whole of what it gets
        means.extend(images.mean((1, 2, 3)).tolist())
        return (images - images.mean((1, 2, 3), keepdim=True) + 0.5).clamp(0, 1)

    of_face = enhance_crops(crops, transforms, enhancer=minus_mean, enhance="face", regions=REGIONS)
    assert len(means) == 1  # the face only
    shift = 127.5 - 255 * means[0]
    assert (of_face[0, 1].float() - (crops[0, 1] + shift)).abs()[:, 1:-1, 1:-1].max() <= 4
    apart = enhance_crops(crops, transforms, enhancer=minus_mean, enhance="crops", regions=REGIONS)
    assert len(means) == 3
    assert torch.equal(apart[:, 0], of_face[:, 0])
    assert not torch.equal(apart[:, 1], of_face[:, 1])


def test_a_region_without_a_face_keeps_its_own_crop() -> None:
    frame, transforms, frame_of = two_regions()
    transforms[0, 0] = torch.nan
    crops, fraction = warp(frame, transforms, frame_of, size=32)
    result = enhance_crops(crops, transforms, enhancer=invert, enhance="face", regions=REGIONS)
    assert fraction.tolist() == [[0, 1]]
    assert torch.equal(result[:, 1], crops[:, 1])


def test_no_enhancer_or_enhanced_frames_leave_crops_alone() -> None:
    crops = torch.randint(0, 256, (2, 1, 3, 8, 8), dtype=torch.uint8)
    none = torch.zeros(2, 1, 2, 3)
    alone = enhance_crops(crops, none, enhancer=None, enhance="face", regions=("face",))
    before = enhance_crops(crops, none, enhancer=invert, enhance="frames", regions=("face",))
    assert alone is crops
    assert before is crops
