"""What is to be kept in mind of splits when their figures are read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ferkit.contracts.data import Problem
from ferkit.data.members import Member
from ferkit.data.part_of_test import KEY as TEST_PART
from ferkit.data.report import few_validation_samples
from ferkit.sections import DataSection


def remarks(
    parts: Mapping[str, Sequence[Member]], classes: Sequence[str], section: DataSection
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
