"""Which pictures a run shows its model and is tested on, and whether another one has seen them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from ferkit.data.picture_sets import OwnedPictures, PictureSet
from ferkit.files import replacing, told_plainly

if TYPE_CHECKING:
    from ferkit.running.assemble import RunData

FILE = "samples.parquet"
"""Which sample of a run is in which split, and which pictures it shows: `picture` is its name as a
whole, `pictures` are those in it. Older versions wrote no `pictures`."""

USES = {
    "labelled": "trained on",
    "validation": "validated on",
    "unlabelled": "trained on, without labels,",
}
"""What a run does with the samples of a split."""


class Asked(NamedTuple):
    """A test sample that models before may have seen.

    name: of it as a whole. pictures: in it, but for those that the run learns from besides.
    own: splits of the run that it is in as well. in_clip: it is several pictures, or a
    part of a video.
    """

    id: str
    name: str
    pictures: tuple[str, ...]
    own: frozenset[str]
    in_clip: bool


class Record(NamedTuple):
    """The pictures that a model before has seen, by split.

    by_name: an older version wrote the names of the samples as wholes only.
    """

    seen: Mapping[str, PictureSet]
    by_name: bool

    def has(self, split: str, asked: Asked) -> bool:
        """Whether it has seen any of them."""
        names = (*asked.pictures, asked.name) if self.by_name else asked.pictures
        return self.seen[split].has_any(names)


def write_samples(folder: Path, data: RunData) -> None:
    """Write which samples a run learns from, chooses by and is tested on."""
    parts = data.splits.parts().items()
    shown = [shows for name, _ in parts for shows in data.pictures[name]]
    columns = {
        "split": [name for name, members in parts for _ in members],
        "id": [member.sample.id for _, members in parts for member in members],
        "picture": [shows.name for shows in shown],
    }
    table = pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()})
    several = pa.array([shows.pictures for shows in shown], pa.list_(pa.string()))
    table = table.append_column("pictures", several)
    path = folder / FILE
    with told_plainly(path), replacing(path) as file:
        pq.write_table(table, file, compression="zstd")


def ask(data: RunData) -> list[Asked] | None:
    """What is asked of the models before; None: it is not known what is tested on."""
    tested = list(zip(data.splits.test, data.pictures.get("test", ()), strict=True))
    if not all(shows.name for _, shows in tested):
        return None
    learned: list[tuple[str, tuple[str, ...]]] = []
    own: dict[str, set[str]] = {}
    for split in USES:
        for member, shows in zip(data.splits.parts()[split], data.pictures[split], strict=True):
            own.setdefault(member.key, set()).add(split)
            learned.append((member.key, shows.pictures))
    known = OwnedPictures(learned, (one for _, shows in tested for one in shows.pictures))
    asked = []
    for member, shows in tested:
        left = [part for one in shows.pictures for part in known.left(one, member.key)]
        if left:
            splits, in_clip = frozenset(own.get(member.key, ())), shows.pictures != (shows.name,)
            asked.append(Asked(member.sample.id, shows.name, tuple(left), splits, in_clip))
    return asked


def read_record(folder: Path) -> Record | None:
    """What the model of a run has seen; None: its folder does not say."""
    try:
        table = pq.read_table(folder / FILE)
        splits, names = table["split"].to_pylist(), table["picture"].to_pylist()
        by_name = "pictures" not in table.column_names
        shown = [[name] for name in names] if by_name else table["pictures"].to_pylist()
    except (OSError, KeyError, pa.ArrowException):
        return None
    found: dict[str, list[str]] = {split: [] for split in USES}
    for split, name, pictures in zip(splits, names, shown, strict=True):
        if split in found and name:
            found[split] += pictures
    return Record({split: PictureSet(seen) for split, seen in found.items()}, by_name)
