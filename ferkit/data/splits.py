"""Which samples train, choose, test, and go without their labels.

Splits that a data set gives stand. What is not given is held out of the training set, so that
no subject, no group and no duplicate image is on two sides, and the same seed always gives the
same split, whatever the order of the files. All rows are divided, with crops or without, and by
themselves alone, so that neither a detector nor another data set moves a sample.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from ferkit.contracts.data import Problem
from ferkit.data.alike import Alike, about_alike
from ferkit.data.folds import choose_fold, refuse_given
from ferkit.data.given import as_asked, by_given_split
from ferkit.data.label_choice import used_labels
from ferkit.data.label_flips import told, with_wrong_labels
from ferkit.data.members import Member, Rows, SourceName, adopt, hide_label
from ferkit.data.overlaps import overlaps
from ferkit.data.part_of_test import part_of_test
from ferkit.data.protocol import Declaration, Made, noise_on_validation, protocol
from ferkit.data.remarks import remarks
from ferkit.data.shown import Shown
from ferkit.data.together import Together, apart_from
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
        folds: how many the samples are divided into; None where no fold tests.
        unseen: name of the split, "test" or "validation" -> its rows of which there are no crops.
    """

    classes: tuple[str, ...]
    labelled: tuple[Member, ...]
    unlabelled: tuple[Member, ...]
    validation: tuple[Member, ...]
    test: tuple[Member, ...]
    problems: tuple[Problem, ...]
    protocol: tuple[Declaration, ...] = ()
    folds: int | None = None
    unseen: Mapping[str, tuple[Member, ...]] = field(default_factory=dict)

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
    own_groups: Sequence[int] | None = None,
    rough: bool = False,
) -> Splits:
    """Divide the samples of a run.

    Args:
        train: the training set; its splits stand where it gives any.
        section: `data:` of the recipe.
        test: a test set of its own; of one with splits, its test split.
        unlabelled: samples to be used without labels; of one with splits, its training and
            unlabelled ones.
        duplicate_groups: for the crops of train, test and unlabelled, in this order and numbered
            through, the group of identical or nearly identical images.
        own_groups: the same, where each data set was compared with itself only; None: as
            `duplicate_groups`.
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
    members = as_asked(members, section, problems)
    there = {source: rows for source, rows in sources if rows is not None}
    shown = Shown(members, there)
    sizes = {source: len(rows.shown.rows) for source, rows in there.items()}
    alike = Alike(shown.members, sizes, duplicate_groups, own_groups)
    problems += about_alike(shown.members, alike)
    rows_alike = alike.rows(shown.members)
    own = [member for member in members if member.source == "train"]
    together = Together(own, section.split, rows_alike)
    problems += together.problems

    lost = {member.key for member in shown.without(members)}
    given = by_given_split(
        members,
        problems,
        own_test=test is not None,
        selection=section.selection,
        told=lost,
    )
    made = _hold_out(given, together, section, classes, alike, rough=rough)
    given_up: list[Member] = []
    if section.split.test_as_unlabelled > 0:
        given["test"], given_up = part_of_test(
            given["test"],
            section.split.test_as_unlabelled,
            seed=section.split.seed,
            alike=rows_alike,
        )
    held = {member.key for member in (*given["test"], *given["validation"], *given_up)}
    rest = [m for m in (*given[""], *given["train"]) if m.key not in held]
    clear = partial(
        apart_from, together=together, shown=shown.of(own), alike=alike, problems=problems
    )
    tested, chosen_by = shown.of(given["test"]), shown.of(given["validation"])
    held_out = list(given["test"]) if made.test else []
    if made.validation:
        (chosen_by,) = clear([chosen_by], held_out)
        held_out += given["validation"]
    candidates, bare = clear([shown.of(rest), shown.of(given["unlabelled"])], held_out)
    labelled = used_labels(
        [m for m in candidates if m.sample.label >= 0], section, classes, problems, rough=rough
    )
    keys = {member.key for member in labelled}
    validation = tested if section.selection == "reported" else chosen_by
    without = [
        *(member for member in candidates if member.key not in keys),
        *bare,
        *shown.of(given_up),
        *(tested if section.transductive else ()),
    ]
    if section.noise is not None:
        labelled, validation = _noisy(labelled, validation, section, len(classes), problems)
    parts = {
        "labelled": _sorted(labelled),
        "unlabelled": _sorted([hide_label(member) for member in without]),
        "validation": _sorted(validation),
        "test": _sorted(tested),
    }
    problems += overlaps(parts, alike)
    problems += remarks(parts, classes, section)
    unseen = {name: _sorted(shown.without(given[name])) for name in ("test", "validation")}
    return Splits(
        classes,
        **parts,
        problems=tuple(problems),
        protocol=protocol(section, parts, made),
        folds=None if made.fold is None else made.fold.count,
        unseen={name: rows for name, rows in unseen.items() if rows},
    )


def _hold_out(
    given: dict[str, list[Member]],
    together: Together,
    section: DataSection,
    classes: Sequence[str],
    alike: Alike,
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
    return Made(made_test, made_validation, fold, alike)


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


def _sorted(members: Sequence[Member]) -> tuple[Member, ...]:
    order = ("train", "test", "unlabelled")
    return tuple(sorted(members, key=lambda m: (order.index(m.source), m.sample.id)))
