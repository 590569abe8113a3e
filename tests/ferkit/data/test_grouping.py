from __future__ import annotations

import random

from ferkit.data.grouping import Groups


def test_groups_are_the_connected_parts() -> None:
    random.seed(0)
    for _ in range(20):
        n = 30
        pairs = [(random.randrange(n), random.randrange(n)) for _ in range(18)]
        groups = Groups(n)
        for one, other in pairs:
            groups.join(one, other)
        # Plainly: spread the least name along the pairs until nothing changes.
        name = list(range(n))
        for _ in range(n):
            for one, other in pairs:
                name[one] = name[other] = min(name[one], name[other])
        assert groups.labels() == name


def test_equal_keys_are_joined() -> None:
    groups = Groups(5)
    groups.join_equal([(0, "a"), (3, "a"), (2, "b")])
    groups.join_equal([(3, 7), (4, 7)])
    assert groups.labels() == [0, 1, 2, 0, 0]
    assert len(groups) == 5
