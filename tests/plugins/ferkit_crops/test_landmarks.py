"""Left and right once the face is upright."""

from __future__ import annotations

import torch
from ferkit_crops.landmarks import in_upright_order

UPRIGHT = torch.tensor([[30.0, 40], [70, 42], [50, 60], [35, 80], [66, 78]])


def test_upright_and_turned_landmarks_keep_their_order() -> None:
    quarter = UPRIGHT @ torch.tensor([[0.0, 1], [-1, 0]])
    both = torch.stack([UPRIGHT, -UPRIGHT, quarter, -quarter])  # by 0, 180, 90, 270 degrees
    assert torch.equal(in_upright_order(both), both)


def test_each_pair_is_put_right_by_itself() -> None:
    mouth = UPRIGHT[[0, 1, 2, 4, 3]]
    eyes = UPRIGHT[[1, 0, 2, 3, 4]]
    everything = UPRIGHT[[1, 0, 2, 4, 3]]
    found = in_upright_order(torch.stack([mouth, eyes, everything]))
    assert torch.equal(found, UPRIGHT.expand(3, -1, -1))


def test_upside_down_and_sorted_by_x() -> None:
    given = (100 - UPRIGHT)[[1, 0, 2, 4, 3]]
    assert given[0, 0] < given[1, 0]
    assert torch.equal(in_upright_order(given[None])[0], 100 - UPRIGHT)


def test_landmarks_that_tell_nothing_stay() -> None:
    same, unknown = torch.full((5, 2), 3.0), torch.full((5, 2), torch.nan)
    found = in_upright_order(torch.stack([same, unknown]))
    assert torch.equal(found[0], same)
    assert found[1].isnan().all()
    assert in_upright_order(torch.zeros(0, 5, 2)).shape == (0, 5, 2)
