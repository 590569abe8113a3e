"""The equations of paper A, against plain loops written from its text and at their borders."""

from __future__ import annotations

import math
import random

import pytest
import torch
from ferkit_selftraining.equations import (
    balanced_pick,
    confident_pool,
    kept_after_replacement,
    pick_count,
    successive_smoothing,
    trusted_rows,
    validation_trend,
    weight_update,
)

from ferkit.contracts.training import Decision
from ferkit.training.losses import weighted_cross_entropy


def random_probs(rows: int, classes: int = 7, *, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return (torch.randn(rows, classes, generator=generator) * 2.5).softmax(-1)


def test_a3_pool_is_what_exceeds_tau() -> None:
    probs = random_probs(200)
    expected = [i for i, row in enumerate(probs.tolist()) if max(row) > 0.7]
    assert 10 < len(expected) < 190
    assert confident_pool(probs, 0.7).tolist() == expected


def test_a3_exactly_tau_is_outside() -> None:
    probs = torch.tensor([[0.9, 0.1], [0.900001, 0.099999], [0.899999, 0.100001]])
    assert confident_pool(probs, 0.9).tolist() == [1]


def test_a3_a_tie_is_in_the_pool_once_and_at_tau_1_nobody_is() -> None:
    probs = torch.tensor([[0.5, 0.5, 0.0], [1.0, 0.0, 0.0]])
    assert confident_pool(probs, 0.4).tolist() == [0, 1]
    assert confident_pool(probs, 1.0).tolist() == []
    assert confident_pool(probs, 0.0).tolist() == [0, 1]


def test_a3_empty_pool() -> None:
    assert confident_pool(torch.full((5, 7), 1 / 7), 0.9).tolist() == []
    assert confident_pool(torch.zeros(0, 7), 0.9).tolist() == []


def test_a6_targets_follow_eq_4_and_5() -> None:
    probs, classes, alpha = random_probs(300, seed=1), 7, 0.7
    given = torch.arange(300) % classes
    answer = successive_smoothing(probs, given, alpha)
    taken = 0
    for p, y, q in zip(probs.tolist(), given.tolist(), answer.tolist(), strict=True):
        best = max(range(classes), key=lambda k, p=p: p[k])
        if p[best] > alpha and best == y:
            expected = p
            taken += 1
        else:
            expected = [alpha if k == y else (1 - alpha) / (classes - 1) for k in range(classes)]
        assert q == pytest.approx(expected, abs=1e-6)
    assert 5 < taken < 295
    assert int(trusted_rows(probs, given, alpha).sum()) == taken


def test_a6_borders() -> None:
    probs = torch.tensor(
        [
            [0.7, 0.2, 0.1],  # exactly alpha: not above it
            [0.71, 0.19, 0.1],  # above
            [0.1, 0.8, 0.1],  # sure and wrong
            [0.5, 0.5, 0.0],  # a tie: the first class is the argmax, but it is not sure
        ]
    )
    answer = successive_smoothing(probs, torch.tensor([0, 0, 0, 0]), 0.7)
    smooth = [0.7, 0.15, 0.15]
    for row, expected in enumerate([smooth, probs[1].tolist(), smooth, smooth]):
        assert answer[row].tolist() == pytest.approx(expected)


def test_a6_a_tie_above_alpha_belongs_to_the_first_class() -> None:
    probs = torch.tensor([[0.45, 0.45, 0.1], [0.45, 0.45, 0.1]])
    answer = successive_smoothing(probs, torch.tensor([0, 1]), 0.4)
    assert answer[0].tolist() == pytest.approx([0.45, 0.45, 0.1])
    assert answer[1].tolist() == pytest.approx([0.3, 0.4, 0.3])


def test_a7_without_a_label_the_whole_prediction() -> None:
    probs = random_probs(20, seed=2)
    assert torch.equal(successive_smoothing(probs, torch.full((20,), -1), 0.7), probs)


def test_a6_rows_sum_to_one_for_alpha_0_and_1() -> None:
    probs, given = random_probs(50, seed=3), torch.arange(50) % 7
    for alpha in (0.0, 0.6, 0.9, 1.0):
        sums = successive_smoothing(probs, given, alpha).sum(-1)
        torch.testing.assert_close(sums, torch.ones(50))


def test_a9_weights_follow_eq_7_and_8() -> None:
    generator = torch.Generator().manual_seed(4)
    losses = torch.rand(100, generator=generator, dtype=torch.float64) * 6
    weight = torch.rand(100, generator=generator, dtype=torch.float64)
    answer = weight_update(weight, losses, c=0.3, sigma=2.0)
    average = sum(losses.tolist()) / 100
    for w, f, new in zip(weight.tolist(), losses.tolist(), answer.tolist(), strict=True):
        expected = min(1.0, max(0.0, w - 0.3 * math.tanh((f - average) / 2.0)))
        assert new == pytest.approx(expected, abs=1e-12)


def test_a9_by_hand() -> None:
    # Losses 0 and 4: the mean is 2, so the changes are -/+ .3 tanh(1) = .22848.
    answer = weight_update(torch.tensor([0.5, 0.5]), torch.tensor([0.0, 4.0]), c=0.3, sigma=2.0)
    assert answer.tolist() == pytest.approx([0.72848, 0.27152], abs=1e-5)


def test_a9_weights_stay_in_0_1() -> None:
    losses = torch.tensor([0.0, 10.0])
    top = weight_update(torch.tensor([1.0, 0.1]), losses, c=0.3, sigma=2.0)
    assert top.tolist() == [1.0, 0.0]
    raised = weight_update(torch.zeros(2), losses, c=0.3, sigma=2.0)
    assert raised[0] > 0
    assert raised[1] == 0
    assert weight_update(torch.ones(1), torch.tensor([3.0]), c=0.3, sigma=2.0).tolist() == [1.0]


def weights_from_the_paper(
    weights: list[float], losses: list[float], *, c: float, sigma: float
) -> list[float]:
    """Eq. 7 and 8, sample by sample, and the clipping below them."""
    average = math.fsum(losses) / len(losses)
    answer = []
    for w, f in zip(weights, losses, strict=True):
        delta = c * math.tanh((f - average) / sigma)
        answer.append(min(max(w - delta, 0.0), 1.0))
    return answer


@pytest.mark.parametrize("sigma", [1e-12, 1e-300, 5e-324])
@pytest.mark.parametrize("kind", [torch.float32, torch.float64])
def test_a9_a_tiny_sigma_takes_or_gives_all_of_c(sigma: float, kind: torch.dtype) -> None:
    losses = [0.1, 0.7, 2.5, 2.5]
    answer = weight_update(
        torch.full((4,), 0.5, dtype=kind), torch.tensor(losses, dtype=kind), c=0.3, sigma=sigma
    )
    assert answer.dtype == kind
    assert answer.tolist() == pytest.approx([0.8, 0.8, 0.2, 0.2])
    if sigma == 1e-12:
        assert answer.tolist() == pytest.approx(
            weights_from_the_paper([0.5] * 4, losses, c=0.3, sigma=sigma)
        )


@pytest.mark.parametrize("loss", [0.0, 0.1, 1 / 3, 27.631])
@pytest.mark.parametrize("count", [1, 3, 7, 1000])
def test_a9_equal_losses_move_nothing_however_small_sigma_is(loss: float, count: int) -> None:
    weight = torch.linspace(0, 1, count)
    answer = weight_update(weight, torch.full((count,), loss), c=0.3, sigma=1e-12)
    assert torch.equal(answer, weight)


def test_a9_when_all_weights_are_0_low_losses_come_back() -> None:
    answer = weight_update(torch.zeros(3), torch.tensor([1.0, 2.0, 3.0]), c=0.3, sigma=2.0)
    # The mean is 2: +.3 tanh(.5), 0, and below 0.
    assert answer.tolist() == pytest.approx([0.3 * 0.46211716, 0.0, 0.0])


def test_a9_an_infinite_loss_is_the_limit_of_a_large_one() -> None:
    weight = torch.full((4,), 0.5)
    large = weight_update(weight, torch.tensor([1.0, 1e30, 2.0, 3.0]), c=0.3, sigma=2.0)
    infinite = weight_update(weight, torch.tensor([1.0, math.inf, 2.0, 3.0]), c=0.3, sigma=2.0)
    assert torch.equal(large, infinite)
    assert infinite.tolist() == pytest.approx([0.8, 0.2, 0.8, 0.8])
    everything = weight_update(weight, torch.full((4,), math.inf), c=0.3, sigma=2.0)
    assert torch.equal(everything, weight)


def test_a9_a_loss_that_is_no_number_stays_to_be_seen() -> None:
    answer = weight_update(torch.ones(2), torch.tensor([1.0, math.nan]), c=0.3, sigma=2.0)
    assert bool(answer.isnan().all())  # the trainer refuses such weights


def test_a9_c_0_moves_nothing_and_its_arguments_stay_as_they_are() -> None:
    weight, losses = torch.tensor([0.2, 0.9]), torch.tensor([0.0, math.inf])
    assert torch.equal(weight_update(weight, losses, c=0.0, sigma=2.0), weight)
    assert losses.tolist() == [0.0, math.inf]


def test_a8_with_all_weights_0_the_loss_and_its_gradient_are_0() -> None:
    logits = torch.randn(4, 3, requires_grad=True)
    decision = Decision(torch.eye(3)[[0, 1, 2, 0]], torch.zeros(4), torch.zeros(()), None)
    loss = weighted_cross_entropy(logits, decision).mean()
    loss.backward()
    assert loss.item() == 0
    assert logits.grad.tolist() == torch.zeros(4, 3).tolist()


def trend_from_the_paper(losses: list[float], window: int) -> bool:
    """The mean over t-T+1..t against the mean over t-T..t-1, t the last iteration."""
    t = len(losses) - 1
    if t - window < 0:
        return False
    now = sum(losses[i] for i in range(t - window + 1, t + 1)) / window
    before = sum(losses[i] for i in range(t - window, t)) / window
    return now > before


@pytest.mark.parametrize("window", [1, 2, 3, 5])
def test_a10_trend(window: int) -> None:
    draw = random.Random(5)
    losses: list[float] = []
    seen = set()
    for _ in range(60):
        expected = trend_from_the_paper(losses, window)
        trend = validation_trend(tuple(losses), window)
        assert (trend is not None and trend > 0) is expected
        if trend is not None:
            now, before = (losses[len(losses) - window - i :][:window] for i in (0, 1))
            assert trend == pytest.approx((sum(now) - sum(before)) / window)
        seen.add(expected)
        losses.append(draw.random())
    assert seen == {True, False}


def test_a10_needs_window_and_one_more_and_a_real_rise() -> None:
    assert validation_trend((1.0, 2.0, 3.0), 3) is None
    assert validation_trend((1.0, 2.0, 3.0, 4.0), 3) == pytest.approx(1.0)
    assert validation_trend((4.0, 2.0, 3.0, 4.0), 3) == 0  # equal means do not rise


def pick(predicted: list[int], count: int, *, classes: int = 3, seed: int = 0) -> list[int]:
    pool = torch.arange(len(predicted)) + 100
    generator = torch.Generator().manual_seed(seed)
    picked = balanced_pick(
        pool, torch.tensor(predicted, dtype=torch.int64), count=count, classes=classes,
        generator=generator,
    )  # fmt: skip
    return picked.tolist()


def test_a4_same_number_from_each_class() -> None:
    predicted = [0] * 50 + [1] * 20 + [2] * 5
    picked = pick(predicted, 9)
    assert [sum(predicted[i - 100] == k for i in picked) for k in range(3)] == [3, 3, 3]
    assert len(set(picked)) == 9


def test_a4_a_class_with_too_few_gives_what_it_has_and_others_keep_their_share() -> None:
    predicted = [0] * 50 + [1] * 2  # nobody predicts class 2
    picked = pick(predicted, 12)
    assert [sum(predicted[i - 100] == k for i in picked) for k in range(3)] == [4, 2, 0]


def test_a4_the_remainder_goes_to_random_classes() -> None:
    predicted = [0] * 20 + [1] * 20 + [2] * 20
    seen = set()
    for seed in range(30):
        picked = pick(predicted, 4, seed=seed)
        counts = [sum(predicted[i - 100] == k for i in picked) for k in range(3)]
        assert sorted(counts) == [1, 1, 2]
        seen.add(counts.index(2))
    assert seen == {0, 1, 2}


def test_a4_is_random_within_a_class() -> None:
    assert len({tuple(pick([0] * 30, 3, seed=seed)) for seed in range(5)}) > 1
    assert pick([0] * 30, 3, seed=2) == pick([0] * 30, 3, seed=2)


def test_a4_empty_pool_and_pool_of_one() -> None:
    assert pick([], 6) == []
    assert pick([1], 6) == [100]


def test_a4_a_pool_smaller_than_the_classes() -> None:
    for seed in range(20):
        assert sorted(pick([0, 4], 7, classes=7, seed=seed)) == [100, 101]


def test_a4_one_sample_wanted_is_of_a_random_class_which_may_have_none() -> None:
    seen = {tuple(pick([0, 1], 1, seed=seed)) for seed in range(40)}  # nobody predicts class 2
    assert seen == {(100,), (101,), ()}


@pytest.mark.parametrize("count", [0, 1, 2, 5, 7, 12, 40, 1000])
def test_a4_counts_by_class(count: int) -> None:
    generator = torch.Generator().manual_seed(count)
    for seed in range(5):
        predicted = torch.randint(0, 6, (40,), generator=generator).tolist()  # never class 6
        picked = pick(predicted, count, classes=7, seed=seed)
        assert len(set(picked)) == len(picked) <= count
        assert set(picked) <= set(range(100, 140))
        one_more = 0
        for k in range(7):
            got, have = sum(predicted[i - 100] == k for i in picked), predicted.count(k)
            assert min(count // 7, have) <= got <= min(count // 7 + 1, have)
            one_more += got > count // 7
        assert one_more <= count % 7


@pytest.mark.parametrize(
    ("fraction", "labelled", "expected"),
    [
        (0.02, 1000, 20),
        (0.02, 10, 1),
        (0.1, 7, 1),
        (0.02, 1, 1),
        (0.0, 1000, 0),
        (0.02, 130, 3),
        (0.02, 125, 2),  # 2.5: to the even number
        (1e-9, 1000, 1),
        (1.0, 17, 17),
    ],
)
def test_a4_count(fraction: float, labelled: int, expected: int) -> None:
    assert pick_count(fraction, labelled) == expected


def test_a5_as_many_go_as_come() -> None:
    generator = torch.Generator().manual_seed(0)
    kept = kept_after_replacement(50, 7, generator).tolist()
    assert len(kept) == len(set(kept)) == 43
    assert set(kept) <= set(range(50))
    assert sorted(kept_after_replacement(50, 0, generator).tolist()) == list(range(50))
    assert kept_after_replacement(3, 3, generator).tolist() == []
