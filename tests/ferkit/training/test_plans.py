"""Cutting epochs into batches and batches into pieces."""

from __future__ import annotations

import pytest
import torch

from ferkit.contracts.training import BatchIds, SplitSizes
from ferkit.data import keyed
from ferkit.errors import FerkitError
from ferkit.training.batches import check_views, cut, view_keys, view_number
from ferkit.training.plans import mixed_batches, mixed_steps, paired_batches


def mixed(labelled: int, unlabelled: int, size: int, seed: int = 0):
    return mixed_batches(
        torch.arange(labelled),
        torch.arange(unlabelled) + 1000,
        batch_size=size,
        generator=keyed.generator(seed),
    )


def test_mixed_batches_hold_every_sample_once() -> None:
    batches = mixed(20, 7, 8)
    assert [len(b.labelled) + len(b.unlabelled) for b in batches] == [8, 8, 8, 3]
    assert sorted(i for b in batches for i in b.labelled.tolist()) == list(range(20))
    assert sorted(i for b in batches for i in b.unlabelled.tolist()) == list(range(1000, 1007))
    mixes = [len(b.unlabelled) for b in mixed(200, 200, 40)]
    assert all(8 < n < 32 for n in mixes)
    assert len(set(mixes)) > 1


def test_a_single_sample_left_over_joins_the_batch_before() -> None:
    assert [len(b.labelled) for b in mixed(17, 0, 8)] == [8, 9]
    assert [len(b.labelled) for b in mixed(1, 0, 8)] == [1]
    assert mixed(0, 0, 8) == []


def stepped(labelled: int, unlabelled: int, size: int, steps: int | None):
    return mixed_steps(
        torch.arange(labelled),
        torch.arange(unlabelled) + 1000,
        batch_size=size,
        steps=steps,
        generator=keyed.generator(0),
    )


def test_so_many_steps_go_through_all_samples_again_and_again() -> None:
    batches = stepped(7, 3, 4, 8)
    assert [len(b.labelled) + len(b.unlabelled) for b in batches] == [4] * 8
    for split, once in ((0, list(range(7))), (1, [1000, 1001, 1002])):
        seen = [i for b in batches for i in b[split].tolist()]
        counts = [seen.count(i) for i in once]
        assert set(seen) == set(once)
        assert set(counts) <= {3, 4}  # 32 places for 10 samples
    few = stepped(20, 0, 4, 3)
    assert len({i for b in few for i in b.labelled.tolist()}) == 12
    assert [len(b.labelled) for b in stepped(3, 0, 8, 2)] == [3, 3]
    assert stepped(0, 0, 8, 5) == []


def test_no_number_of_steps_is_one_pass() -> None:
    for mine, other in zip(stepped(20, 7, 8, None), mixed(20, 7, 8), strict=True):
        assert all(torch.equal(a, b) for a, b in zip(mine, other, strict=True))


def paired(labelled: int, unlabelled: int, *, epoch: int = 0, steps: int = 5, seed: int = 1):
    return paired_batches(
        torch.arange(labelled),
        torch.arange(unlabelled),
        batch_size=2,
        ratio=3,
        steps=steps,
        epoch=epoch,
        seed=seed,
    )


def test_paired_batches_go_through_both_again_and_again() -> None:
    batches = paired(5, 30)
    assert [len(b.labelled) for b in batches] == [2] * 5
    assert [len(b.unlabelled) for b in batches] == [6] * 5
    labelled = [i for b in batches for i in b.labelled.tolist()]
    assert sorted(labelled[:5]) == sorted(labelled[5:]) == list(range(5))
    assert sorted(i for b in batches for i in b.unlabelled.tolist()) == list(range(30))


def test_paired_batches_go_on_where_the_epoch_before_ended() -> None:
    epochs = [paired(5, 50, epoch=epoch, steps=4) for epoch in range(25)]
    others = [i for batches in epochs for b in batches for i in b.unlabelled.tolist()]
    passes = [others[start : start + 50] for start in range(0, len(others), 50)]
    assert len(passes) == 12
    assert all(sorted(one) == list(range(50)) for one in passes)
    assert len({tuple(one) for one in passes}) == 12
    mine = [i for batches in epochs for b in batches for i in b.labelled.tolist()]
    assert all(sorted(mine[i : i + 5]) == list(range(5)) for i in range(0, len(mine), 5))
    assert [i for b in paired(5, 50, steps=4, seed=2) for i in b.unlabelled.tolist()] != others[:24]


def test_paired_batches_without_one_split() -> None:
    batches = paired(4, 0, steps=3)
    assert [(len(b.labelled), len(b.unlabelled)) for b in batches] == [(2, 0)] * 3


@pytest.mark.parametrize(("labelled", "unlabelled", "pieces"), [(8, 16, 4), (7, 2, 3), (1, 0, 4)])
def test_pieces_hold_the_batch_once_and_shares_sum_to_one(labelled, unlabelled, pieces) -> None:
    whole = BatchIds(torch.arange(labelled), torch.arange(unlabelled))
    made = cut(whole, pieces)
    assert len(made) <= pieces
    assert torch.cat([p.ids.labelled for p in made]).tolist() == list(range(labelled))
    assert torch.cat([p.ids.unlabelled for p in made]).tolist() == list(range(unlabelled))
    assert sum(p.share for p in made) == pytest.approx(1)
    assert [p.last for p in made] == [False] * (len(made) - 1) + [True]


def test_views() -> None:
    assert view_number("clean") is None
    assert view_number("weak") == 0
    assert view_number("weak2") == 2
    with pytest.raises(FerkitError, match="loop: no view 'wild'"):
        check_views({"labelled": ("clean",), "unlabelled": ("wild",)})


@pytest.mark.parametrize("labelled", range(2, 9))
@pytest.mark.parametrize("unlabelled", range(0, 5))
@pytest.mark.parametrize("pieces", [2, 3, 4, 20])
def test_no_piece_holds_a_single_sample(labelled: int, unlabelled: int, pieces: int) -> None:
    made = cut(BatchIds(torch.arange(labelled), torch.arange(unlabelled)), pieces)
    sizes = [len(piece.ids.labelled) + len(piece.ids.unlabelled) for piece in made]
    assert sum(sizes) == labelled + unlabelled
    assert min(sizes) >= 2
    assert sum(piece.share for piece in made) == pytest.approx(1)
    assert [piece.last for piece in made] == [False] * (len(made) - 1) + [True]


def test_a_sample_that_comes_again_has_a_key_of_its_own() -> None:
    def ids(*numbers: int) -> torch.Tensor:
        return torch.tensor(numbers, dtype=torch.int64)

    batches = [BatchIds(ids(2, 0), ids(5, 5, 1)), BatchIds(ids(), ids(5)), BatchIds(ids(2), ids(1))]
    keys = view_keys(batches, SplitSizes(3, 10))
    assert [[part.tolist() for part in batch] for batch in keys] == [
        [[2, 0], [5, 15, 1]],
        [[], [25]],
        [[5], [11]],
    ]
    made = cut(batches[0], 2, keys[0])
    assert torch.equal(torch.cat([piece.keys.unlabelled for piece in made]), keys[0].unlabelled)
    assert all(len(p.keys.unlabelled) == len(p.ids.unlabelled) for p in made)
