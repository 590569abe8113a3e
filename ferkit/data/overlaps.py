"""What two splits share although they should not: counted, and told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ferkit.contracts.data import Problem
from ferkit.data.alike import Alike
from ferkit.data.members import Member

PAIRS = (
    ("labelled", "validation"),
    ("labelled", "test"),
    ("validation", "test"),
    ("unlabelled", "validation"),
    ("unlabelled", "test"),
)
"""Splits that learn from, or choose by, what the other one is to measure."""


def overlaps(parts: Mapping[str, Sequence[Member]], alike: Alike) -> list[Problem]:
    """Count images and subjects that splits share.

    Args:
        parts: split -> its members.
        alike: who shows the same image.
    Returns: a problem for each pair of splits and each thing shared. Subjects are compared by
        name, also between data sets that may number different people alike; it says so.
    """
    found = []
    for one, other in PAIRS:
        first, second = parts[one], parts[other]
        keys = {member.key for member in first}
        rest = [member for member in second if member.key not in keys]
        count = len(alike.to_one_of(first, rest))
        if count:
            what = (
                f"{count} of {len(second)} {other} samples are identical or nearly identical to"
                f" one of the {one} split; figures on them flatter the model."
            )
            found.append(Problem("duplicates across splits", f"{one}, {other}", what, False))
        subjects = {member.sample.subject for member in first} - {""}
        shared = [member for member in rest if member.sample.subject in subjects]
        if shared:
            people = len({member.sample.subject for member in shared})
            sources = {member.source for member in (*first, *shared)}
            doubt = " (if both data sets mean the same people)" if len(sources) > 1 else ""
            what = (
                f"{len(shared)} of {len(second)} {other} samples, of {people} subjects, name a"
                f" subject that the {one} split names too{doubt}."
            )
            found.append(Problem("subjects across splits", f"{one}, {other}", what, False))
    return found
