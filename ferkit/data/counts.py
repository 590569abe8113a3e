"""How many samples a data set has, against how many it should have: per split and class."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

from ferkit.contracts.data import Problem, Sample

NO_LABEL = "(no label)"
NO_SPLIT = "(no split)"
ALL = "all"
"""Stands for all splits that are expected together; alone, for whatever there is."""

Number = int | tuple[int, int] | Literal["unknown"]
"""How many samples there should be; least and most, where copies differ."""

Expected = Mapping[str, Number | Mapping[str, Number]]


class Count(NamedTuple):
    """Samples of one class in one split.

    name: of the class; "" for all of the split.
    """

    split: str
    name: str
    expected: Number
    found: int

    @property
    def said(self) -> str:
        """What is expected, in words."""
        if isinstance(self.expected, tuple):
            return " to ".join(map(str, self.expected))
        return str(self.expected)

    @property
    def missing(self) -> int:
        """How many there should be besides."""
        return max(0, self._least - self.found)

    @property
    def surplus(self) -> int:
        """How many there are beyond those expected."""
        return max(0, self.found - self._most)

    @property
    def _least(self) -> int:
        if self.expected == "unknown":
            return self.found
        return self.expected[0] if isinstance(self.expected, tuple) else self.expected

    @property
    def _most(self) -> int:
        if self.expected == "unknown":
            return self.found
        return self.expected[1] if isinstance(self.expected, tuple) else self.expected


def compare(samples: Sequence[Sample], classes: Sequence[str], expected: Expected) -> list[Count]:
    """Count samples, and say how many there should be.

    Args:
        expected: of each split, and of `ALL` together, the number of samples by class or in all;
            empty: nobody said, and nothing is missing or surplus.
    Returns: splits in the order of `expected`, then those that nobody expects; classes in label
        order, then others.
    """
    found = _counted(samples, classes)
    foreign = sorted(found.keys() - expected.keys())
    if ALL in expected:
        named = expected.keys() - {ALL}
        parts = [own for split, own in found.items() if split in named or not named]
        found[ALL] = sum(parts, Counter())
        foreign = foreign if named else []
    counts: list[Count] = []
    for split in [*expected, *foreign]:
        own, wanted = found.get(split, Counter()), expected.get(split)
        if isinstance(wanted, int | tuple | str):
            counts.append(Count(split, "", wanted, own.total()))
            continue
        names = dict.fromkeys([*classes, *(wanted or {}), NO_LABEL])
        for name in names:
            if name in own or name in (wanted or {}):
                should = (wanted or {}).get(name, 0) if expected else "unknown"
                counts.append(Count(split, name, should, own[name]))
    return counts


def differences(counts: Sequence[Count]) -> list[Problem]:
    """What is missing and what is surplus, as problems."""
    problems = []
    for one in counts:
        where = f"{one.split}/{one.name}" if one.name else one.split
        of = f"{one.found} of {one.said} samples"
        if one.missing:
            problems.append(Problem("missing", where, f"{of}; {one.missing} are missing.", False))
        if one.surplus:
            problems.append(Problem("surplus", where, f"{of}; {one.surplus} too many.", False))
    return problems


def totals(counts: Sequence[Count]) -> tuple[int, int]:
    """Samples missing and surplus; those counted in their split and in `ALL` are told once."""
    both = [[one for one in counts if (one.split == ALL) is whole] for whole in (False, True)]
    missing = max(sum(one.missing for one in some) for some in both)
    return missing, max(sum(one.surplus for one in some) for some in both)


def _counted(samples: Sequence[Sample], classes: Sequence[str]) -> dict[str, Counter[str]]:
    found: dict[str, Counter[str]] = {}
    for sample in samples:
        split = sample.split or NO_SPLIT
        name = classes[sample.label] if sample.label >= 0 else NO_LABEL
        found.setdefault(split, Counter())[name] += 1
    return found
