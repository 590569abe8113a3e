"""Which split each sample is given, and what a recipe makes of it before anything is divided."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import replace

from ferkit.contracts.data import Problem
from ferkit.data.members import Member, place_of
from ferkit.errors import FerkitError
from ferkit.sections import DataSection

POOLED = ("train", "validation", "test")
"""Given splits that `data.split.given: pool` forgets."""


def as_asked(
    members: Sequence[Member], section: DataSection, problems: list[Problem]
) -> list[Member]:
    """The members with the splits that the recipe makes of the given ones.

    Only splits that data.train gives are touched.

    Args:
        problems: what is left out, and how many given splits are forgotten, is added.
    Raises: FerkitError: the given validation split is to be the test split, and there is none.
    """
    if section.split.given == "pool":
        return _pooled(members, problems)
    if section.reported == "validation":
        return _reported(members, problems)
    return list(members)


def _pooled(members: Sequence[Member], problems: list[Problem]) -> list[Member]:
    found, count = [], 0
    for member in members:
        if member.source == "train" and member.sample.split in POOLED:
            count += 1
            member = with_split(member, "")
        found.append(member)
    if count:
        what = f"{count} samples are given a split, which is forgotten; ferkit divides them anew."
        problems.append(Problem("given splits pooled", "data.split.given", what, dropped=False))
    return found


def _reported(members: Sequence[Member], problems: list[Problem]) -> list[Member]:
    found, count = [], 0
    for member in members:
        sample = member.sample
        if member.source == "train" and sample.split == "test":
            what = "its split is 'test', and data.reported is validation, so it is not used."
            problems.append(Problem("other split", place_of(sample), what, dropped=True))
            continue
        if member.source == "train" and sample.split == "validation":
            count += sample.label >= 0
            member = with_split(member, "test")
        found.append(member)
    if not count:
        raise FerkitError(
            "no labelled sample of data.train is given as validation, so there is none to report.",
            where="data.reported",
            hint="Leave it out, or say in data.train which samples are the validation split.",
        )
    return found


def by_given_split(
    members: Sequence[Member],
    problems: list[Problem],
    *,
    own_test: bool,
    selection: str,
    told: Container[str] = (),
) -> dict[str, list[Member]]:
    """Members by the split they are given, "" where none is; what cannot be used is reported.

    Args:
        own_test: whether there is a data.test.
        selection: of `data:`; with "reported" a given validation split is not used.
        told: keys of members of which it is told elsewhere that they can't be used.
    """
    given: dict[str, list[Member]] = {
        name: [] for name in ("", "train", "validation", "test", "unlabelled")
    }
    for member in members:
        source, split = member.source, member.sample.split
        why = f"as data.{source}"
        if source == "test":
            used, to = split in ("", "test"), "test"
        elif source == "unlabelled":
            used, to = split in ("", "train", "unlabelled"), "unlabelled"
        elif split == "validation" and selection == "reported":
            used, to, why = False, split, "where data.selection is reported"
        else:
            used, to = not (split == "test" and own_test), split
        if not used:
            kind, what = "other split", f"its split is {split!r}, so it is not used {why}."
        elif to in ("validation", "test") and member.sample.label < 0:
            kind, what = (
                "no label to measure by",
                f"a {to} sample without a label measures nothing.",
            )
        else:
            given[to].append(member)
            continue
        if member.key not in told:
            problems.append(Problem(kind, place_of(member.sample), what, dropped=True))
    return given


def with_split(member: Member, split: str) -> Member:
    """The same sample as if it had been given another split."""
    return member._replace(sample=replace(member.sample, split=split))
