from __future__ import annotations

import random
from collections import Counter

import pytest

from ferkit.data.holdout import Group, choose_groups, class_targets, keep_labels


def test_targets_by_hand() -> None:
    # Shares 2.0, 0.5, 0.6 of a total of 3.1 -> 3: two, and one more for the largest remainder.
    assert class_targets({0: 20, 1: 5, 2: 6}, 0.1, seed=0, purpose="test") == {0: 2, 1: 0, 2: 1}
    assert class_targets({0: 2, 1: 2}, 0.01, seed=0, purpose="test") in ({0: 1, 1: 0}, {0: 0, 1: 1})
    ties = Counter()
    for seed in range(300):
        ties.update(class_targets(dict.fromkeys(range(6), 5), 0.1, seed=seed, purpose="validation"))
    assert set(ties) == set(range(6))
    assert all(abs(count - 150) < 40 for count in ties.values())


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("fraction", [0.05, 0.1, 0.2, 0.5])
def test_single_samples_meet_the_targets_exactly(seed: int, fraction: float) -> None:
    labels = random.Random(seed).choices(range(7), [1, 2, 3, 4, 5, 6, 30], k=400)
    groups = [Group(f"s{i}", {label: 1}) for i, label in enumerate(labels)]
    counts = Counter(labels)
    chosen = choose_groups(groups, counts, fraction, seed=seed, purpose="test")
    held = Counter(labels[int(key[1:])] for key in chosen)
    assert dict(held) == {
        c: n for c, n in class_targets(counts, fraction, seed=seed, purpose="test").items() if n
    }
    assert len(chosen) == round(400 * fraction)
    random.Random(1).shuffle(groups)
    assert choose_groups(groups, counts, fraction, seed=seed, purpose="test") == chosen


@pytest.mark.parametrize("seed", range(10))
def test_groups_come_near_the_targets(seed: int) -> None:
    draw = random.Random(seed)
    groups = [
        Group(f"g{i}", Counter(draw.choices(range(7), k=draw.randint(1, 8)))) for i in range(200)
    ]
    counts = sum((Counter(group.counts) for group in groups), Counter())
    chosen = choose_groups(groups, counts, 0.2, seed=seed, purpose="test")
    held = sum((Counter(group.counts) for group in groups if group.key in chosen), Counter())
    for label, count in counts.items():
        assert abs(held[label] - 0.2 * count) <= 4
    assert abs(sum(held.values()) - 0.2 * sum(counts.values())) <= 4  # half of a large group
    random.Random(1).shuffle(groups)
    assert choose_groups(groups, counts, 0.2, seed=seed, purpose="test") == chosen


def test_training_keeps_every_class_and_large_groups_are_better_than_none() -> None:
    only = Group("only", {0: 5, 1: 3})
    groups = [only, Group("b", {0: 40}), Group("c", {0: 5})]
    counts = {0: 50, 1: 3}
    for seed in range(10):
        assert choose_groups(groups, counts, 0.2, seed=seed, purpose="test") == {"c"}
    large = [Group("a", {0: 10}), Group("b", {0: 12})]
    assert choose_groups(large, {0: 22}, 0.1, seed=0, purpose="test") == {"a"}
    assert choose_groups([Group("all", {0: 10})], {0: 10}, 0.1, seed=0, purpose="test") == set()


def test_seeds_and_purposes_choose_differently() -> None:
    groups = [Group(f"s{i}", {0: 1}) for i in range(1000)]
    chosen = [
        choose_groups(groups, {0: 1000}, 0.5, seed=seed, purpose=purpose)
        for seed, purpose in [(0, "test"), (1, "test"), (0, "validation")]
    ]
    for i, one in enumerate(chosen):
        for other in chosen[i + 1 :]:
            assert abs(len(one & other) - 250) < 60
    often: Counter[str] = Counter()
    for seed in range(200):
        often.update(choose_groups(groups[:20], {0: 20}, 0.25, seed=seed, purpose="test"))
    assert len(often) == 20
    assert all(abs(count - 50) < 25 for count in often.values())


def test_kept_labels_are_even_nested_and_independent_of_order() -> None:
    draw = random.Random(0)
    labels = {f"s{i}": label for i, label in enumerate(draw.choices(range(5), k=300))}
    labels |= {"rare1": 5, "rare2": 5}
    shuffled = dict(draw.sample(sorted(labels.items()), len(labels)))
    before: set[str] = set()
    for count in range(1, 303, 7):
        kept = keep_labels(labels, count, seed=3)
        assert len(kept) == count
        assert before <= kept
        assert kept == keep_labels(shuffled, count, seed=3)
        share = Counter(labels[key] for key in kept)
        full = [share[c] for c in range(5)]
        if count < 6 * 2:
            assert max(share.values()) - min(share[c] for c in range(6)) <= 1
        elif count < 200:
            assert share[5] == 2
            assert max(full) - min(full) <= 1
        before = kept
    assert keep_labels(labels, 60, seed=3) != keep_labels(labels, 60, seed=4)
