"""B19: which pseudo-labelled samples are used, by hand."""

from __future__ import annotations

import pytest
import torch
from ferkit_noisy_student.balancing import balanced_by_class, part_of, wanted_counts

from ferkit.data import keyed


def rows(*sure: tuple[int, float], classes: int = 3) -> torch.Tensor:
    """A row per (class, confidence), the rest shared evenly."""
    made = torch.empty(len(sure), classes)
    for place, (label, confidence) in enumerate(sure):
        made[place] = (1 - confidence) / (classes - 1)
        made[place, label] = confidence
    return made


def counts(*numbers: int) -> torch.Tensor:
    return torch.tensor(numbers)


@pytest.mark.parametrize(
    ("predicted", "labelled", "wanted"),
    [
        ((6, 3, 3), (1, 1, 1), (4, 4, 4)),
        ((6, 3, 3), (2, 1, 1), (6, 3, 3)),  # right already
        ((10, 1, 1), (1, 2, 3), (2, 4, 6)),
        ((12, 0, 0), (1, 1, 1), (4, 0, 0)),  # a class that is never predicted is left out
        ((9, 1, 0), (98, 1, 1), (10, 1, 0)),  # fewer than one: one
        ((5, 5, 2), (1, 0, 1), (6, 0, 6)),  # a class without labelled samples
        ((0, 0, 0), (1, 1, 1), (0, 0, 0)),
        ((3, 3, 3), (0, 0, 0), (0, 0, 0)),
    ],
)
def test_wanted_counts(predicted, labelled, wanted) -> None:
    assert wanted_counts(counts(*predicted), counts(*labelled)).tolist() == list(wanted)


def test_frequent_classes_keep_their_surest_and_rare_ones_repeat() -> None:
    probs = rows((0, 0.5), (0, 0.9), (0, 0.7), (0, 0.8), (0, 0.6), (1, 0.4), (2, 0.9), (2, 0.5))
    chosen = balanced_by_class(probs, counts(2, 3, 3), order=torch.arange(8))
    # 8 predicted: 2, 3, 3 are wanted.
    assert chosen[0].tolist() == [1, 3]
    assert chosen[1].tolist() == [5, 5, 5]
    assert chosen[2].tolist() == [6, 7, 6]


def test_repetitions_are_spread_evenly() -> None:
    probs = rows(*[(0, 0.9)] * 11, (1, 0.9), (1, 0.8), (1, 0.7))
    chosen = balanced_by_class(probs, counts(1, 1, 0), order=torch.randperm(14))
    times = torch.bincount(chosen[1], minlength=14)[11:]
    assert sorted(times.tolist()) == [2, 2, 3]
    assert len(chosen[0]) == len(set(chosen[0].tolist())) == 7


def test_without_balancing_every_sample_comes_once() -> None:
    probs = rows((2, 0.5), (0, 0.9), (2, 0.7))
    chosen = balanced_by_class(probs, None, order=torch.tensor([2, 1, 0]))
    assert [ids.tolist() for ids in chosen] == [[1], [], [2, 0]]


def test_of_equally_sure_samples_chance_decides_the_same_each_time() -> None:
    probs = rows(*[(0, 0.6)] * 40, *[(1, 0.6)] * 2)
    order = keyed.permutation(5, "x", n=42)
    first = balanced_by_class(probs, counts(1, 9, 0), order=order)[0]
    again = balanced_by_class(probs, counts(1, 9, 0), order=order)[0]
    assert first.tolist() == again.tolist()
    assert first.tolist() != [0, 1, 2, 3]


def test_no_sample_at_all() -> None:
    empty = torch.arange(0)
    chosen = balanced_by_class(torch.empty(0, 3), counts(1, 1, 1), order=empty)
    assert [len(ids) for ids in chosen] == [0, 0, 0]
    for by_class in (True, False):
        assert part_of(chosen, 0.1, by_class=by_class, order=empty).tolist() == []


def test_a_part_of_each_class_takes_different_samples_before_it_repeats_one() -> None:
    probs = rows(*[(0, 0.9)] * 18, (1, 0.9), (1, 0.8))
    chosen = balanced_by_class(probs, counts(1, 1, 0), order=keyed.permutation(0, n=20))
    assert [len(ids) for ids in chosen] == [10, 10, 0]
    part = part_of(chosen, 0.2, by_class=True, order=torch.arange(20))
    assert len(part) == 4
    assert sorted(part[2:].tolist()) == [18, 19]
    larger = part_of(chosen, 0.6, by_class=True, order=torch.arange(20))
    assert set(part.tolist()) <= set(larger.tolist())
    everything = part_of(chosen, 1.0, by_class=True, order=torch.arange(20))
    assert len(everything) == 20


def test_a_tiny_part_is_one_of_each_class() -> None:
    chosen = [torch.arange(5), torch.arange(5, 6), torch.arange(0)]
    assert part_of(chosen, 1e-9, by_class=True, order=torch.arange(6)).tolist() == [0, 5]


def test_a_part_of_all_is_of_the_samples_and_keeps_their_repetitions() -> None:
    chosen = [torch.tensor([3, 1]), torch.tensor([0, 0, 0])]
    order = torch.tensor([0, 2, 3, 1])
    assert part_of(chosen, 0.5, by_class=False, order=order).tolist() == [0, 0, 0]
    assert part_of(chosen, 0.75, by_class=False, order=order).tolist() == [3, 0, 0, 0]
