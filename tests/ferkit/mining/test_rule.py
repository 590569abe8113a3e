"""The rule, against cases worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from ferkit.mining.rule import Chosen, Run, choose_runs


def chosen(faces: str, *, area: float | list[float] = 0.1, cut: str = "", least: int = 3) -> Chosen:
    counts = np.array([int(letter) for letter in faces], np.int64)
    areas = np.broadcast_to(np.asarray(area, np.float64), counts.shape)
    cuts = np.array([letter == "x" for letter in cut.ljust(len(faces), ".")], np.bool_)
    return choose_runs(counts, areas, cuts, min_frames=least, min_area=0.05)


@pytest.mark.parametrize(
    ("faces", "cut", "kept", "short"),
    [
        ("", "", [], []),
        ("000", "", [], []),
        ("111", "", [(0, 2)], []),
        ("11", "", [], [(0, 1)]),
        ("0111110", "", [(1, 5)], []),
        ("1110111", "", [(0, 2), (4, 6)], []),
        ("1112111", "", [(0, 2), (4, 6)], []),
        ("0101110", "", [(3, 5)], [(1, 1)]),
        ("111111", "...x..", [(0, 2), (3, 5)], []),  # a cut between frames of one face
        ("111111", "..x...", [(2, 5)], [(0, 1)]),
        ("111111", "x.....", [(0, 5)], []),  # nothing is before the first frame
        ("1110011", "...x...", [(0, 2)], [(5, 6)]),  # a cut where there is no face
        ("011100", ".x..x.", [(1, 3)], []),  # cuts where runs end anyway
        ("11111", ".xxx.", [], [(0, 0), (1, 1), (2, 2), (3, 4)]),
    ],
)
def test_runs_of_one_face(
    faces: str, cut: str, kept: list[tuple[int, int]], short: list[tuple[int, int]]
) -> None:
    answer = chosen(faces, cut=cut)
    assert answer.kept == tuple(Run(*run) for run in kept)
    assert answer.short == tuple(Run(*run) for run in short)
    assert answer.small == ()


def test_length_is_reached_exactly() -> None:
    assert chosen("0" + "1" * 30 + "0", least=30).kept == (Run(1, 30),)
    assert chosen("0" + "1" * 29 + "0", least=30).short == (Run(1, 29),)
    assert chosen("010", least=1).kept == (Run(1, 1),)


@pytest.mark.parametrize(
    ("area", "large_enough"),
    [
        ([0.05, 0.05, 0.05, 0.05], True),  # "at least"
        ([0.1, 0.1, 0.1, 0.01], True),
        ([0.1, 0.1, 0.01, 0.01], False),  # half is no majority
        ([0.9, 0.01, 0.01, 0.01], False),  # neither mean nor largest count
        ([0.06, 0.06, 0.06, 0.0], True),
    ],
)
def test_the_majority_of_frames_decides_on_size(area: list[float], large_enough: bool) -> None:
    answer = chosen("1111", area=area)
    assert answer.kept == ((Run(0, 3),) if large_enough else ())
    assert answer.small == (() if large_enough else (Run(0, 3),))


def test_each_run_is_judged_by_its_own_frames() -> None:
    answer = chosen("1112111211", area=[0.1] * 3 + [0.9] + [0.01] * 3 + [0.9] + [0.01] * 2)
    assert answer == Chosen(kept=(Run(0, 2),), short=(Run(8, 9),), small=(Run(4, 6),))
    assert Run(4, 6).length == 3
