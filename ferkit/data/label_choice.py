"""Which labels of the training split are used."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence

from ferkit.contracts.data import Problem
from ferkit.data.holdout import keep_labels, rank
from ferkit.data.members import Member
from ferkit.errors import FerkitError
from ferkit.sections import DataSection

FEWER_LABELS = "fewer labels than asked for"


def keep_of_each(labels: Mapping[str, int], counts: Mapping[int, int], *, seed: int) -> set[str]:
    """Choose so many samples of each class, all where there are not as many.

    Samples of a class come in an order that the seed shuffles, the same as for `keep_labels`; so
    fewer labels are always a part of more.

    Args:
        labels: key of the sample -> label.
        counts: label -> how many.
    Returns: keys of those whose label is kept.
    """
    by_class: dict[int, list[str]] = {}
    for key in sorted(labels, key=lambda key: rank(seed, "labels", key)):
        by_class.setdefault(labels[key], []).append(key)
    return {key for label, keys in by_class.items() for key in keys[: counts[label]]}


def fraction_of_each(labels: Mapping[str, int], fraction: float) -> dict[int, int]:
    """How many samples `fraction` of each class is, rounded half up, at least one."""
    counts = Counter(labels.values())
    return {label: max(1, math.floor(fraction * n + 0.5)) for label, n in counts.items()}


def used_labels(
    members: Sequence[Member],
    section: DataSection,
    classes: Sequence[str],
    problems: list[Problem],
    *,
    rough: bool = False,
) -> list[Member]:
    """Those of the labelled training samples whose labels are used.

    Args:
        members: with labels.
        classes: of the run, in label order.
        problems: classes with fewer labels than asked for are added.
        rough: of a trial with a few samples only: it is no error that there are fewer.
    Raises: FerkitError: there are none, or fewer than `data.labels`, or a class without number.
    """
    if not members:
        raise FerkitError(
            "no training sample has a label.",
            where="data.train",
            hint="Is a column or folder named differently, or does the test split take them all?",
        )
    labels = {member.key: member.sample.label for member in members}
    seed = section.labels_seed
    if section.labels is not None:
        if section.labels > len(members) and not rough:
            raise FerkitError(
                f"{section.labels} labels are asked for, the training split has {len(members)}.",
                where="data.labels",
            )
        kept = keep_labels(labels, section.labels, seed=seed)
    elif section.labels_per_class is not None:
        wanted = _wanted(section.labels_per_class, classes)
        problems += _too_few(wanted, Counter(labels.values()), classes)
        kept = keep_of_each(labels, wanted, seed=seed)
    elif section.labels_fraction is not None:
        kept = keep_of_each(labels, fraction_of_each(labels, section.labels_fraction), seed=seed)
    else:
        return list(members)
    return [member for member in members if member.key in kept]


def _wanted(asked: int | Mapping[str, int], classes: Sequence[str]) -> dict[int, int]:
    """Label -> how many are asked for."""
    if isinstance(asked, int):
        return dict.fromkeys(range(len(classes)), asked)
    missing = [name for name in classes if name not in asked]
    unknown = [name for name in asked if name not in classes]
    if missing or unknown:
        wrong = [f"no number for {', '.join(missing)}"] if missing else []
        wrong += [f"no class {', '.join(unknown)}"] if unknown else []
        raise FerkitError(
            f"there is {' and '.join(wrong)}.",
            where="data.labels_per_class",
            hint=f"The classes of this run are {', '.join(classes)}.",
        )
    return {label: asked[name] for label, name in enumerate(classes)}


def _too_few(
    wanted: Mapping[int, int], there: Mapping[int, int], classes: Sequence[str]
) -> list[Problem]:
    return [
        Problem(
            FEWER_LABELS,
            "data.labels_per_class",
            f"the training split has {there[label]} labels of {classes[label]}, not {count}; all"
            " are used.",
            dropped=False,
        )
        for label, count in wanted.items()
        if 0 < there[label] < count
    ]
