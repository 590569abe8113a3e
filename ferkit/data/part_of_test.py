"""A part of the test split that is given up: used without labels, and not tested on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from ferkit.data.grouping import Groups
from ferkit.data.holdout import Group, choose_groups
from ferkit.data.members import Member
from ferkit.errors import FerkitError

KEY = "data.split.test_as_unlabelled"


def part_of_test(
    test: Sequence[Member], fraction: float, *, seed: int, alike: Mapping[str, int]
) -> tuple[list[Member], list[Member]]:
    """Divide the test split in two, with about the same share of every class.

    Samples of a subject or group, and images that are alike, stay on one side, so that what is
    tested on is as new as it was.

    Args:
        test: labelled members.
        fraction: of the samples that are given up, in (0, 1).
        alike: key of a member -> group of alike images, of members that have such.
    Returns: those that are still tested on, and the others.
    Raises: FerkitError: no test sample is there, or all of them belong together.
    """
    groups = Groups(len(test))
    groups.join_equal((i, m.sample.subject) for i, m in enumerate(test) if m.sample.subject)
    groups.join_equal((i, m.sample.group) for i, m in enumerate(test) if m.sample.group)
    groups.join_equal((i, alike[m.key]) for i, m in enumerate(test) if m.key in alike)
    together: dict[int, list[Member]] = {}
    for place, member in enumerate(test):
        together.setdefault(groups.find(place), []).append(member)
    # A group is named after its least key: the same whatever the order of files.
    named = {min(m.key for m in members): members for members in together.values()}
    chosen = choose_groups(
        [Group(name, Counter(m.sample.label for m in found)) for name, found in named.items()],
        Counter(member.sample.label for member in test),
        fraction,
        seed=seed,
        purpose="test as unlabelled",
    ) if len(named) > 1 else set()  # fmt: skip
    given_up = {member.key for name in chosen for member in named[name]}
    if not given_up:
        why = "all test samples belong together" if test else "there is no test split"
        raise FerkitError(
            f"no part of the test split can be given up: {why}.", where=KEY, hint="Set it to 0."
        )
    return (
        [member for member in test if member.key not in given_up],
        [member for member in test if member.key in given_up],
    )
