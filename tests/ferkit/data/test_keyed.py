from __future__ import annotations

import pytest
import torch

from ferkit.data import keyed


def plain_mix(value: int) -> int:
    """SplitMix64's finaliser in plain integers, from the paper."""
    mask = 2**64 - 1
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & mask
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & mask
    return value ^ (value >> 31)


@pytest.mark.parametrize("value", [0, 1, 2**63 - 1, 2**63, 2**64 - 1, 0x0123456789ABCDEF])
def test_mixing_is_splitmix64_in_unsigned_arithmetic(value: int) -> None:
    mixed = keyed._mix(torch.tensor([keyed._signed(value)]))
    assert int(mixed) % 2**64 == plain_mix(value)


def test_splitmix64_first_output_of_seed_zero_is_the_published_one() -> None:
    # The reference generator started at 0 gives e220a8397b1dcdaf first.
    mixed = keyed._mix(torch.tensor([keyed._signed(0x9E3779B97F4A7C15)]))
    assert int(mixed) % 2**64 == 0xE220A8397B1DCDAF


def test_numbers_are_uniform() -> None:
    draws = keyed.uniform(3, "flip", 0, torch.arange(20_000), count=4)
    assert draws.dtype == torch.float32
    assert draws.min() >= 0
    assert draws.max() < 1
    assert torch.allclose(draws.mean(0), torch.tensor(0.5), atol=0.01)
    assert torch.allclose(draws.var(0), torch.tensor(1 / 12), atol=0.002)
    # Chi-square over 20 bins, 19 degrees of freedom: 99.9 % of uniform samples stay below 43.8.
    counts = torch.histc(draws.flatten(), bins=20, min=0, max=1)
    expected = draws.numel() / 20
    assert float(((counts - expected) ** 2 / expected).sum()) < 43.8


def test_numbers_of_neighbouring_keys_are_uncorrelated() -> None:
    ids = torch.arange(10_000)
    rows = [
        keyed.uniform(seed, epoch, ids, view, count=1)[:, 0]
        for seed, epoch, view in [(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 0), (-1, 0, 0)]
    ]
    rows.append(keyed.uniform(0, 0, ids + 1, 0, count=1)[:, 0])
    rows.append(keyed.uniform(0, 0, ids, 0, count=2)[:, 1])
    correlation = torch.corrcoef(torch.stack(rows[:6] + rows[7:])).fill_diagonal_(0)
    assert correlation.abs().max() < 0.05
    assert torch.corrcoef(torch.stack([rows[0], rows[6]]))[0, 1].abs() < 0.05


def test_a_number_does_not_depend_on_its_batch() -> None:
    whole = keyed.uniform(7, 2, torch.arange(100), "weak", count=5)
    some = torch.tensor([90, 3, 3, 41])
    assert torch.equal(keyed.uniform(7, 2, some, "weak", count=5), whole[some])
    assert torch.equal(keyed.uniform(7, 2, torch.arange(100), "weak", count=2), whole[:, :2])
    torch.manual_seed(123)
    assert torch.equal(keyed.uniform(7, 2, torch.arange(100), "weak", count=5), whole)


def test_order_and_kind_of_keys_matter() -> None:
    seen = {
        float(keyed.uniform(0, *keys, count=1))
        for keys in [(1, 2), (2, 1), ("1", 2), (1, 2, 0), (1,), (12,), ()]
    }
    assert len(seen) == 7


def test_permutation_is_one_and_each_place_is_equally_likely() -> None:
    shuffled = keyed.permutation(0, "plan", 3, n=1000)
    assert torch.equal(shuffled.sort().values, torch.arange(1000))
    assert not torch.equal(shuffled, keyed.permutation(0, "plan", 4, n=1000))
    first = torch.stack([keyed.permutation(0, epoch, n=5) for epoch in range(1500)])
    for place in range(5):
        counts = torch.bincount(first[:, place], minlength=5)
        assert (counts - 300).abs().max() < 4 * 300**0.5  # four standard deviations
    assert keyed.permutation(0, n=0).tolist() == []


def test_generators_start_from_their_keys() -> None:
    draws = [torch.rand(3, generator=keyed.generator(0, "plan", key)) for key in (0, 1, 0)]
    assert torch.equal(draws[0], draws[2])
    assert not torch.equal(draws[0], draws[1])


def test_words_have_the_same_key_in_every_process() -> None:
    assert keyed.text_key("happy/001.jpg") == keyed.text_key("happy/001.jpg")
    assert keyed.text_key("a") != keyed.text_key("b")
    assert 0 <= keyed.text_key("\udcff broken name") < 2**64
