"""Random erasing: where, how much, and by what it is keyed."""

from __future__ import annotations

import torch

from ferkit.contracts.data import Clips
from ferkit.data.erasing import GREY, erased_view, rectangles


def black(samples: int, *, size: int = 20, frames: int = 1, regions: int = 1) -> Clips:
    shape = (samples, frames, regions)
    return Clips(torch.zeros((*shape, 3, size, size)), torch.ones(shape, dtype=torch.bool))


def test_rectangles_by_hand() -> None:
    """A quarter of 20 x 20 is 100 pixels; ratio 1 is where the logarithms' share is .50 of them."""
    middle = 0.502086  # ln(1 / .3) / ln(3.3 / .3)
    draws = torch.tensor(
        [
            [0.49, 0.999999, middle, 0.0, 0.999999],
            [0.49, 0.999999, middle, 0.5, 0.5],
            [0.51, 0.999999, middle, 0.0, 0.0],
            [0.0, 0.999999, 0.999999, 0.0, 0.0],
        ]
    )
    found = rectangles(draws, probability=0.5, area=(0.02, 0.25), size=(20, 20))
    assert found[:2].tolist() == [[0, 10, 10, 20], [5, 5, 15, 15]]
    assert found[2, 0] == found[2, 2]
    assert found[3].tolist() == [0, 0, 18, 6]  # sqrt(330), sqrt(30.3)


def test_no_side_is_longer_than_the_image() -> None:
    draws = torch.tensor([[0.0, 0.999999, 0.999999, 0.999999, 0.999999]])
    found = rectangles(draws, probability=1.0, area=(1.0, 1.0), size=(4, 9))
    top, left, bottom, right = found[0].tolist()
    assert 0 <= top < bottom <= 4
    assert 0 <= left < right <= 9


def test_a_share_of_the_clips_loses_one_grey_rectangle() -> None:
    seen = erased_view(black(400), seed=1, turn=0, ids=torch.arange(400)).frames[:, 0, 0]
    assert set(seen.unique().tolist()) == {0.0, GREY}
    assert torch.equal(seen[:, 0], seen[:, 2])
    lost = seen[:, 0] > 0
    share = lost.float().mean((1, 2))
    assert 0.42 < (share > 0).float().mean() < 0.58
    hit = share[share > 0]
    assert hit.min() > 0.01
    assert hit.max() < 0.27
    assert 0.11 < hit.mean() < 0.16
    rows, columns = lost.any(2).sum(1), lost.any(1).sum(1)
    assert torch.equal(lost.sum((1, 2)), rows * columns)


def test_it_depends_on_the_sample_and_its_keys_alone() -> None:
    ids = torch.arange(12)
    whole = erased_view(black(12), seed=1, turn=3, ids=ids, probability=1.0).frames
    part = erased_view(black(4), seed=1, turn=3, ids=ids[5:9], probability=1.0).frames
    assert torch.equal(part, whole[5:9])
    for other in ({"seed": 2}, {"turn": 4}, {"view": 1}):
        keys = {"seed": 1, "turn": 3} | other
        again = erased_view(black(12), ids=ids, probability=1.0, **keys).frames
        assert not torch.equal(again, whole)


def test_frames_and_regions_of_a_clip_lose_the_same() -> None:
    seen = erased_view(
        black(3, frames=2, regions=2), seed=1, turn=0, ids=torch.arange(3), probability=1.0
    ).frames
    assert seen.any()
    assert torch.equal(seen, seen[:, :1, :1].expand_as(seen))


def test_bytes_and_no_clips() -> None:
    clips = Clips(torch.full((1, 1, 1, 3, 8, 8), 255, dtype=torch.uint8), torch.ones(1, 1, 1) > 0)
    seen = erased_view(clips, seed=1, turn=0, ids=torch.arange(1), probability=1.0)
    assert seen.frames.max() == 1
    assert erased_view(black(0), seed=1, turn=0, ids=torch.arange(0)).frames.shape[0] == 0
