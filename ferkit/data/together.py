"""Groups of samples that no split that we make may tear apart, and holding them out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from ferkit.contracts.data import Problem
from ferkit.data.alike import Alike
from ferkit.data.grouping import Groups
from ferkit.data.holdout import Group, choose_groups
from ferkit.data.members import Member, place_of
from ferkit.errors import FerkitError
from ferkit.sections import SplitSection


class Together:
    """Who of the training set belongs together: by subject, by given group, by alike images.

    Other data sets have no say, and a subject's name counts for more than a likeness of crops: so
    where all samples name their subject, the division depends on the rows alone.

    Args:
        rows: of the training set, those without crops as well.
        section: says whether subjects stay together.
        alike: key of a row -> group of alike images in the training set, of rows that have such.
    Raises: FerkitError: division by subject is asked for and a subject is missing.

    Attributes:
        problems: what was found while grouping.
    """

    def __init__(
        self, rows: Sequence[Member], section: SplitSection, alike: Mapping[str, int]
    ) -> None:
        self._section = section
        self._alike = alike
        self.problems: list[Problem] = []
        if len({member.key for member in rows}) < len(rows):
            raise ValueError("sample ids are not unique within a data set")
        groups = Groups(len(rows))
        by_name = self._check_subjects([m for m in rows if m.sample.split in ("", "train")])
        if by_name:
            groups.join_equal((i, m.sample.subject) for i, m in enumerate(rows) if m.sample.subject)
        groups.join_equal((i, m.sample.group) for i, m in enumerate(rows) if m.sample.group)
        # Folds that are subjects are made by name; then everybody alike is kept from training.
        by_name = by_name and section.folds != "subject"
        groups.join_equal(_images(rows, alike, by_name=by_name))
        together: dict[int, list[Member]] = {}
        for i, member in enumerate(rows):
            together.setdefault(groups.find(i), []).append(member)
        # A group is named after its least key: the same whatever the order of files.
        self._members = {min(m.key for m in group): group for group in together.values()}
        self._name = {m.key: name for name, group in self._members.items() for m in group}

    def hold_out(self, movable: Sequence[Member], fraction: float, purpose: str) -> list[Member]:
        """Choose labelled members to hold out, whole groups only.

        Args:
            movable: the pool they come from; groups with members of another given split stay
                where they are. With folds, which leave no group where it is, those with members
                of the unlabelled split move.
            fraction: of the labelled ones in the pool.
            purpose: "test" or "validation".
        Raises: FerkitError: it cannot be done.
        """
        keys = {member.key for member in movable}
        labelled = [member for member in movable if member.sample.label >= 0]
        counts = Counter(member.sample.label for member in labelled)
        groups = self.groups_of(labelled)
        names = set(groups)
        folded = self._section.folds is not None
        free = [
            group
            for name, group in groups.items()
            if all(
                m.key in keys or (folded and m.sample.split == "unlabelled")
                for m in self._members[name]
            )
        ]
        self._check_possible(counts, names, free, purpose)
        chosen = choose_groups(free, counts, fraction, seed=self._section.seed, purpose=purpose)
        if not chosen:
            raise self._impossible(purpose, "every group holds all the samples that a class has.")
        return [member for member in labelled if self._name[member.key] in chosen]

    def name_of(self, member: Member) -> str:
        """The group that a member of the training set belongs to, or that its row does."""
        return self._name[member.row_key]

    def groups_of(self, labelled: Sequence[Member]) -> dict[str, Group]:
        """Name of the group -> how many of these members of each class it has, of those that
        have any."""
        counts: dict[str, Counter[int]] = {}
        for member in labelled:
            counts.setdefault(self._name[member.key], Counter())[member.sample.label] += 1
        return {name: Group(name, count) for name, count in counts.items()}

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
            joined = any(member.key in self._alike for member in group)
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


def _images(
    rows: Sequence[Member], alike: Mapping[str, int], *, by_name: bool
) -> Iterable[tuple[int, int]]:
    """Places of rows to be joined, with the number of their images.

    Args:
        by_name: alike images of people of several names join nobody but those without a name.
    """
    people: dict[int, set[str]] = {}
    for member in rows:
        if by_name and member.key in alike and member.sample.subject:
            people.setdefault(alike[member.key], set()).add(member.sample.subject)
    for place, member in enumerate(rows):
        group = alike.get(member.key)
        if group is not None and (len(people.get(group, ())) < 2 or not member.sample.subject):
            yield place, group


def apart_from(
    parts: Sequence[Sequence[Member]],
    held: Sequence[Member],
    *,
    together: Together,
    shown: Sequence[Member],
    alike: Alike,
    problems: list[Problem],
) -> list[list[Member]]:
    """Members of whom nothing is held out; the others are reported as left out.

    A member of the training set is left out with its group; a member of any data set where it
    looks like one that is held out, or like one that is left out with it.

    Args:
        parts: members that have crops.
        held: rows that are held out.
        shown: all members of the training set that have crops.
    """
    names = {together.name_of(member) for member in held}
    grouped = [member for member in shown if together.name_of(member) in names]
    others = [member for part in parts for member in part]
    wrong = {member.key for member in (*grouped, *alike.to_one_of(grouped, others))}
    for member in others:
        if member.key in wrong:
            what = "shows a subject, a group or an image that is held out."
            bare = member.sample.label < 0 or "unlabelled" in (member.source, member.sample.split)
            kind = "held out without label" if bare else "held out with its group"
            problems.append(Problem(kind, place_of(member.sample), what, dropped=True))
    return [[member for member in part if member.key not in wrong] for part in parts]
