"""Groups of samples that no split that we make may tear apart, and holding them out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ferkit.contracts.data import Problem
from ferkit.data.grouping import Groups
from ferkit.data.holdout import Group, choose_groups
from ferkit.data.members import Member, place_of
from ferkit.errors import FerkitError
from ferkit.sections import SplitSection

_SOURCES = ("train", "test", "unlabelled")


class Together:
    """Who belongs together: by subject, by given group, by being the same image.

    Subjects and groups join samples of the training set only: other data sets may number other
    people alike. Images join samples of all data sets.

    Args:
        members: of all data sets.
        section: says whether subjects stay together.
        duplicate_groups: per row of train, test and unlabelled, numbered through; or None.
        sizes: rows of these three.
    Raises: FerkitError: division by subject is asked for and a subject is missing.

    Attributes:
        duplicates: key of a member -> group of images, of members that have a duplicate.
        problems: what was found while grouping.
    """

    def __init__(
        self,
        members: Sequence[Member],
        section: SplitSection,
        duplicate_groups: Sequence[int] | None,
        sizes: Sequence[int],
    ) -> None:
        self._section = section
        self.problems: list[Problem] = []
        self.duplicates = _duplicates(members, duplicate_groups, sizes)
        self.problems += _about_duplicates(members, self.duplicates)
        index = {member.key: i for i, member in enumerate(members)}
        if len(index) < len(members):
            raise ValueError("sample ids are not unique within a data set")
        groups = Groups(len(members))
        train = [(i, member) for i, member in enumerate(members) if member.source == "train"]
        if self._check_subjects([m for _, m in train if m.sample.split in ("", "train")]):
            groups.join_equal((i, m.sample.subject) for i, m in train if m.sample.subject)
        groups.join_equal((i, m.sample.group) for i, m in train if m.sample.group)
        groups.join_equal((index[key], group) for key, group in self.duplicates.items())
        together: dict[int, list[Member]] = {}
        for i, member in enumerate(members):
            together.setdefault(groups.find(i), []).append(member)
        # A group is named after its least key: the same whatever the order of files.
        self._members = {min(m.key for m in group): group for group in together.values()}
        self._name = {m.key: name for name, group in self._members.items() for m in group}

    def hold_out(self, movable: Sequence[Member], fraction: float, purpose: str) -> list[Member]:
        """Choose labelled members to hold out, whole groups only.

        Args:
            movable: the pool they come from; groups with members of another training or
                test split stay where they are. With folds, which leave no group where it is,
                those with members of an unlabelled split move.
            fraction: of the labelled ones in the pool.
            purpose: "test" or "validation".
        Raises: FerkitError: it cannot be done.
        """
        keys = {member.key for member in movable}
        labelled = [member for member in movable if member.sample.label >= 0]
        counts = Counter(member.sample.label for member in labelled)
        groups = self.groups_of(labelled)
        names = set(groups)
        bare = _never_labelled if self._section.folds is not None else _of_unlabelled_set
        free = [
            group
            for name, group in groups.items()
            if all(m.key in keys or bare(m) for m in self._members[name])
        ]
        self._check_possible(counts, names, free, purpose)
        chosen = choose_groups(free, counts, fraction, seed=self._section.seed, purpose=purpose)
        if not chosen:
            raise self._impossible(purpose, "every group holds all the samples that a class has.")
        return [member for member in labelled if self._name[member.key] in chosen]

    def name_of(self, member: Member) -> str:
        """The group that the member belongs to."""
        return self._name[member.key]

    def groups_of(self, labelled: Sequence[Member]) -> dict[str, Group]:
        """Name of the group -> how many of these members of each class it has, of those that
        have any."""
        counts: dict[str, Counter[int]] = {}
        for member in labelled:
            counts.setdefault(self._name[member.key], Counter())[member.sample.label] += 1
        return {name: Group(name, count) for name, count in counts.items()}

    def apart_from(
        self, members: Sequence[Member], held: Sequence[Member], problems: list[Problem]
    ) -> list[Member]:
        """Members whose group is not held out; the others are reported as left out."""
        names = {self._name[member.key] for member in held}
        kept = []
        for member in members:
            if self._name[member.key] in names:
                what = "shows a subject, a group or an image that is held out."
                where = place_of(member.sample)
                bare = member.sample.label < 0 or _never_labelled(member)
                kind = "held out without label" if bare else "held out with its group"
                problems.append(Problem(kind, where, what, dropped=True))
            else:
                kept.append(member)
        return kept

    def _check_subjects(self, train: Sequence[Member]) -> bool:
        """Whether subjects stay together."""
        unknown = sum(not member.sample.subject for member in train)
        if self._section.by == "subject" and unknown:
            raise FerkitError(
                f"{unknown} of {len(train)} training samples name no subject.",
                where="data.split.by",
                hint="Give a subject column or pattern, or divide by 'auto' or 'stratified'.",
            )
        if self._section.by == "auto" and 0 < unknown < len(train):
            what = (
                f"{unknown} of {len(train)} training samples name no subject; each is divided as"
                " if it showed somebody else."
            )
            self.problems.append(Problem("subject unknown", "data.split.by", what, dropped=False))
        return self._section.by != "stratified"

    def _check_possible(
        self,
        counts: Counter[int],
        names: set[str],
        free: Sequence[Group],
        purpose: str,
    ) -> None:
        if not counts:
            raise self._impossible(purpose, "no training sample has a label.")
        if len(names) == 1:
            group = self._members[next(iter(names))]
            subjects = {member.sample.subject for member in group}
            if len(subjects) == 1 and "" not in subjects:
                raise self._impossible(purpose, "all samples are of one subject.")
            joined = any(member.key in self.duplicates for member in group)
            chain = " (images that look alike join them: data.split.near_duplicates)"
            what = f"all samples are of one group{chain if joined else ''}."
            raise self._impossible(purpose, what)
        if not free:
            what = "all groups hold samples whose split is given."
            raise self._impossible(purpose, what)

    def _impossible(self, purpose: str, why: str) -> FerkitError:
        return FerkitError(
            f"a {purpose} split cannot be held out: {why}",
            where=f"data.split.{purpose}",
            hint=f"Give {purpose} samples of their own, or set it to 0.",
        )


def _of_unlabelled_set(member: Member) -> bool:
    return member.source == "unlabelled"


def _never_labelled(member: Member) -> bool:
    """Whether its label, if there is one, is not used wherever it goes."""
    return member.source == "unlabelled" or member.sample.split == "unlabelled"


def _duplicates(
    members: Sequence[Member], groups: Sequence[int] | None, sizes: Sequence[int]
) -> dict[str, int]:
    """Key of a member -> group of images, where the group has more than one member."""
    if groups is None:
        return {}
    if len(groups) != sum(sizes):
        raise ValueError(f"{len(groups)} duplicate groups for {sum(sizes)} samples")
    start = {source: sum(sizes[:i]) for i, source in enumerate(_SOURCES)}
    of = {member.key: groups[start[member.source] + member.position] for member in members}
    count = Counter(of.values())
    return {key: group for key, group in of.items() if count[group] > 1}


def _about_duplicates(members: Sequence[Member], duplicates: dict[str, int]) -> list[Problem]:
    """How many images have a duplicate, and whether one face is said to be of two people."""
    if not duplicates:
        return []
    what = (
        f"{len(duplicates)} of {len(members)} images are identical or nearly identical to another"
        " one; splits that are made here keep them on one side."
    )
    found = [Problem("duplicate images", "data.split.near_duplicates", what, dropped=False)]
    people: dict[int, set[tuple[str, str]]] = {}
    for member in members:
        if member.key in duplicates and member.sample.subject:
            person = (member.source, member.sample.subject)
            people.setdefault(duplicates[member.key], set()).add(person)
    for group, names in people.items():
        if len({source for source, _ in names}) < len(names):
            one = next(member for member in members if duplicates.get(member.key) == group)
            subjects = ", ".join(sorted(name for _, name in names))
            what = (
                f"alike images name several subjects ({subjects}), who therefore stay on one side;"
                " a lower `near_duplicates` parts them, unless it is one photograph."
            )
            where = place_of(one.sample)
            found.append(Problem("alike images of several subjects", where, what, dropped=False))
    return found + _about_labels(members, duplicates)


def _about_labels(members: Sequence[Member], duplicates: dict[str, int]) -> list[Problem]:
    """A problem for each pair of alike images that are said to show different classes."""
    first: dict[int, Member] = {}
    found = []
    for member in members:
        group = duplicates.get(member.key)
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
