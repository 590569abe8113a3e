"""The rows of several data sets under one order of classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal, NamedTuple

from ferkit.contracts.data import Problem, Sample
from ferkit.suggest import nearest

SourceName = Literal["train", "test", "unlabelled"]
"""Under which key of `data:` a data set stands in the recipe."""


class Crops(NamedTuple):
    """Which rows of a data set there are crops of.

    rows: (N,) of crop i the position of its row, ascending; a row comes as often as it has faces.
    samples: (N,) the row as its crop is called.
    """

    rows: Sequence[int]
    samples: Sequence[Sample]


class Rows(NamedTuple):
    """Samples as a data set gives them; labels are in the order of its own classes.

    crops: None: of each row there is one.
    """

    samples: Sequence[Sample]
    classes: tuple[str, ...]
    crops: Crops | None = None

    @property
    def shown(self) -> Crops:
        """The crops, also where each row has one."""
        return self.crops or Crops(range(len(self.samples)), self.samples)


class Member(NamedTuple):
    """A sample of a split.

    source: the data set it comes from. position: of the row in that data set's samples, or where
        samples are divided already of the crop among its crops.
    sample: the row with label, votes and truth in the order of the run's classes; where the
        split hides labels, label -1 and no votes, and what was given as the truth.
    row: id of the row, where the sample is one of several faces in it.
    """

    source: SourceName
    position: int
    sample: Sample
    row: str = ""

    @property
    def key(self) -> str:
        """Names it whatever the order of files."""
        return f"{self.source}/{self.sample.id}"

    @property
    def row_key(self) -> str:
        """`key` of its row."""
        return f"{self.source}/{self.row or self.sample.id}"


def adopt(
    rows: Rows, source: SourceName, classes: Sequence[str], *, keep_unknown: bool = False
) -> tuple[list[Member], list[Problem]]:
    """Bring the rows of a data set to the run's classes, by name.

    Args:
        rows: as the data set gives them.
        classes: of the run, in label order.
        keep_unknown: keep samples of other classes, without a label; otherwise they are left
            out. They are reported in both cases.
    """
    to = {name: label for label, name in enumerate(classes)}
    place = [to.get(name, -1) for name in rows.classes]  # own label -> the run's
    same = tuple(rows.classes) == tuple(classes)
    members: list[Member] = []
    problems: list[Problem] = []
    for position, sample in enumerate(rows.samples):
        if same:
            members.append(Member(source, position, sample))
            continue
        label = place[sample.label] if sample.label >= 0 else -1
        if sample.label >= 0 and label < 0:
            name = rows.classes[sample.label]
            problems.append(_foreign(sample, name, classes, dropped=not keep_unknown))
            if not keep_unknown:
                continue
        votes = _reorder(sample.votes, place, len(classes))
        truth = place[sample.truth] if sample.truth >= 0 else -1
        mapped = replace(sample, label=label, votes=votes, truth=truth)
        members.append(Member(source, position, mapped))
    return members, problems


def hide_label(member: Member) -> Member:
    """The same sample without its label and votes; the label becomes the truth if none is known."""
    sample = member.sample
    truth = sample.truth if sample.truth >= 0 else sample.label
    return member._replace(sample=replace(sample, label=-1, votes=None, truth=truth))


def _reorder(
    votes: tuple[float, ...] | None, place: Sequence[int], classes: int
) -> tuple[float, ...] | None:
    """Votes in the run's order; None if all went to classes that the run does not have."""
    if votes is None:
        return None
    moved = [0.0] * classes
    for label, vote in zip(place, votes, strict=True):
        if label >= 0:
            moved[label] += vote
    return tuple(moved) if sum(moved) > 0 else None


def _foreign(sample: Sample, name: str, classes: Sequence[str], *, dropped: bool) -> Problem:
    close = nearest(name, classes)
    advice = f" Did you mean {close!r}? Map it with `labels`." if close else ""
    what = f"class {name!r} is none of the run's classes.{advice}"
    return Problem("class not in this run", place_of(sample), what, dropped)


def place_of(sample: Sample) -> str:
    """Where a message says that a sample is."""
    return sample.path or sample.id
