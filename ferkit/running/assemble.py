"""From a recipe to its data: rows, crops, splits."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from ferkit.contracts.data import Dataset, DrawnDataset, Problem, Sample
from ferkit.data.loader import SplitData, split_data
from ferkit.data.members import Member, SourceName
from ferkit.data.pictures import Shows
from ferkit.data.report import summarise
from ferkit.data.shared_pictures import shared_pictures
from ferkit.data.splits import Splits, make_splits
from ferkit.data.unseen import Unseen
from ferkit.errors import FerkitError
from ferkit.plugin import Context, Kind
from ferkit.running.sources import Source, alike_images, prepare_data

if TYPE_CHECKING:
    from pydantic import BaseModel

    from ferkit.catalogue import Catalogue
    from ferkit.running.progress import Display
    from ferkit.sections import Recipe

ROLES: tuple[SourceName, ...] = ("train", "test", "unlabelled")
SMOKE_SAMPLES = 96
"""Of each data set in a smoke run, spread over its classes."""


@dataclass(frozen=True)
class ReadSet:
    """The rows of a data set, no face of which is prepared yet. samples: N > 0."""

    dataset: Dataset | DrawnDataset
    samples: tuple[Sample, ...]

    @property
    def classes(self) -> tuple[str, ...]:
        """In the order of its labels."""
        return tuple(self.dataset.classes)


ReadSets = dict[SourceName, ReadSet]
"""Those of a recipe, the training set first."""


@dataclass(frozen=True)
class RunData:
    """The splits of a run, ready to be read.

    fingerprints: per data set, of what its rows and files were.
    datasets: for what they know besides.
    unseen: of the splits "test" and "validation", samples of which there are no crops.
    pictures: of each split and sample which pictures it shows.
    seen_before: test samples that models before this run have seen, see `ancestry.Seen`.
    """

    splits: Splits
    regions: tuple[str, ...]
    image_size: int
    labelled: SplitData
    unlabelled: SplitData | None
    validation: SplitData | None
    test: SplitData | None
    problems: tuple[Problem, ...]
    fingerprints: dict[str, str]
    datasets: Mapping[SourceName, Dataset | DrawnDataset] = field(default_factory=dict)
    unseen: Mapping[str, Sequence[Unseen]] = field(default_factory=dict)
    pictures: Mapping[str, Sequence[Shows]] = field(default_factory=dict)
    seen_before: Sequence[Mapping[str, Any]] = ()

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names in label order."""
        return self.splits.classes

    def sizes(self) -> dict[str, dict[str, Any]]:
        """Split -> how many samples in all, and of each class."""
        counts = self.splits.counts()
        return {
            name: {"n": len(members), "classes": counts[name]}
            for name, members in self.splits.parts().items()
        }


def assemble(
    recipe: Recipe,
    catalogue: Catalogue,
    context: Context,
    *,
    display: Display,
    smoke: bool = False,
    before: Callable[[ReadSets], None] = lambda _: None,
) -> RunData:
    """Read, prepare and divide the data of a recipe.

    Args:
        context: the run's seed and device, and the folder that paths are relative to.
        display: where the progress of preparation goes.
        smoke: take a few samples of each data set only.
        before: called when the rows are known and no face is prepared; may raise.
    Raises: FerkitError: data that can't be read, or that does not suffice.
    """
    read = read_data(recipe, catalogue, context, smoke=smoke)
    before(read)
    sources = prepare_data(read, recipe, catalogue, context, display=display)
    found = tuple(problem for source in sources.values() for problem in source.problems)
    tell(found, display)  # before the split, which may fail because of them
    rows = {role: source.rows for role, source in sources.items()}
    alike, alike_apart = alike_images(sources, distance=recipe.data.split.near_duplicates)
    splits = make_splits(
        rows["train"],
        section=recipe.data,
        test=rows.get("test"),
        unlabelled=rows.get("unlabelled"),
        duplicate_groups=alike,
        own_groups=alike_apart,
        rough=smoke,
    )
    if len(splits.classes) < 2:
        raise FerkitError(
            f"all samples are of one class ({', '.join(splits.classes)}): nothing to tell apart.",
            where="data.train",
        )
    shown = _pictures(splits, sources)
    shared = shared_pictures(splits.parts(), shown)
    divided = (*splits.problems, *shared, *_wrong_labels(splits))
    tell(divided, display)
    for one in splits.protocol:
        if one.declared:
            display.say(f"protocol: {one.what}")
    return RunData(
        splits=splits,
        regions=sources["train"].clips.regions,
        image_size=sources["train"].clips.image_size,
        labelled=_part(splits.labelled, sources, splits),
        unlabelled=_part(splits.unlabelled, sources, splits) if splits.unlabelled else None,
        validation=_part(splits.validation, sources, splits) if splits.validation else None,
        test=_part(splits.test, sources, splits) if splits.test else None,
        problems=(*found, *divided),
        fingerprints={role: source.fingerprint for role, source in sources.items()},
        datasets={role: source.dataset for role, source in sources.items()},
        unseen={
            name: [Unseen(m.sample, sources[m.source].unseen[m.position]) for m in members]
            for name, members in splits.unseen.items()
        },
        pictures=shown,
    )


def tell(problems: Sequence[Problem], display: Display) -> None:
    """Say what is wrong with the data, a line per kind."""
    for summary in summarise(problems):
        display.say(f"data: {summary.line()}")


def _wrong_labels(splits: Splits) -> list[Problem]:
    """Held-out labels that are known to be wrong: figures are against the given ones."""
    found = []
    for name in ("validation", "test"):
        samples = [member.sample for member in splits.parts()[name]]
        wrong = sum(s.truth >= 0 and s.label >= 0 and s.truth != s.label for s in samples)
        if wrong:
            what = (
                f"{wrong} of {len(samples)} {name} labels are known to be wrong; figures are "
                "against the given labels."
            )
            found.append(Problem(f"wrong {name} labels", "data", what, dropped=False))
    return found


def read_data(
    recipe: Recipe, catalogue: Catalogue, context: Context, *, smoke: bool = False
) -> ReadSets:
    """Read the rows of a recipe's data sets.

    Raises: FerkitError: a data set can't be read or has none.
    """
    return {
        role: _rows(role, chosen, catalogue, context, smoke=smoke)
        for role in ROLES
        if (chosen := getattr(recipe.data, role)) is not None
    }


def _rows(
    role: SourceName, chosen: BaseModel, catalogue: Catalogue, context: Context, *, smoke: bool
) -> ReadSet:
    dataset = cast("Dataset | DrawnDataset", catalogue.build(Kind.DATASET, chosen, context))
    samples = list(dataset.samples())
    if not samples:
        reasons = "; ".join(problem.what for problem in list(dataset.problems())[:3])
        raise FerkitError(
            "the data set has no usable sample." + (f" {reasons}" if reasons else ""),
            where=f"data.{role}",
        )
    return ReadSet(dataset, tuple(few(samples, SMOKE_SAMPLES) if smoke else samples))


def few(samples: Sequence[Sample], count: int) -> list[Sample]:
    """At most `count` samples, classes in turn, chosen by their ids, in the given order."""
    by_class: dict[tuple[int, str], list[Sample]] = {}
    for sample in sorted(samples, key=lambda sample: zlib.crc32(sample.id.encode())):
        by_class.setdefault((sample.label, sample.split), []).append(sample)
    chosen: set[str] = set()
    for turn in range(max(map(len, by_class.values()), default=0)):
        for group in by_class.values():
            if turn < len(group) and len(chosen) < count:
                chosen.add(group[turn].id)
    return [sample for sample in samples if sample.id in chosen]


def _pictures(splits: Splits, sources: dict[SourceName, Source]) -> dict[str, list[Shows]]:
    of = {role: source.pictures() for role, source in sources.items()}
    return {
        name: [of[member.source][member.position] for member in members]
        for name, members in splits.parts().items()
    }


def _part(
    members: Sequence[Member], sources: dict[SourceName, Source], splits: Splits
) -> SplitData:
    return split_data(
        [member.sample for member in members],
        [(sources[member.source].clips, member.position) for member in members],
        classes=len(splits.classes),
    )
