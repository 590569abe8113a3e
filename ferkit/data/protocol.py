"""What kind of experiment a run is, in plain words, for whoever reads its figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ferkit.data.alike import Alike
from ferkit.data.folds import Fold
from ferkit.data.members import Member
from ferkit.sections import DataSection

_AMOUNT = frozenset(
    {"split", "splits", "start", "count", "seed", "labelled", "noise", "noise_kind", "imbalance"}
)
"""Parameters of data sets that choose among the samples of one collection, or label them."""


_SELECTED = "Selected and reported on the same split; such figures are too high for new data"


@dataclass(frozen=True)
class Declaration:
    """One thing to know about how a figure came about.

    Args:
        name: short and fixed, for programs: "k-fold", "transductive", "selected-on-test", ...
        title: short, the same for all folds and sizes.
        what: a sentence or two with the numbers of this run.
        declared: whether the report says it at the top, since figures of other protocols do not
            compare with these.
    """

    name: str
    title: str
    what: str
    declared: bool = False

    def as_json(self) -> dict[str, Any]:
        """For run.json."""
        return asdict(self)


@dataclass(frozen=True)
class Made:
    """How the splits came about. test, validation: whether they were made here, not given.

    fold: the one that tests, if any. alike: who shows the same image.
    """

    test: bool
    validation: bool
    fold: Fold | None
    alike: Alike


def protocol(
    section: DataSection, parts: Mapping[str, Sequence[Member]], made: Made
) -> tuple[Declaration, ...]:
    """The protocol of a run, what matters most first.

    Args:
        section: `data:` of the recipe.
        parts: split -> its members.
    """
    n = {name: len(members) for name, members in parts.items()}
    found = [
        _selection(section, n, made),
        _test(section, n, made),
        *_transductive(section, parts, made),
        *_given_up(section),
        *_noise(section),
        *_division(section, made),
        *_labels(section, n),
    ]
    return tuple(sorted(found, key=lambda one: not one.declared))


def _selection(section: DataSection, n: Mapping[str, int], made: Made) -> Declaration:
    if section.selection == "reported":
        what = (
            "Selected and reported on the same split: what goes by validation (the choice of"
            f" epochs and rounds, weights by its loss) goes by the {n['test']} test samples that"
            " the figures are about, so these are too high for new data."
        )
        return Declaration("selected-on-test", _SELECTED, what, True)
    if not n["validation"]:
        return Declaration("no-validation", "No validation split", "Nothing is chosen by data.")
    where = "held out of the training samples" if made.validation else "given by data.train"
    what = f"Epochs and rounds are chosen by {n['validation']} validation samples, {where}."
    return Declaration("inner-validation", "Selected on a validation split", what)


def _test(section: DataSection, n: Mapping[str, int], made: Made) -> Declaration:
    split, count = section.split, n["test"]
    if made.fold is not None and made.fold.subject:
        what = (
            f"Leave one subject out: fold {made.fold.number} of {made.fold.count} (counted from 0)"
            f" tests on the {count} samples of subject {made.fold.subject}. The figure of the"
            " protocol is that of all folds together."
        )
        return Declaration("leave-one-subject-out", "Leave one subject out", what, True)
    if made.fold is not None:
        what = (
            f"Cross-validation: fold {made.fold.number} of {made.fold.count} (counted from 0)"
            f" tests on {count} samples, {_by(split.by)}. The figure of the protocol is that of"
            " all folds together."
        )
        return Declaration("k-fold", f"Cross-validation of {made.fold.count} folds", what, True)
    if section.test is not None:
        return _own_test(section, count)
    if section.reported == "validation":
        what = (
            f"The test split is the given validation split ({count} samples); the given test split"
            " is not used."
        )
        return Declaration("reported-validation", "Reported on the validation split", what, True)
    if not count:
        return Declaration("no-test", "No test split", "There is no test sample.")
    if made.test:
        what = f"{count} test samples are held out of data.train, {_by(split.by)}."
        return Declaration("held-out", "Test split held out", what)
    what = f"The test split is the one that data.train gives ({count} samples)."
    return Declaration("official-split", "Given test split", what)


def _own_test(section: DataSection, count: int) -> Declaration:
    train, test = _parameters(section.train), _parameters(section.test)
    if train.get("use") != test.get("use"):
        what = (
            f"Across data sets: trained on {train.get('use')}, tested on {test.get('use')}"
            f" ({count} samples)."
        )
        return Declaration("cross-data-set", "Tested on another data set", what, True)
    differing = [
        name for name in sorted({*train, *test} - _AMOUNT) if train.get(name) != test.get(name)
    ]
    how = f", which differs from data.train in {', '.join(differing)}" if differing else ""
    what = f"The test split is a data set of its own{how} ({count} samples)."
    return Declaration("own-test-set", "Test set of its own", what, bool(differing))


def _transductive(
    section: DataSection, parts: Mapping[str, Sequence[Member]], made: Made
) -> list[Declaration]:
    test = parts["test"]
    count = len(made.alike.to_one_of(parts["unlabelled"], test))
    if section.transductive:
        count = len(test)
    elif not count or 2 * count < len(test):
        return []
    what = (
        f"Transductive: {count} of {len(test)} test samples are trained on as well, without their"
        " labels. The figures do not say how well new samples are recognised."
    )
    return [Declaration("transductive", "Test samples trained on without labels", what, True)]


def _given_up(section: DataSection) -> list[Declaration]:
    fraction = section.split.test_as_unlabelled
    if not fraction:
        return []
    what = (
        f"{100 * fraction:g} % of the test split, with no subject or image on both sides, is used"
        " without labels and not tested on, so figures are of samples that nothing was trained on."
    )
    return [Declaration("test-part", "A part of the test split used without labels", what)]


def _noise(section: DataSection) -> list[Declaration]:
    noise = section.noise
    if noise is None or noise.rate == 0:
        return []
    where = "training and validation" if noise_on_validation(section) else "training"
    what = (
        f"{100 * noise.rate:g} % of the {where} labels were replaced by wrong ones on purpose"
        f" ({noise.kind}); test labels were not."
    )
    return [Declaration("label-noise", f"{100 * noise.rate:g} % wrong labels put in", what, True)]


def _division(section: DataSection, made: Made) -> list[Declaration]:
    found = []
    if section.split.given == "pool":
        what = "Splits that data.train gives are forgotten; the samples were divided anew."
        found.append(Declaration("pooled", "Given splits forgotten", what, True))
    if section.split.by == "stratified" and (made.test or made.validation):
        what = "Subjects may be in several splits (data.split.by: stratified)."
        found.append(Declaration("subjects-cross", "Subjects may cross splits", what))
    return found


def _labels(section: DataSection, n: Mapping[str, int]) -> list[Declaration]:
    if not section.hides_labels:
        return []
    if section.labels is not None:
        asked = f"{section.labels} in all"
    elif isinstance(section.labels_per_class, int):
        asked = f"{section.labels_per_class} per class"
    elif section.labels_per_class is not None:
        asked = ", ".join(f"{count} {name}" for name, count in section.labels_per_class.items())
    else:
        asked = f"{100 * (section.labels_fraction or 0):g} % of each class"
    what = f"{n['labelled']} training labels are used ({asked}); the others are hidden."
    return [Declaration("few-labels", f"Labels used: {asked}", what)]


def noise_on_validation(section: DataSection) -> bool:
    """Whether labels of the validation split are replaced; never where it is the test split."""
    noise = section.noise
    return noise is not None and noise.validation and section.selection == "inner"


def _by(by: str) -> str:
    if by == "stratified":
        return "classes balanced, subjects not kept apart"
    return "no subject, group or image on two sides"


def _parameters(chosen: Any) -> dict[str, Any]:
    """What a chosen data set is, as a plain mapping."""
    if chosen is None:
        return {}
    dumped: dict[str, Any] = dict(chosen) if isinstance(chosen, dict) else chosen.model_dump()
    return dumped
