"""Tables with a row per sample."""

from __future__ import annotations

import torch

from ferkit.testing.policy import random_beliefs
from ferkit.training.sample_tables import last_places, table_for


def test_a_table_has_a_row_per_sample_of_the_split() -> None:
    beliefs = random_beliefs(0)._replace(ids=torch.tensor([4, 1]), total=9)
    table = table_for(None, beliefs)
    assert table.shape == (9, 4)
    assert not table.any()
    table[4] = 0.25
    assert table_for(table, beliefs) is table


def test_without_a_total_it_grows_and_keeps_what_it_has() -> None:
    beliefs = random_beliefs(0)._replace(ids=torch.tensor([2, 1]), total=0)
    table = table_for(None, beliefs)
    assert table.shape == (3, 4)
    table[2] = 1
    longer = table_for(table, beliefs._replace(ids=torch.tensor([5])))
    assert longer.shape == (6, 4)
    assert longer.sum(1).tolist() == [0, 0, 4, 0, 0, 0]
    assert table_for(longer, beliefs._replace(ids=torch.tensor([], dtype=torch.int64))) is longer


def test_the_last_of_those_that_are_there_twice_counts() -> None:
    assert last_places(torch.tensor([7, 3, 7, 5, 3, 7])).tolist() == [5, 4, 5, 3, 4, 5]
    assert last_places(torch.tensor([2, 0, 1])).tolist() == [0, 1, 2]
    assert last_places(torch.tensor([9])).tolist() == [0]
    assert last_places(torch.tensor([], dtype=torch.int64)).tolist() == []
