"""Scenes that come back, on patterns."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from ferkit.mining.novelty import CELLS, edges, novelty
from ferkit.mining.returns import BRIEF, WITHIN, SceneReturns


def pattern(seed: int) -> Tensor:
    """(CELLS, CELLS), smooth, in [0, 1]."""
    random = torch.Generator().manual_seed(seed)
    small = torch.rand(1, 1, 12, 12, generator=random)
    shown = torch.nn.functional.interpolate(small, size=(CELLS, CELLS), mode="bicubic")
    return shown[0, 0].clamp(0, 1)


ONE, OTHER = pattern(0), pattern(1)


def covered(left: int) -> Tensor:
    """The one pattern behind a strip of the other."""
    shown = ONE.clone()
    shown[:, max(0, left) : left + 24] = OTHER[:, max(0, left) : left + 24]
    return shown


def seen(pictures: list[Tensor]) -> list[int]:
    shown = edges(torch.stack(pictures))
    new = novelty(shown, torch.cat([shown[:1], shown[:-1]])).tolist()
    returns = SceneReturns()
    return [returns.of(own, value) for own, value in zip(shown, new, strict=True)]


def passing(length: int) -> list[Tensor]:
    return [covered(round(88 * (step + 0.5) / length) - 24) for step in range(length)]


def test_nothing_comes_back_where_nothing_goes() -> None:
    assert seen([ONE] * 12) == [0] * 12


def test_a_cut() -> None:
    assert seen([ONE] * 6 + [OTHER] * 14) == [0] * 20


@pytest.mark.parametrize("length", [2, 5, WITHIN - 1])
def test_what_passes(length: int) -> None:
    found = seen([ONE] * 6 + passing(length) + [ONE] * 6)
    back = 6 + length
    # From where it came in on; of a slow one the first frame may show hardly anything.
    assert max(at - ago for at, ago in enumerate(found) if ago) <= 6 + (length > 5)
    assert any(ago and at >= back - 1 for at, ago in enumerate(found))
    assert found[:6] == [0] * 6
    assert found[back + 1 :] == [0] * 5  # told once


def test_what_stays_longer_is_not_waited_for() -> None:
    hidden = [covered(20)] * (WITHIN + 1)
    assert seen([ONE] * 6 + hidden + [ONE] * 6) == [0] * (18 + len(hidden) - 6)


@pytest.mark.parametrize("length", [1, BRIEF, WITHIN - 2])
def test_another_shot_is_no_flash(length: int) -> None:
    assert not any(seen([ONE] * 6 + [OTHER] * length + [ONE] * 6))


@pytest.mark.parametrize("length", [1, BRIEF])
def test_a_flash(length: int) -> None:
    # Light parts are white: their edges are gone until the flash is over.
    lit = (ONE * 2.2).clamp(max=1)
    found = seen([ONE] * 6 + [lit] * length + [ONE] * 6)
    assert found[6 + length] == length + 1
    assert sum(map(bool, found)) == 1


def test_where_all_is_new_nothing_is_suspected() -> None:
    pictures = [pattern(seed) for seed in range(30)]
    assert not any(seen(pictures))
