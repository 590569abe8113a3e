"""The data sets of a recipe with their crops prepared."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ferkit.contracts.data import ClipSource, Dataset, DrawnDataset, Problem, Sample
from ferkit.data.members import Crops, Rows, SourceName
from ferkit.data.near_duplicates import duplicate_groups, groups_apart, hash_clips
from ferkit.data.pictures import Shows, pictures
from ferkit.data.unseen import without_crops
from ferkit.errors import FerkitError
from ferkit.faces.from_recipe import prepare_for_recipe
from ferkit.plugin import Context

if TYPE_CHECKING:
    from ferkit.catalogue import Catalogue
    from ferkit.running.assemble import ReadSet, ReadSets
    from ferkit.running.progress import Display
    from ferkit.sections import Recipe


@dataclass(frozen=True)
class Source:
    """One prepared data set: crop i of `rows` shows in row i of `clips`.

    unseen: position of a row without crops -> why there are none.
    images: of folders that are clips, content -> the content of their images.
    """

    rows: Rows
    clips: ClipSource
    problems: tuple[Problem, ...]
    fingerprint: str
    dataset: Dataset | DrawnDataset
    unseen: Mapping[int, str] = field(default_factory=dict)
    images: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def pictures(self) -> tuple[Shows, ...]:
        """Of each crop which pictures it is of, see `ferkit.data.pictures`."""
        rows, shown = self.rows.samples, self.rows.shown.rows
        keys = getattr(self.clips, "keys", None)
        return pictures(self.dataset, rows, shown, keys, self.images)


def prepare_data(
    read: ReadSets, recipe: Recipe, catalogue: Catalogue, context: Context, *, display: Display
) -> dict[SourceName, Source]:
    """Make sure that the crops of the rows are in the store."""
    return {
        role: _source(role, one, recipe, catalogue, context, display=display)
        for role, one in read.items()
    }


def _source(
    role: SourceName,
    read: ReadSet,
    recipe: Recipe,
    catalogue: Catalogue,
    context: Context,
    *,
    display: Display,
) -> Source:
    dataset, samples = read.dataset, read.samples
    prepared = prepare_for_recipe(
        dataset,
        samples,
        faces=recipe.faces,
        chosen=getattr(recipe.data, role),
        catalogue=catalogue,
        context=context,
        progress=display,
    )
    if not prepared.kept:
        reasons = "; ".join(problem.what for problem in prepared.failures[:3])
        raise FerkitError(
            f"none of the {len(samples)} samples shows a usable face. {reasons}",
            where=f"data.{role}",
        )
    return Source(
        rows=Rows(samples, read.classes, Crops(prepared.kept, prepared.samples)),
        clips=prepared.source,
        problems=(*dataset.problems(), *prepared.failures),
        fingerprint=_fingerprint(dataset.fingerprint(), read.classes, samples),
        dataset=dataset,
        unseen=without_crops(len(samples), prepared.kept, prepared.failures),
        images=prepared.images,
    )


def _fingerprint(dataset: str, classes: Sequence[str], samples: Sequence[Sample]) -> str:
    """Digest of what the data set says of itself and of every row's id, label, split, subject."""
    digest = hashlib.sha256(f"{dataset} {list(classes)}".encode())
    for sample in samples:
        row = (sample.id, sample.label, sample.votes, sample.split, sample.subject, sample.group)
        digest.update(repr(row).encode())
    return digest.hexdigest()


def alike_images(
    sources: Mapping[SourceName, Source], *, distance: int | None
) -> tuple[list[int], list[int]]:
    """Groups of alike images over all data sets, in their order, and in each apart.

    Args:
        distance: as of `duplicate_groups`.
    """
    hashes = [hash_clips(source.clips) for source in sources.values()]
    joint = duplicate_groups(hashes, distance=distance)
    return joint, groups_apart(hashes, distance=distance) if len(hashes) > 1 else joint
