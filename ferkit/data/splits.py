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
from ferkit.data.folds import choose_fold, refuse_given
from ferkit.data.given import as_asked, by_given_split
from ferkit.data.label_choice import used_labels
from ferkit.data.label_flips import told, with_wrong_labels
from ferkit.data.members import Member, Rows, SourceName, adopt, hide_label
from ferkit.data.overlaps import overlaps
from ferkit.data.part_of_test import KEY as TEST_PART
from ferkit.data.part_of_test import part_of_test
from ferkit.data.protocol import Declaration, Made, noise_on_validation, protocol
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
        protocol: how the splits came about, in words.
    """

    classes: tuple[str, ...]
    labelled: tuple[Member, ...]
    unlabelled: tuple[Member, ...]
    validation: tuple[Member, ...]
    test: tuple[Member, ...]
    problems: tuple[Problem, ...]
    protocol: tuple[Declaration, ...] = ()

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
    rough: bool = False,
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
        rough: of a trial with a few samples only: folds and labels may be fewer than asked for.
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
    members = as_asked(members, section, problems)
    together = Together(members, section.split, duplicate_groups, sizes)
    problems += together.problems

    given = by_given_split(
        members, problems, own_test=test is not None, selection=section.selection
    )
    made = _hold_out(given, together, section, classes, rough=rough)
    given_up: list[Member] = []
    if section.split.test_as_unlabelled > 0:
        given["test"], given_up = part_of_test(
            given["test"],
            section.split.test_as_unlabelled,
            seed=section.split.seed,
            alike=together.duplicates,
        )
    held_out = [
        *(given["test"] if made.test else ()),
        *(given["validation"] if made.validation else ()),
    ]
    held = {member.key for member in (*given["test"], *given["validation"], *given_up)}
    rest = [m for m in (*given[""], *given["train"]) if m.key not in held]
    pure = {member.key for member in together.apart_from(rest, held_out, problems)}
    candidates = [member for member in rest if member.key in pure]
    labelled = used_labels(
        [m for m in candidates if m.sample.label >= 0], section, classes, problems, rough=rough
    )
    keys = {member.key for member in labelled}
    without = [
        *(member for member in candidates if member.key not in keys),
        *together.apart_from(given["unlabelled"], held_out, problems),
        *given_up,
    ]
    if section.transductive:
        without += given["test"]
    validation = given["validation"]
    if section.selection == "reported":
        validation = given["test"]
    if section.noise is not None:
        labelled, validation = _noisy(labelled, validation, section, len(classes), problems)
    parts = {
        "labelled": _sorted(labelled),
        "unlabelled": _sorted([hide_label(member) for member in without]),
        "validation": _sorted(validation),
        "test": _sorted(given["test"]),
    }
    problems += overlaps(parts, together.duplicates)
    problems += _remarks(parts, classes, section)
    declared = protocol(section, parts, made)
    return Splits(classes, **parts, problems=tuple(problems), protocol=declared)


def _hold_out(
    given: dict[str, list[Member]],
    together: Together,
    section: DataSection,
    classes: Sequence[str],
    *,
    rough: bool,
) -> Made:
    """Fill in the test and the validation split where they are not given."""
    split = section.split
    fold = None
    movable = [*given[""], *given["train"]]
    made_test = not given["test"] and (split.test > 0 or split.folds is not None)
    made_validation = (
        not given["validation"] and split.validation > 0 and section.selection == "inner"
    )
    if made_test or made_validation:
        _check_counts(movable, classes)
    if split.folds is not None:
        refuse_given(given)
        fold = choose_fold(together, movable, split, rough=rough)
        given["test"] = list(fold.test)
    elif made_test:
        # Samples said to be for training move only where there are no others.
        unsaid = any(member.sample.label >= 0 for member in given[""])
        given["test"] = together.hold_out(given[""] if unsaid else movable, split.test, "test")
    if section.selection == "reported" and not given["test"]:
        raise FerkitError(
            "there is no test split, so nothing can be selected by it.",
            where="data.selection",
            hint="Set data.split.test above 0, or give test samples.",
        )
    if made_validation:
        taken = {together.name_of(member) for member in given["test"] if made_test}
        keys = {member.key for member in given["test"]}
        left = [m for m in movable if m.key not in keys and together.name_of(m) not in taken]
        given["validation"] = together.hold_out(left, split.validation, "validation")
    return Made(made_test, made_validation, fold, together.duplicates)


def _noisy(
    labelled: list[Member],
    validation: list[Member],
    section: DataSection,
    classes: int,
    problems: list[Problem],
) -> tuple[list[Member], list[Member]]:
    """Training and validation samples with the wrong labels that the recipe asks for."""
    noise = section.noise
    assert noise is not None
    labelled, wrong = with_wrong_labels(labelled, noise, classes=classes)
    replaced = {"training": (wrong, len(labelled))}
    if noise_on_validation(section):
        validation, wrong = with_wrong_labels(validation, noise, classes=classes)
        replaced["validation"] = (wrong, len(validation))
    if noise.rate:
        problems.append(told(noise, replaced))
    return labelled, validation


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
    if section.selection == "reported":
        what = (
            f"the {len(parts['test'])} test samples are the validation split too: figures on them"
            " are too high for new data."
        )
        found.append(Problem("selected on the test split", "data.selection", what, dropped=False))
    if section.split.test_as_unlabelled > 0:
        what = (
            f"{100 * section.split.test_as_unlabelled:g} % of the test split is not tested on;"
            " it is used without its labels."
        )
        found.append(Problem("part of the test split", TEST_PART, what, dropped=False))
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
