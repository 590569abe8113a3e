"""Cross-validation: which samples are in which fold."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ferkit.contracts.data import Sample
from ferkit.data.holdout import Group, rank
from ferkit.data.members import Member
from ferkit.data.together import Together
from ferkit.errors import FerkitError
from ferkit.faces.frame_folder import natural_order
from ferkit.sections import SplitSection


@dataclass(frozen=True)
class Fold:
    """The fold that tests in this run.

    number: counted from 0. count: how many there are. subject: who is left out; "" where folds
        are not subjects. test: its labelled members.
    """

    number: int
    count: int
    subject: str
    test: tuple[Member, ...]


def subjects_of(samples: Sequence[Sample]) -> list[str]:
    """The subjects of labelled samples, in natural order of their names: subject 2 before 10."""
    names = {sample.subject for sample in samples if sample.label >= 0} - {""}
    return sorted(names, key=natural_order)


def fold_count(split: SplitSection, samples: Sequence[Sample]) -> int:
    """How many folds there are.

    Args:
        split: of the recipe.
        samples: rows of data.train that can be used; looked at only where each subject is a fold.
    Returns: 1 where the recipe asks for none.
    """
    if split.folds is None:
        return 1
    return len(subjects_of(samples)) if split.folds == "subject" else split.folds


def assign_folds(groups: Sequence[Group], folds: int, *, seed: int) -> dict[str, int]:
    """Divide groups into folds with as equal a share of every class as whole groups allow.

    Large groups come first. Each goes to the fold that has least of its classes, the sum over
    its classes of its samples times the share of the class that the fold has already; of equal
    ones to the smallest fold, and of these to the one that the seed prefers. With one sample per
    group, no two folds differ by more than one sample, neither of a class nor in all. No fold
    stays empty while there are as many groups.

    Args:
        groups: whose samples stay together; none empty.
        folds: how many.
        seed: breaks ties; the order of the groups has no influence.
    Returns: key of the group -> fold, from 0.
    """
    total: Counter[int] = Counter()
    for group in groups:
        total.update(group.counts)
    held: list[Counter[int]] = [Counter() for _ in range(folds)]
    sizes = [0] * folds

    def order(group: Group) -> tuple[object, ...]:
        size = sum(group.counts.values())
        return -size, sorted(group.counts.items()), rank(seed, "folds", group.key)

    def cost(fold: int, group: Group) -> tuple[float, int]:
        shares = (n * held[fold][label] / total[label] for label, n in group.counts.items())
        return round(math.fsum(shares), 12), sizes[fold]

    chosen = {}
    for group in sorted(groups, key=order):
        costs = [cost(fold, group) for fold in range(folds)]
        least = min(costs)
        equal = [fold for fold in range(folds) if costs[fold] == least]
        best = equal[0]
        if len(equal) > 1:
            best = min(equal, key=lambda fold: rank(seed, "folds", f"fold {fold} for {group.key}"))
        chosen[group.key] = best
        held[best].update(group.counts)
        sizes[best] += sum(group.counts.values())
    return chosen


def choose_fold(
    together: Together, movable: Sequence[Member], split: SplitSection, *, rough: bool = False
) -> Fold:
    """The fold that the recipe names.

    Which samples are in which fold depends on `split.seed`, never on `split.fold`.

    Args:
        together: says what may not be torn apart.
        movable: members of the training set.
        rough: of a trial with a few samples only: there are as many folds as they allow, and
            the number of the fold is counted round.
    Raises: FerkitError: there are fewer groups than folds, no such fold, or a sample without
        subject where each subject is a fold.
    """
    labelled = [member for member in movable if member.sample.label >= 0]
    if not labelled:
        raise FerkitError("no training sample has a label.", where="data.split.folds")
    if split.folds == "subject":
        return _leave_one_out(labelled, split, rough=rough)
    groups = together.groups_of(labelled)
    count = fold_count(split, ())
    if rough:
        count = max(2, min(count, len(groups)))
    if len(groups) < count:
        raise FerkitError(
            f"{count} folds are asked for, and the {len(labelled)} labelled samples are of"
            f" {len(groups)} group{'' if len(groups) == 1 else 's'} that may not be torn apart"
            " (subjects, given groups, images that look alike).",
            where="data.split.folds",
            hint="Ask for fewer folds, or look at data.split.by and data.split.near_duplicates.",
        )
    number = split.fold % count if rough else split.fold
    fold_of = assign_folds(list(groups.values()), count, seed=split.seed)
    test = [m for m in labelled if fold_of[groups[together.name_of(m)].key] == number]
    return Fold(number, count, "", tuple(test))


def _leave_one_out(labelled: Sequence[Member], split: SplitSection, *, rough: bool) -> Fold:
    unknown = sum(not member.sample.subject for member in labelled)
    if unknown:
        raise FerkitError(
            f"{unknown} of {len(labelled)} labelled samples name no subject, so none can be left"
            " out.",
            where="data.split.folds",
            hint="Give a subject column or pattern, or a number of folds.",
        )
    names = subjects_of([member.sample for member in labelled])
    if len(names) == 1:
        raise FerkitError(
            f"all samples are of one subject ({names[0]}), and nobody is left to train on.",
            where="data.split.folds",
        )
    number = split.fold % len(names) if rough else split.fold
    if number >= len(names):
        raise FerkitError(
            f"there are {len(names)} folds, one for each subject, numbered from 0 to"
            f" {len(names) - 1}, and {number} is none of them.",
            where="data.split.fold",
        )
    test = [member for member in labelled if member.sample.subject == names[number]]
    return Fold(number, len(names), names[number], tuple(test))


def refuse_given(given: Mapping[str, Sequence[Member]]) -> None:
    """Refuse folds over samples some of which have another given split than others.

    Raises: FerkitError: folds would tear a given split apart.
    """
    labelled = {
        name: sum(member.sample.label >= 0 for member in given[name])
        for name in ("", "train", "validation", "test")
    }
    there = [name for name, count in labelled.items() if count]
    if set(there) <= {""} or set(there) <= {"train"}:
        return
    told = ", ".join(f"{labelled[name]} {name or 'without one'}" for name in there)
    raise FerkitError(
        f"folds divide all labelled samples, and data.train gives splits that stand ({told}).",
        where="data.split.folds",
        hint="Set data.split.given: pool to forget the given splits, or leave the folds out.",
    )
