"""FAN against plain loops of the published model, and at its borders."""

from __future__ import annotations

import math

import pytest
import torch
from ferkit_fan.aggregation import FrameAttentionNetwork, make_fan
from ferkit_fan.equations import beside, gate_shares, relation_attention, self_attention
from ferkit_fan.params import FanParams

from ferkit.contracts.model import FeatureSpec
from ferkit.errors import FerkitError
from ferkit.plugin import Context


def made(dim: int = 5, *, slot: str = "frames", **params) -> FrameAttentionNetwork:
    torch.manual_seed(0)
    context = Context(slot=slot, features=FeatureSpec(dim))
    return make_fan(FanParams(**params), context).eval()


def noise(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def weighted(rows, gates):
    total = sum(gates)
    mean = [
        sum(g * row[d] for g, row in zip(gates, rows, strict=True)) / total
        for d in range(len(rows[0]))
    ]
    return mean, [g / total for g in gates]


def published(clip, first, second):
    """One clip, frame by frame: a mean by a first gate, then by both of each frame beside it.

    first, second: (weights, bias) of the two linear layers; the second None for the first form.
    """

    def gate(row, layer):
        return sigmoid(sum(w * x for w, x in zip(layer[0], row, strict=True)) + layer[1])

    alphas = [gate(frame, first) for frame in clip]
    mean, shares = weighted(clip, alphas)
    if second is None:
        return mean, shares
    pairs = [frame + mean for frame in clip]
    gates = [a * gate(pair, second) for a, pair in zip(alphas, pairs, strict=True)]
    return weighted(pairs, gates)


@pytest.mark.parametrize("attention", ["self", "self_relation"])
@pytest.mark.parametrize("frames", [1, 3, 7])
def test_equals_the_published_model(attention, frames) -> None:
    pool = made(attention=attention).double()
    features = noise(4, frames, 5)
    valid = torch.ones(4, frames, dtype=torch.bool)
    valid[1, frames // 2 :] = frames == 1  # a clip with padding, where there is room for it
    valid[1, 0] = True
    answer = pool(features, valid)
    assert pool.dim == (5 if attention == "self" else 10)
    assert answer.features.shape == (4, pool.dim)
    layers = [
        None if layer is None else (layer.weight[0].tolist(), layer.bias.item())
        for layer in (pool.alpha, pool.beta)
    ]
    for row in range(4):
        shown = valid[row]
        vector, shares = published(features[row][shown].tolist(), *layers)
        assert answer.features[row].tolist() == pytest.approx(vector, abs=1e-9)
        assert answer.weights[0][row][shown].tolist() == pytest.approx(shares, abs=1e-9)
        assert not answer.weights[0][row][~shown].any()


def test_by_hand() -> None:
    features = torch.tensor([[[1.0, 0.0], [0.0, 1.0], [9.0, 9.0]]])
    valid = torch.tensor([[True, True, False]])
    # Gates of 1/2 and 3/4, so shares of 2/5 and 3/5.
    scores = torch.tensor([[0.0, math.log(3), 50.0]])
    mean, shares = self_attention(features, scores, valid)
    assert shares[0].tolist() == pytest.approx([0.4, 0.6, 0])
    assert mean[0].tolist() == pytest.approx([0.4, 0.6])
    # Second gates of 1/2 and 1/4: products 1/4 and 3/16, shares 4/7 and 3/7.
    second = torch.tensor([[0.0, -math.log(3), 50.0]])
    vector, shares = relation_attention(beside(features, mean), scores, second, valid)
    assert shares[0].tolist() == pytest.approx([4 / 7, 3 / 7, 0])
    assert vector[0].tolist() == pytest.approx([4 / 7, 3 / 7, 0.4, 0.6])


@pytest.mark.parametrize("attention", ["self", "self_relation"])
def test_what_a_padded_frame_holds_changes_nothing_to_the_bit(attention) -> None:
    pool = made(attention=attention)
    features = noise(3, 6, 5).float()
    valid = torch.rand(3, 6, generator=torch.Generator().manual_seed(3)) < 0.5
    valid[0], valid[1, 0] = False, True
    answer = pool(features, valid)
    for junk in (1e30, float("inf"), float("nan")):
        changed = features.masked_fill(~valid[..., None], junk).requires_grad_()
        again = pool(changed, valid)
        assert torch.equal(again.features, answer.features)
        assert torch.equal(again.weights[0], answer.weights[0])
        again.features.square().sum().backward()
        assert not changed.grad[~valid].any()
        assert bool(torch.isfinite(changed.grad).all())
    assert not answer.features[0].any()
    assert not answer.weights[0][0].any()
    torch.testing.assert_close(answer.weights[0][1:].sum(1), torch.ones(2))


def test_gates_too_small_to_add_up_keep_their_ratio() -> None:
    shares = gate_shares(torch.tensor([[-300.0, -299.0]]), torch.ones(1, 2, dtype=torch.bool))
    assert shares[0, 1].item() / shares[0, 0].item() == pytest.approx(math.e, rel=1e-4)


def test_dropout_is_before_the_gates_and_only_in_training() -> None:
    pool = made(dropout=0.9).train()
    features, valid = noise(2, 4, 5).float(), torch.ones(2, 4, dtype=torch.bool)
    torch.manual_seed(1)
    first = pool(features, valid)
    assert not torch.equal(first.features, pool(features, valid).features)
    torch.testing.assert_close(first.weights[0].sum(1), torch.ones(2))
    # The frames themselves are whole: the first half is within what they span.
    assert bool((first.features[:, :5] <= features.amax(1) + 1e-6).all())
    assert torch.equal(pool.eval()(features, valid).features, pool(features, valid).features)


def test_gradients() -> None:
    pool = made(3).double()
    features, valid = (
        noise(2, 3, 3).requires_grad_(),
        torch.tensor([[True] * 3, [True, False, True]]),
    )
    assert torch.autograd.gradcheck(lambda x: pool(x, valid).features, (features,))


def test_half_precision_has_float32_shares() -> None:
    pool = made(8).bfloat16()
    answer = pool(noise(1, 300, 8).bfloat16(), torch.ones(1, 300, dtype=torch.bool))
    assert answer.weights[0].dtype == torch.float32
    assert answer.weights[0].sum().item() == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("slot", ["space", "regions"])
def test_another_slot_is_refused(slot) -> None:
    with pytest.raises(FerkitError, match=f"'fan' pools over frames, not over {slot}"):
        made(slot=slot)
