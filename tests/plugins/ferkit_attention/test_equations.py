"""The equations against plain loops written from the paper, and at their borders."""

from __future__ import annotations

import math

import pytest
import torch
from ferkit_attention.equations import (
    attended,
    gate_scores,
    gate_shares,
    hop_overlap,
    spatial_weights,
    weighted_mean,
)


def noise(*shape: int, seed: int = 0, scale: float = 1.0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return scale * torch.randn(shape, generator=generator, dtype=torch.float64)


def eq_1_and_2(maps, first, second):
    """B8 for one image and region: maps[c][y][x], W_s1[u][c], W_s2[h][u] -> M[h][place], v."""
    height, width = len(maps[0]), len(maps[0][0])
    length = [[channel[y][x] for channel in maps] for y in range(height) for x in range(width)]
    weights = []
    for hop in second:
        raised = []
        for place in length:
            score = 0.0
            for unit, row in enumerate(first):
                score += hop[unit] * math.tanh(
                    sum(w * value for w, value in zip(row, place, strict=True))
                )
            raised.append(math.exp(score))
        weights.append([value / sum(raised) for value in raised])
    vector = []
    for shares in weights:
        for channel in range(len(maps)):
            vector.append(
                sum(share * place[channel] for share, place in zip(shares, length, strict=True))
            )
    return weights, vector


def eq_3_to_6(features, first, second):
    """B9 and B10 for one set: f[i][d], W^T[r][d], w[r] -> alpha[i] / sum, the mean."""
    alphas = []
    for member in features:
        score = 0.0
        for unit, row in enumerate(first):
            score += second[unit] * max(
                0.0, sum(w * value for w, value in zip(row, member, strict=True))
            )
        alphas.append(1 / (1 + math.exp(-score)))
    total = sum(alphas)
    mean = [
        sum(alpha * member[d] for alpha, member in zip(alphas, features, strict=True)) / total
        for d in range(len(features[0]))
    ]
    return [alpha / total for alpha in alphas], mean


@pytest.mark.parametrize(("hops", "side"), [(2, (3, 4)), (1, (2, 2)), (3, (1, 1)), (1, (1, 1))])
def test_b8_spatial_attention_is_the_papers(hops, side) -> None:
    maps = noise(2, 3, 5, *side)
    first, second = noise(3, 4, 5, seed=1), noise(3, hops, 4, seed=2)
    weights = spatial_weights(maps, first, second)
    vectors = attended(weights, maps)
    assert weights.shape == (2, 3, hops, *side)
    assert vectors.shape == (2, 3, hops * 5)
    for image in range(2):
        for region in range(3):
            shares, vector = eq_1_and_2(
                maps[image, region].tolist(), first[region].tolist(), second[region].tolist()
            )
            assert weights[image, region].flatten(1).tolist() == [
                pytest.approx(row) for row in shares
            ]
            assert vectors[image, region].tolist() == pytest.approx(vector)


def test_b8_one_place_is_handed_on_as_it_is() -> None:
    maps = noise(1, 1, 4, 1, 1).float()
    weights = spatial_weights(maps, noise(1, 3, 4).float(), noise(1, 2, 3).float())
    assert weights.flatten().tolist() == [1.0, 1.0]
    assert torch.equal(attended(weights, maps)[0, 0], maps.flatten().repeat(2))


def test_b8_huge_scores_stay_finite() -> None:
    maps = noise(1, 1, 4, 3, 3).float().requires_grad_()
    second = torch.full((1, 2, 3), 1e4)
    weights = spatial_weights(maps, noise(1, 3, 4).float(), second)
    weights.square().sum().backward()
    assert weights.sum((-2, -1)).flatten().tolist() == pytest.approx([1.0, 1.0])
    assert bool(torch.isfinite(maps.grad).all())


def test_b12_overlap_by_hand() -> None:
    apart = torch.zeros(1, 4, 2, 2, 2)
    apart[0, 0, 0, 0, 0] = apart[0, 0, 1, 1, 1] = 1  # two hops, each one place of its own
    apart[0, 1, :, 0, 1] = 1  # both the same place: M M^T is all ones
    apart[0, 2] = 0.25  # both everywhere: M M^T is 1/4 throughout
    apart[0, 3, 0] = 0.25
    apart[0, 3, 1, 0, 0] = 1
    by_hand = [0.0, 2.0, 2 * 0.75**2 + 2 * 0.25**2, 0.75**2 + 2 * 0.25**2]
    assert hop_overlap(apart)[0].tolist() == pytest.approx(by_hand)


def test_b12_overlap_is_a_squared_frobenius_norm() -> None:
    weights = noise(2, 3, 4, 5, 6).flatten(3).softmax(-1).reshape(2, 3, 4, 5, 6)
    for image in range(2):
        for region in range(3):
            rows = weights[image, region].flatten(1).tolist()
            total = 0.0
            for i, left in enumerate(rows):
                for j, right in enumerate(rows):
                    product = sum(a * b for a, b in zip(left, right, strict=True))
                    total += (product - (1.0 if i == j else 0.0)) ** 2
            assert hop_overlap(weights)[image, region].item() == pytest.approx(total)


@pytest.mark.parametrize("members", [1, 3, 7])
def test_b9_b10_gated_mean_is_the_papers(members) -> None:
    features, first, second = noise(2, members, 5), noise(4, 5, seed=1), noise(1, 4, seed=2)
    scores = gate_scores(features, first, second)
    shares = gate_shares(scores, torch.ones(2, members, dtype=torch.bool))
    mean = weighted_mean(features, shares)
    for row in range(2):
        expected, vector = eq_3_to_6(features[row].tolist(), first.tolist(), second[0].tolist())
        assert shares[row].tolist() == pytest.approx(expected)
        assert mean[row].tolist() == pytest.approx(vector)


def test_b10_what_is_not_valid_weighs_nothing_by_hand() -> None:
    # Gates of 1/2, 3/4 and 1/5.
    scores = torch.tensor([[0.0, math.log(3), math.log(1 / 4)]]).expand(3, 3)
    valid = torch.tensor([[True, True, True], [True, False, True], [False, False, False]])
    shares = gate_shares(scores, valid)
    total = 0.5 + 0.75 + 0.2
    assert shares[0].tolist() == pytest.approx([0.5 / total, 0.75 / total, 0.2 / total])
    assert shares[1].tolist() == pytest.approx([0.5 / 0.7, 0, 0.2 / 0.7])
    assert shares[2].tolist() == [0, 0, 0]
    assert shares[1, 1] == 0


@pytest.mark.parametrize("low", [-50.0, -200.0, -1e6])
def test_b9_gates_too_small_to_add_up_keep_their_ratio(low) -> None:
    """A sigmoid of -200 is 0 in float32, and eq. 4 as written 0 / 0."""
    scores = torch.tensor([[low, low + 2, 0.0]], requires_grad=True)
    shares = gate_shares(scores, torch.tensor([[True, True, False]]))
    assert shares[0, 1].item() / shares[0, 0].item() == pytest.approx(math.exp(2), rel=1e-3)
    shares[0, 0].backward()
    assert bool(torch.isfinite(scores.grad).all())
    assert scores.grad[0, 0] > 0.05
    assert scores.grad[0, 2] == 0


def test_gates_that_are_wide_open_share_alike() -> None:
    shares = gate_shares(torch.full((1, 4), 1e6), torch.ones(1, 4, dtype=torch.bool))
    assert shares.tolist() == [[0.25] * 4]


def test_nothing_valid_has_finite_gradients() -> None:
    scores = noise(2, 3).requires_grad_()
    features = noise(2, 3, 4).requires_grad_()
    shares = gate_shares(scores, torch.tensor([[False] * 3, [True, False, False]]))
    weighted_mean(features, shares).square().sum().backward()
    assert scores.grad.tolist() == [[0, 0, 0], [0, 0, 0]]
    assert not features.grad[0].any()
    assert features.grad[1, 0].all()


def test_gradients() -> None:
    maps = noise(2, 2, 3, 2, 3).requires_grad_()
    first, second = noise(2, 4, 3, seed=1).requires_grad_(), noise(2, 2, 4, seed=2).requires_grad_()

    def over_space(maps, first, second):
        weights = spatial_weights(maps, first, second)
        return attended(weights, maps), hop_overlap(weights), weights

    assert torch.autograd.gradcheck(over_space, (maps, first, second))
    features = noise(3, 4, 5).requires_grad_()
    first, second = noise(4, 5, seed=3).requires_grad_(), noise(1, 4, seed=4).requires_grad_()
    valid = torch.tensor([[True] * 4, [True, False, False, True], [False] * 4])

    def over_a_set(features, first, second):
        shares = gate_shares(gate_scores(features, first, second), valid)
        return weighted_mean(features, shares), shares

    assert torch.autograd.gradcheck(over_a_set, (features, first, second))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_shares_of_half_precision_are_float32(dtype) -> None:
    maps, first, second = (
        noise(*shape).to(dtype) for shape in [(1, 1, 4, 40, 40), (1, 3, 4), (1, 2, 3)]
    )
    weights = spatial_weights(maps, first, second)
    assert weights.dtype == torch.float32
    # 1600 shares in half precision would add up to 1 within a hundredth at best.
    assert weights.sum((-2, -1)).flatten().tolist() == pytest.approx([1, 1], abs=1e-5)
    assert hop_overlap(weights).dtype == torch.float32
    shares = gate_shares(noise(2, 300).to(dtype), torch.ones(2, 300, dtype=torch.bool))
    assert shares.dtype == torch.float32
    assert shares.sum(1).tolist() == pytest.approx([1, 1], abs=1e-5)
