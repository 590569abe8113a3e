"""Which samples train, choose, test, and go without their labels.

Splits that a data set gives stand. What is not given is held out of the training set, so that
no subject, no group and no duplicate image is on two sides, and the same seed always gives the
same split, whatever the order of the files.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from ferkit.contracts.data import Problem
from ferkit.data.holdout import keep_labels
from ferkit.data.members import Member, Rows, SourceName, adopt, hide_label, place_of
from ferkit.data.overlaps import overlaps
from ferkit.data.report import few_validation_samples
from ferkit.data.together import Together
from ferkit.errors import FerkitError
from ferkit.sections import DataSection

PARTS = ("labelled", "unlabelled", "validation", "test")


@dataclass(frozen=True)
class Splits:
    """Who is where. Every part is sorted by source and id.

    Args:
        classes: of the run, in label order.
        labelled: training samples whose label is used.
        unlabelled: training samples without labels; what was given is their `truth`.
        validation, test: samples with labels.
        problems: what was left out, what is missing, what splits share.
    """

    classes: tuple[str, ...]
    labelled: tuple[Member, ...]
    unlabelled: tuple[Member, ...]
    validation: tuple[Member, ...]
    test: tuple[Member, ...]
    problems: tuple[Problem, ...]

    def parts(self) -> dict[str, tuple[Member, ...]]:
        """Name of the split -> its members."""
        return {name: getattr(self, name) for name in PARTS}

    def counts(self) -> dict[str, dict[str, int]]:
        """Name of the split -> class -> samples; for the unlabelled split by truth, and "" where
        that is not known."""
        table = {}
        for name, members in self.parts().items():
            label = Counter(
                member.sample.truth if name == "unlabelled" else member.sample.label
                for member in members
            )
            table[name] = {cls: label[i] for i, cls in enumerate(self.classes)}
            if label[-1]:
                table[name][""] = label[-1]
        return table


def make_splits(
    train: Rows,
    *,
    section: DataSection,
    test: Rows | None = None,
    unlabelled: Rows | None = None,
    duplicate_groups: Sequence[int] | None = None,
) -> Splits:
    """Divide the samples of a run.

    Args:
        train: the training set; its splits stand where it gives any.
        section: `data:` of the recipe.
        test: a test set of its own; of one with splits, its test split.
        unlabelled: samples to be used without labels; of one with splits, its training and
            unlabelled ones.
        duplicate_groups: for the samples of train, test and unlabelled, in this order and
            numbered through, the group of identical or nearly identical images.
    Raises: FerkitError: it cannot be done (no labels, one subject only, a class with one sample,
        more labels asked for than there are).
    """
    classes = tuple(section.classes or train.classes)
    problems: list[Problem] = []
    members: list[Member] = []
    sources: tuple[tuple[SourceName, Rows | None], ...] = (
        ("train", train),
        ("test", test),
        ("unlabelled", unlabelled),
    )
    for source, rows in sources:
        if rows is not None:
            # Labels must not decide which unlabelled samples are used.
            found, wrong = adopt(rows, source, classes, keep_unknown=source == "unlabelled")
            members += found
            problems += wrong
    sizes = [0 if rows is None else len(rows.samples) for _, rows in sources]
    together = Together(members, section.split, duplicate_groups, sizes)
    problems += together.problems

    given = _given(members, problems, own_test=test is not None)
    made_test = not given["test"] and section.split.test > 0
    made_validation = not given["validation"] and section.split.validation > 0
    if made_test or made_validation:
        _check_counts([*given[""], *given["train"]], classes)
    if made_test:
        # Samples said to be for training move only where there are no others.
        unsaid = any(member.sample.label >= 0 for member in given[""])
        movable = given[""] if unsaid else [*given[""], *given["train"]]
        given["test"] = together.hold_out(movable, section.split.test, "test")
    if made_validation:
        taken = {member.key for member in given["test"]}
        movable = [m for m in (*given[""], *given["train"]) if m.key not in taken]
        given["validation"] = together.hold_out(movable, section.split.validation, "validation")
    held = {member.key for member in (*given["test"], *given["validation"])}
    rest = [m for m in (*given[""], *given["train"]) if m.key not in held]

    made = [
        *(given["test"] if made_test else ()),
        *(given["validation"] if made_validation else ()),
    ]
    pure = {member.key for member in together.apart_from(rest, made, problems)}
    candidates = [member for member in rest if member.key in pure]
    labelled = _labelled([m for m in candidates if m.sample.label >= 0], section)
    keys = {member.key for member in labelled}
    without = [
        *(member for member in candidates if member.key not in keys),
        *together.apart_from(given["unlabelled"], made, problems),
    ]
    if section.transductive:
        without += given["test"]
    parts = {
        "labelled": _sorted(labelled),
        "unlabelled": _sorted([hide_label(member) for member in without]),
        "validation": _sorted(given["validation"]),
        "test": _sorted(given["test"]),
    }
    problems += overlaps(parts, together.duplicates)
    problems += _remarks(parts, classes, section)
    return Splits(classes, **parts, problems=tuple(problems))


def _given(
    members: Sequence[Member], problems: list[Problem], *, own_test: bool
) -> dict[str, list[Member]]:
    """Members by the split they are given, "" where none is; what cannot be used is reported."""
    given: dict[str, list[Member]] = {
        name: [] for name in ("", "train", "validation", "test", "unlabelled")
    }
    for member in members:
        source, split = member.source, member.sample.split
        if source == "test":
            used, to = split in ("", "test"), "test"
        elif source == "unlabelled":
            used, to = split in ("", "train", "unlabelled"), "unlabelled"
        else:
            used, to = not (split == "test" and own_test), split
        where = place_of(member.sample)
        if not used:
            what = f"its split is {split!r}, so it is not used as data.{source}."
            problems.append(Problem("other split", where, what, dropped=True))
        elif to in ("validation", "test") and member.sample.label < 0:
            what = f"a {to} sample without a label measures nothing."
            problems.append(Problem("no label to measure by", where, what, dropped=True))
        else:
            given[to].append(member)
    return given


def _check_counts(pool: Sequence[Member], classes: Sequence[str]) -> None:
    """Raise unless every class that occurs has a sample to hold out and one to train on."""
    count = Counter(member.sample.label for member in pool if member.sample.label >= 0)
    single = [name for label, name in enumerate(classes) if count[label] == 1]
    if single:
        raise FerkitError(
            f"only one sample has the label {' and one the label '.join(map(repr, single))};"
            " to hold samples out, a class needs at least 2.",
            where="data.split",
            hint="Add samples, leave the class out by `labels` or `classes`, or give the splits.",
        )


def _labelled(members: Sequence[Member], section: DataSection) -> list[Member]:
    """Those whose labels are used."""
    if not members:
        raise FerkitError(
            "no training sample has a label.",
            where="data.train",
            hint="Is a column or folder named differently, or does the test split take them all?",
        )
    if section.labels is None:
        return list(members)
    if section.labels > len(members):
        raise FerkitError(
            f"{section.labels} labels are asked for, the training split has {len(members)}.",
            where="data.labels",
        )
    kept = keep_labels(
        {member.key: member.sample.label for member in members},
        section.labels,
        seed=section.labels_seed,
    )
    return [member for member in members if member.key in kept]


def _remarks(
    parts: dict[str, tuple[Member, ...]], classes: Sequence[str], section: DataSection
) -> list[Problem]:
    """Classes that are missing, and a validation set too small."""
    found = []
    for name in ("labelled", "validation", "test"):
        there = {member.sample.label for member in parts[name]}
        missing = [cls for label, cls in enumerate(classes) if label not in there]
        if missing and parts[name]:
            what = f"the {name} split has no sample of {', '.join(missing)}."
            found.append(Problem("class missing in a split", name, what, dropped=False))
    if not parts["test"]:
        what = "there is no test sample: the report has no test figures."
        found.append(Problem("no test split", "data.split.test", what, dropped=False))
    few = few_validation_samples(len(parts["validation"]))
    if few is not None:
        found.append(few)
    if section.transductive:
        what = (
            f"{len(parts['test'])} test samples are also trained on, without their labels"
            " (transductive)."
        )
        found.append(Problem("transductive", "data.transductive", what, dropped=False))
    return found


def _sorted(members: Sequence[Member]) -> tuple[Member, ...]:
    order = ("train", "test", "unlabelled")
    return tuple(sorted(members, key=lambda m: (order.index(m.source), m.sample.id)))
