from __future__ import annotations

import random
from collections import Counter
from itertools import pairwise
from typing import Any

import pytest

from ferkit.contracts.data import Sample
from ferkit.data.label_flips import flipped_keys, with_wrong_labels, wrong_label
from ferkit.data.members import Member, Rows
from ferkit.data.splits import Splits, make_splits
from ferkit.sections import DataSection, NoiseSection

NAMES = tuple("abcde")
SIZES = (400, 250, 100, 30, 20)


def labels(seed: int = 0) -> dict[str, int]:
    pairs = [(f"{c}/{i}", c) for c, size in enumerate(SIZES) for i in range(size)]
    random.Random(seed).shuffle(pairs)
    return dict(pairs)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("rate", [0.0, 0.1, 0.123, 0.2, 0.3, 0.5])
def test_exactly_so_many_spread_over_the_classes(rate: float, seed: int) -> None:
    chosen = flipped_keys(labels(), rate, seed=seed)
    assert len(chosen) == round(rate * 800)
    count = Counter(labels()[key] for key in chosen)
    assert all(abs(count[c] - rate * size) <= 2 for c, size in enumerate(SIZES))
    assert chosen == flipped_keys(labels(seed + 1), rate, seed=seed)
    if rate:
        assert chosen != flipped_keys(labels(), rate, seed=seed + 100)


@pytest.mark.parametrize("seed", range(3))
def test_a_lower_rate_is_a_part_of_a_higher_one(seed: int) -> None:
    rates = [i / 37 for i in range(37)]
    chosen = [flipped_keys(labels(), rate, seed=seed) for rate in rates]
    assert all(low <= high for low, high in pairwise(chosen))


def test_symmetric_noise_is_uniform_over_the_other_classes() -> None:
    noise = NoiseSection(rate=0.5, seed=3)
    new = Counter(wrong_label(f"{i}", 2, 5, noise) for i in range(8000))
    assert set(new) == {0, 1, 3, 4}
    # Five standard deviations of a binomial count of 8000 draws with p = 1/4.
    assert all(abs(count - 2000) < 5 * (8000 * 0.25 * 0.75) ** 0.5 for count in new.values())
    again = NoiseSection(rate=0.1, seed=3)
    assert all(
        wrong_label(f"{i}", 2, 5, noise) == wrong_label(f"{i}", 2, 5, again) for i in range(50)
    )


def test_pair_noise_takes_the_next_class() -> None:
    noise = NoiseSection(rate=0.5, kind="pair")
    assert [wrong_label("x", label, 5, noise) for label in range(5)] == [1, 2, 3, 4, 0]


def test_truth_is_kept_and_votes_follow_the_label() -> None:
    members = [
        Member(
            "train", i, Sample(f"{i}", label=0, votes=(6.0, 3.0, 1.0), truth=2 if i == 5 else -1)
        )
        for i in range(20)
    ]
    found, count = with_wrong_labels(members, NoiseSection(rate=0.5, seed=1), classes=3)
    assert count == 10
    assert [member.position for member in found] == list(range(20))
    for member in found:
        sample = member.sample
        assert sample.truth == (2 if member.position == 5 else 0)
        assert sample.votes is not None
        assert sample.votes[sample.label] == 6.0  # as convinced as before, of the label given now
        assert sorted(sample.votes) == [1.0, 3.0, 6.0]
    assert {member.sample.label for member in found} == {0, 1, 2}


def divided(**changes: Any) -> Splits:
    draw = random.Random(0)
    samples = [
        Sample(f"{i}", label=draw.choices(range(5), SIZES)[0], subject=f"S{i // 4}")
        for i in range(400)
    ]
    return make_splits(Rows(samples, NAMES), section=DataSection(train=None, **changes))


def wrong(splits: Splits, part: str) -> int:
    return sum(m.sample.truth not in (-1, m.sample.label) for m in getattr(splits, part))


def test_noise_is_of_the_labels_used_and_never_of_test() -> None:
    plain = divided(labels=100)
    noisy = divided(labels=100, noise={"rate": 0.3})
    for part in ("labelled", "validation", "test", "unlabelled"):
        assert [m.key for m in getattr(plain, part)] == [m.key for m in getattr(noisy, part)]
    assert wrong(noisy, "labelled") == 30
    assert wrong(noisy, "validation") == int(0.3 * len(noisy.validation) + 0.5)
    assert wrong(noisy, "test") == 0
    assert noisy.test == plain.test
    assert noisy.unlabelled == plain.unlabelled
    told = [p.what for p in noisy.problems if p.kind == "injected label noise"]
    assert told[0].startswith("30 of 100 training and ")
    assert "label-noise" in {one.name for one in noisy.protocol if one.declared}


def test_validation_may_stay_clean_and_does_where_it_is_the_test_split() -> None:
    assert wrong(divided(noise={"rate": 0.3, "validation": False}), "validation") == 0
    reported = divided(noise={"rate": 0.3}, selection="reported")
    assert wrong(reported, "validation") == wrong(reported, "test") == 0
    assert wrong(reported, "labelled") > 0


def test_no_noise_is_no_problem_but_truths_are_known() -> None:
    splits = divided(noise={"rate": 0})
    assert not any(problem.kind == "injected label noise" for problem in splits.problems)
    assert wrong(splits, "labelled") == 0
    assert all(member.sample.truth >= 0 for member in splits.labelled)
