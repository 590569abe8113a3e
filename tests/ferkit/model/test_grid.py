"""Maps pooled to a grid."""

from __future__ import annotations

import pytest
import torch
from torch.nn.functional import adaptive_avg_pool2d

from ferkit.model.grid import pool_to


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (5, 6), (7, 9), (10, 7), (14, 14)])
def test_maps_of_other_sizes_are_pooled_like_torch_does(size) -> None:
    maps = torch.rand(2, 4, *size)
    torch.testing.assert_close(pool_to(maps, 7), adaptive_avg_pool2d(maps, 7))


def test_a_map_of_the_right_size_is_left_alone() -> None:
    maps = torch.rand(2, 4, 7, 7)
    assert pool_to(maps, 7) is maps
