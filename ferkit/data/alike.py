"""Which samples show the same image, as far as their crops tell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import TypeVar

from ferkit.contracts.data import Problem
from ferkit.data.grouping import Groups
from ferkit.data.members import Member, SourceName, place_of

Group = TypeVar("Group", bound=Hashable)


class Alike:
    """Samples that show the same image, or nearly.

    Within a data set only its own images are compared: a chain of alike images that leads through
    another data set joins nothing.

    Args:
        members: that have crops, of all data sets; `position` is that of the crop.
        sizes: crops of each data set, in order.
        joint: per crop of these, numbered through, the group of alike images; None: nothing is
            alike.
        own: the same, where each data set was compared with itself only; None: as `joint`.

    Attributes:
        joint: key -> group of images, of members that have a duplicate in any data set.
        own: the same, of members that have one in their own data set.
    """

    def __init__(
        self,
        members: Sequence[Member],
        sizes: Mapping[SourceName, int],
        joint: Sequence[int] | None,
        own: Sequence[int] | None,
    ) -> None:
        start: dict[str, int] = {}
        total = 0
        for source, size in sizes.items():
            start[source] = total
            total += size
        for groups in (joint, own):
            if groups is not None and len(groups) != total:
                raise ValueError(f"{len(groups)} duplicate groups for {total} samples")
        self.joint: dict[str, int] = {}
        self.own: dict[str, tuple[str, int]] = {}
        if joint is None:
            return
        own = joint if own is None else own
        place = [start[member.source] + member.position for member in members]
        self.joint = _repeated((m.key, joint[at]) for m, at in zip(members, place, strict=True))
        self.own = _repeated(
            (m.key, (m.source, own[at])) for m, at in zip(members, place, strict=True)
        )

    def to_one_of(self, members: Sequence[Member], others: Sequence[Member]) -> list[Member]:
        """Those of `others` that show the image of one of `members`."""
        own = {self.own[member.key] for member in members if member.key in self.own}
        joint: dict[int, set[str]] = {}
        for member in members:
            if member.key in self.joint:
                joint.setdefault(self.joint[member.key], set()).add(member.source)
        return [
            other
            for other in others
            if self.own.get(other.key) in own
            or joint.get(self.joint.get(other.key, -1), set()) - {other.source}
        ]

    def rows(self, members: Sequence[Member]) -> dict[str, int]:
        """Key of a row -> group of rows of its data set with alike images, of rows that have such.

        Args:
            members: that have crops, those of a row all together.
        """
        keys = list(dict.fromkeys(member.row_key for member in members))
        number = {key: at for at, key in enumerate(keys)}
        groups = Groups(len(keys))
        groups.join_equal(
            (number[member.row_key], self.own[member.key])
            for member in members
            if member.key in self.own
        )
        labels = groups.labels()
        return _repeated(zip(keys, labels, strict=True))


def _repeated(pairs: Iterable[tuple[str, Group]]) -> dict[str, Group]:
    """Those whose group occurs more than once."""
    found = dict(pairs)
    count = Counter(found.values())
    return {key: group for key, group in found.items() if count[group] > 1}


def about_alike(members: Sequence[Member], alike: Alike) -> list[Problem]:
    """How many images have a duplicate, and what of them can't be right.

    Args:
        members: that have crops, of all data sets.
    """
    if not alike.joint:
        return []
    what = (
        f"{len(alike.joint)} of {len(members)} images are identical or nearly identical to another"
        " one; splits that are made here do not have them on two sides."
    )
    found = [Problem("duplicate images", "data.split.near_duplicates", what, dropped=False)]
    people: dict[tuple[str, int], dict[str, Member]] = {}
    for member in members:
        if member.key in alike.own and member.sample.subject:
            named = people.setdefault(alike.own[member.key], {})
            named.setdefault(member.sample.subject, member)
    for named in people.values():
        if len(named) > 1:
            what = (
                f"alike images name several subjects ({', '.join(sorted(named))}); where one of"
                " these images is held out, the others are not trained on. A lower"
                " `near_duplicates` parts them, unless it is one photograph."
            )
            where = place_of(next(iter(named.values())).sample)
            found.append(Problem("alike images of several subjects", where, what, dropped=False))
    return found + _about_labels(members, alike.joint)


def _about_labels(members: Sequence[Member], groups: Mapping[str, int]) -> list[Problem]:
    """A problem for each pair of alike images that are said to show different classes."""
    first: dict[int, Member] = {}
    found = []
    for member in members:
        group = groups.get(member.key)
        if group is None or member.sample.label < 0:
            continue
        other = first.setdefault(group, member)
        if other.sample.label != member.sample.label:
            what = (
                f"looks like {place_of(other.sample)} and has another label; if they are one"
                " photograph, one of the labels is wrong."
            )
            where = place_of(member.sample)
            found.append(Problem("alike images, different labels", where, what, dropped=False))
    return found
