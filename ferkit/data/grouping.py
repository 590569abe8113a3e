"""Samples that must stay together: union-find over indices and over shared keys."""

from __future__ import annotations

from collections.abc import Hashable, Iterable


class Groups:
    """A partition of 0 .. n-1 that only ever grows together."""

    def __init__(self, n: int) -> None:
        self._parent = list(range(n))

    def __len__(self) -> int:
        return len(self._parent)

    def find(self, index: int) -> int:
        """The smallest member of the group of `index`."""
        parent = self._parent
        root = index
        while parent[root] != root:
            root = parent[root]
        while parent[index] != root:  # shorten the way for the next time
            parent[index], index = root, parent[index]
        return root

    def join(self, first: int, second: int) -> None:
        """Make the two groups one."""
        low, high = sorted((self.find(first), self.find(second)))
        self._parent[high] = low

    def join_equal(self, keys: Iterable[tuple[int, Hashable]]) -> None:
        """Join all indices that share a key."""
        seen: dict[Hashable, int] = {}
        for index, key in keys:
            self.join(seen.setdefault(key, index), index)

    def labels(self) -> list[int]:
        """For each index the smallest member of its group."""
        return [self.find(index) for index in range(len(self._parent))]
