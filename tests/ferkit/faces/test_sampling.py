"""Which frames a sampling means."""

from __future__ import annotations

import numpy as np
import pytest

from ferkit.contracts.faces import Sampling
from ferkit.faces.sampling import sampled_frames


def frames(count: int, mode: str, value: float = 0.0, fps: float = 25.0) -> list[int]:
    return sampled_frames(np.arange(count) / fps, Sampling(mode, value)).tolist()  # type: ignore[arg-type]


def test_all_and_every() -> None:
    assert frames(5, "all") == [0, 1, 2, 3, 4]
    assert frames(7, "every", 3) == [0, 3, 6]
    assert frames(3, "every", 10) == [0]


def test_even_takes_the_middles_of_equal_parts() -> None:
    assert frames(100, "even", 4) == [12, 37, 62, 87]
    assert frames(10, "even", 1) == [5]
    assert frames(3, "even", 8) == [0, 1, 2]
    assert frames(8, "even", 8) == list(range(8))


def test_fps_shows_what_a_player_shows() -> None:
    assert frames(50, "fps", 5) == [0, 5, 10, 15, 20, 25, 30, 35, 40, 45]
    assert frames(10, "fps", 25) == list(range(10))
    assert frames(5, "fps", 100) == [0, 1, 2, 3, 4]  # no frame twice
    uneven = np.array([0.0, 0.5, 0.6, 2.0])
    assert sampled_frames(uneven, Sampling("fps", 1.0)).tolist() == [0, 2, 3]


@pytest.mark.parametrize("mode", ["all", "every", "even", "fps"])
def test_no_frames(mode: str) -> None:
    assert frames(0, mode, 4) == []


def test_wrong_samplings() -> None:
    with pytest.raises(ValueError, match="needs a value above 0"):
        frames(5, "even", 0)
    with pytest.raises(ValueError, match="no sampling 'odd'"):
        frames(5, "odd", 1)


def test_a_part_of_the_video_is_sampled_like_a_video_of_its_own() -> None:
    times = np.arange(100) / 25
    part = times[20:51]
    for mode, value in (("all", 0.0), ("every", 7), ("even", 5), ("fps", 4)):
        own = sampled_frames(times, Sampling(mode, value, first=20, last=50))
        assert own.tolist() == (20 + sampled_frames(part, Sampling(mode, value))).tolist()
    assert sampled_frames(times, Sampling("all", first=97)).tolist() == [97, 98, 99]
    assert sampled_frames(times, Sampling("all", first=98, last=500)).tolist() == [98, 99]
    assert sampled_frames(times, Sampling("even", 4, first=100)).tolist() == []
