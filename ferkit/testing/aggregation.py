"""The contract of aggregations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ferkit.contracts.model import Features, FeatureSpec, Pooled
from ferkit.errors import FerkitError
from ferkit.plugin import SLOTS, Context
from ferkit.testing.backbone import Make, seeded

BATCH, REGIONS, DIM = 4, 3, 8
CHANNELS = (4, 8)


def check_aggregation(
    make: Make, *, slots: Sequence[str] = SLOTS, may_penalise: bool = True
) -> tuple[str, ...]:
    """Hold an aggregation to `SpaceAggregation` and `SetAggregation`, slot by slot.

    A slot that the factory refuses with a FerkitError is left out.

    Args:
        make: context -> aggregation.
        slots: to try.
        may_penalise: whether its declaration says that it may return a penalty.
    Returns: the slots it works in.
    Raises: AssertionError: says what is wrong; also if it works in no slot.
    """
    worked = []
    for slot in slots:
        regions = REGIONS if slot != "frames" else 1
        spec = FeatureSpec(DIM, CHANNELS if slot == "space" else (), regions)
        names = tuple(f"region{i}" for i in range(regions))
        context = Context(classes=("a", "b"), slot=slot, features=spec, regions=names)
        try:
            pool = seeded(make, context)
        except FerkitError:
            continue
        assert isinstance(pool, nn.Module), "an aggregation is a torch module"
        dim = int(pool.dim)  # type: ignore[arg-type]
        pool.eval()
        answer = _check_space(pool, dim) if slot == "space" else _check_set(pool, dim)
        assert may_penalise or not answer.penalty.any(), (
            "it returns a penalty, and its declaration does not provide 'penalty'"
        )
        other = seeded(make, context, seed=5)
        other.load_state_dict(pool.state_dict())
        worked.append(slot)
    assert worked, f"it works in none of the slots {', '.join(slots)}"
    return tuple(worked)


def _random(*shape: int, seed: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def _check_space(pool: Any, dim: int) -> Pooled:
    pooled = _random(BATCH, REGIONS, DIM, seed=0).requires_grad_()
    maps = tuple(
        _random(BATCH, REGIONS, channels, size, size, seed=size).requires_grad_()
        for channels, size in zip(CHANNELS, (6, 3), strict=True)
    )
    answer: Pooled = pool(Features(pooled, maps))
    _check_answer(answer, (BATCH, REGIONS, dim))
    for weights in answer.weights:
        shape = tuple(weights.shape)
        assert len(shape) == 5, f"weights over space are {shape}, not (B, R, hops, H, W)"
        assert shape[1] == REGIONS, f"weights over space are of {shape[1]} regions, not {REGIONS}"
    answer.features.sum().backward()  # type: ignore[no-untyped-call]
    reached = [tensor.grad is not None for tensor in (pooled, *maps)]
    assert any(reached), "no gradient reaches the backbone"
    return answer


def _check_set(pool: Any, dim: int) -> Pooled:
    members = _random(BATCH, REGIONS, DIM, seed=1)
    valid = torch.tensor(
        [[True, True, True], [True, False, True], [False, True, False], [False, False, False]]
    )
    given = members.clone().requires_grad_()
    answer: Pooled = pool(given, valid)
    _check_answer(answer, (BATCH, dim))
    for weights in answer.weights:
        assert weights.shape == valid.shape, (
            f"weights are {tuple(weights.shape)}, not (B, S) = {tuple(valid.shape)}"
        )
        assert not weights[~valid].any(), "members that are not valid have weights"
    assert not answer.features[3].any(), "a row with nothing valid gives zeros"
    # Squares, because features that sum to a constant would have a gradient of zero.
    answer.features.square().sum().backward()  # type: ignore[no-untyped-call]
    assert given.grad is not None, "no gradient reaches the features"
    assert bool(torch.isfinite(given.grad).all()), "the gradient is not finite"
    assert not given.grad[~valid].any(), "a gradient reaches members that are not valid"
    assert bool(given.grad[0].any()), "no gradient reaches the features"
    changed = members.clone()
    changed[~valid] = 1e4
    with torch.no_grad():
        again: Pooled = pool(changed, valid)
    assert torch.equal(again.features, answer.features.detach()), (
        "members that are not valid change the result"
    )
    longer = torch.cat([members, _random(BATCH, 2, DIM, seed=2)], 1)
    if pool_takes_any_length(pool, longer, torch.cat([valid, valid.new_zeros(BATCH, 2)], 1)):
        padded: Pooled = pool(longer, torch.cat([valid, valid.new_zeros(BATCH, 2)], 1))
        torch.testing.assert_close(
            padded.features.detach(),
            answer.features.detach(),
            rtol=1e-5,
            atol=1e-6,
            msg="padding changes the result",
        )
    return answer


def pool_takes_any_length(pool: Any, members: Tensor, valid: Tensor) -> bool:
    """Whether a pool over regions takes more members than it was built for."""
    try:
        pool(members, valid)
    except (RuntimeError, ValueError, IndexError):
        return False
    return True


def _check_answer(answer: Pooled, shape: tuple[int, ...]) -> None:
    assert answer.features.shape == shape, (
        f"features are {tuple(answer.features.shape)}, not {shape}"
    )
    assert bool(torch.isfinite(answer.features).all()), "features are not finite"
    assert answer.penalty.shape == (shape[0],), (
        f"penalty is {tuple(answer.penalty.shape)}, not {(shape[0],)}"
    )
    assert bool(torch.isfinite(answer.penalty).all()), "the penalty is not finite"
    for weights in answer.weights:
        assert len(weights) == shape[0], "weights have one row per sample"
