from __future__ import annotations

import math

import pytest
import torch

from ferkit.contracts.data import Clips
from ferkit.data.augment import clean_view, weak_matrices, weak_view
from ferkit.sections import AugmentationSection

SIZE = 16


def settings(**changes: float) -> AugmentationSection:
    return AugmentationSection(**{"flip": 0, "zoom": 0, "shift": 0, "rotation": 0, **changes})


def random_clips(n: int = 6, t: int = 2, r: int = 3) -> Clips:
    generator = torch.Generator().manual_seed(0)
    frames = torch.randint(0, 256, (n, t, r, 3, SIZE, SIZE), generator=generator)
    valid = torch.rand(n, t, r, generator=generator) > 0.3
    return Clips(frames.to(torch.uint8), valid)


def test_clean_view_is_the_pixels_as_fractions() -> None:
    clips = random_clips()
    view = clean_view(clips)
    assert view.frames.dtype == torch.float32
    assert torch.equal(view.frames, clips.frames.float() / 255)
    assert torch.equal(view.valid, clips.valid)
    assert clean_view(view).frames is view.frames


def test_identity_settings_give_exactly_the_clean_view() -> None:
    clips = random_clips()
    view = weak_view(clips, settings=settings(), seed=0, epoch=0, ids=torch.arange(6))
    assert torch.equal(view.frames, clean_view(clips).frames)


def test_a_flip_mirrors_exactly_and_keeps_the_regions_in_place() -> None:
    clips = random_clips()
    view = weak_view(clips, settings=settings(flip=1), seed=0, epoch=0, ids=torch.arange(6))
    assert torch.equal(view.frames, clean_view(clips).frames.flip(-1))
    assert torch.equal(view.valid, clips.valid)


def test_a_flip_inside_a_warp_mirrors_as_well() -> None:
    clips = random_clips()
    tiny = settings(flip=1, rotation=1e-4)
    view = weak_view(clips, settings=tiny, seed=0, epoch=0, ids=torch.arange(6))
    assert torch.allclose(view.frames, clean_view(clips).frames.flip(-1), atol=1e-3)


def test_half_of_the_clips_are_flipped() -> None:
    clips = Clips(
        torch.arange(2, dtype=torch.uint8).expand(1000, 1, 1, 3, 2, 2),
        torch.ones(1000, 1, 1, dtype=torch.bool),
    )
    view = weak_view(clips, settings=settings(flip=0.5), seed=1, epoch=0, ids=torch.arange(1000))
    flipped = (view.frames[:, 0, 0, 0, 0, 0] > 0).float().mean()
    assert abs(float(flipped) - 0.5) < 0.05


@pytest.mark.parametrize(
    ("draws", "changes", "point", "expected"),
    [
        # Centre of a 5x5 image is (2, 2); draw 1 is the upper end of a range, 0 the lower.
        ((0.9, 1.0, 0.5, 0.5, 0.5), {"zoom": 0.5}, (4.0, 1.0), (5.0, 0.5)),
        ((0.9, 0.0, 0.5, 0.5, 0.5), {"zoom": 0.5}, (4.0, 1.0), (3.0, 1.5)),
        ((0.9, 0.5, 1.0, 0.0, 0.5), {"shift": 0.2}, (4.0, 1.0), (5.0, 0.0)),
        ((0.9, 0.5, 0.5, 0.5, 1.0), {"rotation": 90}, (4.0, 2.0), (2.0, 4.0)),
        ((0.1, 0.5, 0.5, 0.5, 0.5), {"flip": 0.5}, (4.0, 1.0), (0.0, 1.0)),
        # Mirror first, then turn: (4, 2) -> (0, 2) -> (2, 0).
        ((0.1, 0.5, 0.5, 0.5, 1.0), {"flip": 0.5, "rotation": 90}, (4.0, 2.0), (2.0, 0.0)),
    ],
)
def test_maps_by_hand(
    draws: tuple[float, ...],
    changes: dict[str, float],
    point: tuple[float, float],
    expected: tuple[float, float],
) -> None:
    matrix = weak_matrices(torch.tensor([draws]), settings(**changes), size=(5, 5))[0]
    moved = matrix @ torch.tensor([*point, 1.0])
    assert torch.allclose(moved, torch.tensor(expected), atol=1e-5)


def test_ranges_are_honoured_and_used() -> None:
    from ferkit.data import keyed

    ranges = settings(flip=0.5, zoom=0.1, shift=0.1, rotation=10)
    draws = keyed.uniform(0, torch.arange(5000), count=5)
    matrices = weak_matrices(draws, ranges, size=(101, 101))
    linear = matrices[:, :, :2]
    determinant = linear[:, 0, 0] * linear[:, 1, 1] - linear[:, 0, 1] * linear[:, 1, 0]
    scale = determinant.abs().sqrt()
    angle = torch.atan2(-linear[:, 0, 1], linear[:, 1, 1]) * 180 / math.pi
    shift = (matrices @ torch.tensor([50.0, 50.0, 1.0]) - 50) / 101
    for values, low, high in [(scale, 0.9, 1.1), (angle, -10, 10), (shift, -0.1, 0.1)]:
        assert low - 1e-3 <= float(values.min()) < low + 0.02 * (high - low)
        assert high - 0.02 * (high - low) < float(values.max()) <= high + 1e-3


def test_a_whole_shift_moves_pixels_and_mirrors_what_comes_from_outside() -> None:
    frames = torch.randint(0, 256, (1, 1, 1, 3, 8, 8), dtype=torch.uint8)
    clips = Clips(frames, torch.ones(1, 1, 1, dtype=torch.bool))
    from kornia.geometry.transform import warp_affine

    matrix = torch.tensor([[[1.0, 0.0, 2.0], [0.0, 1.0, 0.0]]])
    moved = warp_affine(
        clean_view(clips).frames.reshape(1, 3, 8, 8), matrix, (8, 8), padding_mode="reflection"
    )
    source = frames.float().reshape(1, 3, 8, 8) / 255
    assert torch.allclose(moved[..., 2:], source[..., :6], atol=1e-5)
    assert torch.allclose(moved[..., :2], source[..., [2, 1]], atol=1e-5)


def test_all_frames_and_regions_move_alike() -> None:
    one = torch.randint(0, 256, (4, 1, 1, 3, SIZE, SIZE), dtype=torch.uint8)
    clips = Clips(one.expand(4, 3, 2, 3, SIZE, SIZE), torch.ones(4, 3, 2, dtype=torch.bool))
    view = weak_view(clips, settings=AugmentationSection(), seed=0, epoch=0, ids=torch.arange(4))
    assert torch.equal(view.frames, view.frames[:, :1, :1].expand_as(view.frames))
    assert not torch.allclose(view.frames, clean_view(clips).frames, atol=0.1)


def test_a_view_depends_on_its_keys_alone() -> None:
    clips = random_clips()
    options = {"settings": AugmentationSection(), "seed": 5}
    ids = torch.tensor([11, 4, 7, 0, 9, 2])
    whole = weak_view(clips, epoch=1, ids=ids, **options).frames
    for rows in ([3], [5, 0], [1, 1, 4]):
        part = Clips(clips.frames[rows], clips.valid[rows])
        torch.manual_seed(len(rows))
        assert torch.equal(weak_view(part, epoch=1, ids=ids[rows], **options).frames, whole[rows])
    others = [
        weak_view(clips, epoch=2, ids=ids, **options),
        weak_view(clips, epoch=1, ids=ids, view=1, **options),
        weak_view(clips, epoch=1, ids=ids + 1, **options),
    ]
    for other in others:
        assert not torch.allclose(other.frames, whole, atol=0.05)


def test_values_stay_in_range_and_no_clips_are_fine() -> None:
    clips = random_clips()
    view = weak_view(
        clips, settings=AugmentationSection(), seed=0, epoch=0, ids=torch.arange(6)
    ).frames
    assert float(view.min()) >= 0
    assert float(view.max()) <= 1
    none = Clips(clips.frames[:0], clips.valid[:0])
    empty = weak_view(none, settings=AugmentationSection(), seed=0, epoch=0, ids=torch.arange(0))
    assert empty.frames.shape == (0, 2, 3, 3, SIZE, SIZE)
