"""What the strong view draws."""

from __future__ import annotations

from collections import Counter

import torch

from ferkit.data.randaugment_draws import SIGNED, Draws, draws_of
from ferkit.view_sections import LIMITS, OPERATIONS, RANGES, StrongSection

MANY = 20_000


def many(frames: int | None = None, **changes: object) -> Draws:
    return draws_of(
        StrongSection(**changes),  # type: ignore[arg-type]
        seed=3,
        epoch=1,
        ids=torch.arange(MANY),
        view=0,
        frames=frames,
    )


def test_numbers_of_operations_are_equally_frequent() -> None:
    draws = many(operations=("flip",))
    counts = Counter((draws.operation >= 0).sum(0).tolist())
    assert set(counts) == {2, 3, 4}
    assert all(abs(count / MANY - 1 / 3) < 0.02 for count in counts.values())
    used = draws.operation >= 0
    assert bool((used[:-1] | ~used[1:]).all())  # no gaps


def test_operations_are_equally_frequent_at_every_place() -> None:
    draws = many(operations=("flip", "identity", "equalise"), count=(3, 3))
    for place in draws.operation:
        shares = torch.bincount(place, minlength=3) / MANY
        assert float((shares - 1 / 3).abs().max()) < 0.02
    # Places are independent of each other.
    same = (draws.operation[0] == draws.operation[1]).float().mean()
    assert abs(float(same) - 1 / 3) < 0.02


def test_magnitudes_are_whole_tenths_of_the_range_with_both_signs() -> None:
    draws = many(operations=("rotate",), count=(1, 1))
    steps = draws.amount[0] / 30 * 9
    assert torch.allclose(steps, steps.round(), atol=1e-5)
    shares = torch.bincount(steps.round().long() + 9, minlength=19) / MANY
    assert abs(float(shares[9]) - 0.1) < 0.01  # magnitude 0
    others = torch.cat([shares[:9], shares[10:]])
    assert float((others - 0.05).abs().max()) < 0.01
    # What changes nothing is left out.
    assert torch.equal(draws.operation[0] < 0, steps.round() == 0)


def test_some_operations_change_one_way_only_and_some_have_no_magnitude() -> None:
    for name in ("posterise", "solarise"):
        amounts = many(operations=(name,), count=(1, 1)).amount
        assert 0 == float(amounts.min()) < float(amounts.max()) == RANGES[name]
    draws = many(operations=("flip",), magnitude=(0, 0))
    assert bool((draws.operation[:2] == 0).all())
    assert not draws.amount.any()
    assert set(RANGES) > SIGNED == set(RANGES) - {"posterise", "solarise"}


def test_ranges_and_magnitudes_can_be_set() -> None:
    draws = many(
        operations=("translate_x", "brightness"),
        magnitude=(3, 6),
        ranges={"translate_x": 0.09},
        count=(1, 1),
    )
    shifts = draws.amount[0][draws.operation[0] == 0].abs()
    factors = draws.amount[0][draws.operation[0] == 1].abs()
    assert torch.allclose(shifts.unique(), torch.tensor([0.03, 0.04, 0.05, 0.06]))
    assert torch.allclose(factors.unique(), torch.tensor([0.3, 0.4, 0.5, 0.6]))


def test_probability_is_of_each_operation() -> None:
    draws = many(operations=("flip",), count=(4, 4), probability=0.25)
    used = (draws.operation >= 0).float()
    assert abs(float(used.mean()) - 0.25) < 0.01
    assert not (many(probability=0.0).operation >= 0).any()


def test_frames_draw_for_themselves() -> None:
    draws = many(frames=3)
    assert draws.operation.shape[1] == 3 * MANY
    per_clip = draws.operation.view(4, MANY, 3)
    assert abs(float((per_clip[0, :, 0] == per_clip[0, :, 1]).float().mean()) - 1 / 6) < 0.05
    shorter = many(frames=2)
    assert torch.equal(shorter.operation.view(4, MANY, 2), per_clip[..., :2])


def test_every_range_belongs_to_an_operation() -> None:
    assert set(RANGES) == set(LIMITS) <= set(OPERATIONS)
    assert all(RANGES[name] <= LIMITS[name] for name in RANGES)
