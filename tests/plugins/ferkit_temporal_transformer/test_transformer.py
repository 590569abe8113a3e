"""The transformer over frames against plain loops and torch's own layer, and at its borders."""

from __future__ import annotations

import math

import pytest
import torch
from ferkit_temporal_transformer.aggregation import (
    Block,
    TemporalTransformer,
    make_temporal_transformer,
)
from ferkit_temporal_transformer.equations import (
    attention,
    mean_shares,
    sinusoids,
    token_shares,
)
from ferkit_temporal_transformer.params import TemporalTransformerParams
from pydantic import ValidationError
from torch import nn

from ferkit.contracts.model import FeatureSpec
from ferkit.errors import FerkitError
from ferkit.plugin import Context

SMALL = {"width": 8, "heads": 2}


def made(dim: int = 6, *, slot: str = "frames", **params) -> TemporalTransformer:
    torch.manual_seed(0)
    context = Context(slot=slot, features=FeatureSpec(dim))
    return make_temporal_transformer(TemporalTransformerParams(**(SMALL | params)), context).eval()


def noise(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_sinusoids_by_the_formula() -> None:
    for width in (1, 6, 7):
        table = sinusoids(5, width)
        assert table.shape == (5, width)
        for t in range(5):
            for i in range(width):
                angle = t / 10000 ** (2 * (i // 2) / width)
                expected = math.sin(angle) if i % 2 == 0 else math.cos(angle)
                assert table[t, i].item() == pytest.approx(expected, abs=1e-6)


def test_attention_is_the_formula_over_valid_members() -> None:
    queries, keys, values = (noise(2, 3, 4, 5, seed=seed) for seed in range(3))
    valid = torch.tensor([[True, False, True, True], [False] * 4])
    answer, weights = attention(queries, keys, values, valid)
    for head in range(3):
        for i in range(4):
            scores = [
                sum((queries[0, head, i, d] * keys[0, head, j, d]).item() for d in range(5))
                / math.sqrt(5)
                for j in range(4)
            ]
            exps = [math.exp(s) if valid[0, j] else 0.0 for j, s in enumerate(scores)]
            shares = [each / sum(exps) for each in exps]
            assert weights[0, head, i].tolist() == pytest.approx(shares)
            mean = sum(share * values[0, head, j] for j, share in enumerate(shares))
            assert answer[0, head, i].tolist() == pytest.approx(mean.tolist())
    assert bool(torch.isfinite(answer).all())


@pytest.mark.parametrize("heads", [1, 2, 4])
def test_a_block_equals_torchs_encoder_layer_on_the_same_weights(heads) -> None:
    torch.manual_seed(1)
    block = Block(8, heads=heads, hidden=12, dropout=0.0).double()
    theirs = nn.TransformerEncoderLayer(
        8, heads, 12, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
    ).double()
    own = block.state_dict()
    names = {
        "self_attn.in_proj_weight": "asked.weight",
        "self_attn.in_proj_bias": "asked.bias",
        "self_attn.out_proj.weight": "answered.weight",
        "self_attn.out_proj.bias": "answered.bias",
        "linear1.weight": "hidden.0.weight",
        "linear1.bias": "hidden.0.bias",
        "linear2.weight": "hidden.2.weight",
        "linear2.bias": "hidden.2.bias",
        "norm1.weight": "first_norm.weight",
        "norm1.bias": "first_norm.bias",
        "norm2.weight": "second_norm.weight",
        "norm2.bias": "second_norm.bias",
    }
    theirs.load_state_dict({name: own[mine] for name, mine in names.items()})
    members = noise(3, 5, 8)
    valid = torch.tensor([[True] * 5, [True, True, False, False, False], [True] * 4 + [False]])
    expected = theirs(members, src_key_padding_mask=~valid)
    torch.testing.assert_close(block(members, valid)[0][valid], expected[valid])


@pytest.mark.parametrize("read", ["class_token", "mean"])
@pytest.mark.parametrize("position", ["sinusoidal", "learnt", "none"])
def test_is_entry_positions_blocks_norm_and_reading(read, position) -> None:
    """Clip by clip, without the frames that are not valid (these stand at the end)."""
    pool = made(read=read, position=position, layers=2).double()
    features, lengths = noise(3, 4, 6), (4, 1, 3)
    valid = torch.arange(4) < torch.tensor(lengths)[:, None]
    answer = pool(features, valid)
    for row, length in enumerate(lengths):
        members = pool.entry(features[row : row + 1, :length])
        if position == "sinusoidal":
            members = members + sinusoids(length, 8)
        if position == "learnt":
            members = members + pool.places[:length]
        if read == "class_token":
            members = torch.cat([pool.token[None], members], 1)
        for block in pool.blocks:
            members, _ = block(members, torch.ones(members.shape[:2], dtype=torch.bool))
        members = pool.norm(members)
        expected = members[0, 0] if read == "class_token" else members[0].mean(0)
        torch.testing.assert_close(answer.features[row], expected)
    torch.testing.assert_close(answer.weights[0].sum(1), torch.ones(3).double())
    assert not answer.weights[0][~valid].any()


@pytest.mark.parametrize("read", ["class_token", "mean"])
@pytest.mark.parametrize("position", ["sinusoidal", "learnt", "none"])
@pytest.mark.parametrize("width", [8, None])
def test_what_a_padded_frame_holds_changes_nothing_to_the_bit(read, position, width) -> None:
    pool = made(read=read, position=position, width=width, layers=2)
    features = noise(4, 6, 6).float()
    valid = torch.rand(4, 6, generator=torch.Generator().manual_seed(3)) < 0.5
    valid[0], valid[1] = False, True
    answer = pool(features, valid)
    assert answer.features.shape == (4, width or 6)
    for junk in (1e30, float("inf"), float("nan")):
        changed = features.masked_fill(~valid[..., None], junk).requires_grad_()
        again = pool(changed, valid)
        assert torch.equal(again.features, answer.features)
        assert torch.equal(again.weights[0], answer.weights[0])
        (again.features * noise(4, width or 6, seed=5).float()).sum().backward()
        assert not changed.grad[~valid].any()
        assert bool(torch.isfinite(changed.grad).all())
        assert changed.grad[1].any(-1).all()
    assert not answer.features[0].any()
    assert not answer.weights[0][0].any()
    sums = answer.weights[0].sum(1)
    torch.testing.assert_close(sums, valid.any(1).float())
    longer = torch.cat([features, features], 1)
    padded = pool(longer, torch.cat([valid, torch.zeros_like(valid)], 1))
    torch.testing.assert_close(padded.features, answer.features, rtol=0, atol=1e-6)


@pytest.mark.parametrize("read", ["class_token", "mean"])
def test_the_order_of_frames_matters_by_their_positions_alone(read) -> None:
    features, valid = noise(1, 5, 6), torch.ones(1, 5, dtype=torch.bool)
    turned = features.flip(1)
    for position, differs in (("none", False), ("sinusoidal", True), ("learnt", True)):
        pool = made(read=read, position=position).double()
        first, second = pool(features, valid).features, pool(turned, valid).features
        assert torch.allclose(first, second, atol=1e-9) is not differs


def test_sinusoids_go_on_beyond_those_that_are_kept() -> None:
    features, valid = noise(1, 9, 6).float(), torch.ones(1, 9, dtype=torch.bool)
    short, long = made(max_frames=4), made(max_frames=64)
    assert "waves" not in short.state_dict()
    assert torch.equal(short(features, valid).features, long(features, valid).features)


def test_shares_by_hand() -> None:
    valid = torch.tensor([[True, True, False]])
    looks = torch.tensor(
        [[0.5, 0.3, 0.2, 0.0], [0.1, 0.2, 0.7, 0.0], [0.0, 0.6, 0.4, 0.0], [0.3, 0.3, 0.4, 0.0]]
    )[None, None]
    assert token_shares(looks, valid)[0].tolist() == pytest.approx([0.6, 0.4, 0])
    alone = torch.zeros(1, 1, 4, 4)
    alone[..., 0] = 1
    assert token_shares(alone, valid)[0].tolist() == [0.5, 0.5, 0]
    frames = torch.tensor([[0.25, 0.75, 0.0], [0.5, 0.5, 0.0], [1.0, 0.0, 0.0]])[None, None]
    assert mean_shares(frames, valid)[0].tolist() == pytest.approx([0.375, 0.625, 0])


def test_gradients() -> None:
    for read in ("class_token", "mean"):
        pool = made(3, read=read).double()
        features = noise(2, 3, 3).requires_grad_()
        valid = torch.tensor([[True] * 3, [True, False, True]])
        assert torch.autograd.gradcheck(lambda x, pool=pool: pool(x, valid).features, (features,))  # noqa: B023


def test_every_weight_is_trained() -> None:
    pool = made(position="learnt", layers=2).train()
    answer = pool(noise(3, 64, 6).float(), torch.ones(3, 64, dtype=torch.bool))
    (answer.features * noise(3, 8, seed=2).float()).sum().backward()
    for name, parameter in pool.named_parameters():
        assert parameter.grad is not None, name
        assert bool(parameter.grad.any()), name


def test_half_precision_has_float32_weights() -> None:
    pool = made().bfloat16()
    answer = pool(noise(1, 60, 6).bfloat16(), torch.ones(1, 60, dtype=torch.bool))
    assert answer.weights[0].dtype == torch.float32
    assert answer.weights[0].sum().item() == pytest.approx(1, abs=1e-5)
    assert bool(torch.isfinite(answer.features).all())


def test_refusals() -> None:
    with pytest.raises(FerkitError, match="'temporal_transformer' pools over frames, not over reg"):
        made(slot="regions")
    with pytest.raises(FerkitError, match="4 heads do not divide the 6 numbers of a frame"):
        made(width=None, heads=4)
    with pytest.raises(ValidationError, match="3 heads do not divide a width of 8"):
        TemporalTransformerParams(width=8, heads=3)
    pool = made(position="learnt", max_frames=4)
    with pytest.raises(FerkitError, match="a clip of 5 frames, and positions of 4 are learnt"):
        pool(torch.zeros(1, 5, 6), torch.ones(1, 5, dtype=torch.bool))
