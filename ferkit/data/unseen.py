"""Samples that no model sees because nothing could be cropped of them, and where they belong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ferkit.contracts.data import Problem, Sample
from ferkit.data.given import as_asked, by_given_split
from ferkit.data.members import Rows, SourceName, adopt
from ferkit.errors import FerkitError
from ferkit.sections import DataSection


class Unseen(NamedTuple):
    """A labelled sample without crops. kind: why, as preparation calls it: "no face", ..."""

    sample: Sample
    kind: str


def without_crops(
    samples: Sequence[Sample], kept: Sequence[int], failures: Sequence[Problem]
) -> tuple[Unseen, ...]:
    """What preparation left out of a data set, and why.

    Args:
        kept: positions of the samples that have crops.
        failures: of preparation; those that say "dropped" are of the others, in their order.
    """
    here = set(kept)
    missing = [sample for place, sample in enumerate(samples) if place not in here]
    kinds = [failure.kind for failure in failures if failure.dropped]
    if len(kinds) != len(missing):
        kinds = ["not usable"] * len(missing)
    return tuple(map(Unseen, missing, kinds))


def unseen_by_split(
    unseen: Mapping[SourceName, tuple[Sequence[Unseen], Sequence[str]]],
    section: DataSection,
    classes: Sequence[str],
) -> dict[str, list[Unseen]]:
    """Those that would be in the test and the validation split, with labels in the run's order.

    Only given splits are known: what ferkit divides itself are the samples that have crops, so
    that the others belong nowhere.

    Args:
        unseen: of each data set, with the names of its classes.
        classes: of the run.
    """
    if section.split.test_as_unlabelled > 0:  # which part is given up is drawn among the seen
        return {}
    kinds: dict[tuple[SourceName, int], str] = {}
    members = []
    for source, (found, names) in unseen.items():
        rows = Rows([each.sample for each in found], tuple(names))
        members += adopt(rows, source, tuple(classes), keep_unknown=False)[0]
        kinds |= {(source, place): each.kind for place, each in enumerate(found)}
    try:
        members = as_asked(members, section, [])
    except FerkitError:  # none of these is given as validation, which is to be reported
        return {}
    given = by_given_split(members, [], own_test="test" in unseen, selection=section.selection)
    return {
        name: [Unseen(m.sample, kinds[m.source, m.position]) for m in given[name]]
        for name in ("test", "validation")
        if given[name]
    }
