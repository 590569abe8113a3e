"""From rows, which are divided, to their crops, which are learned from and tested on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ferkit.data.members import Member, Rows, SourceName


class Shown:
    """The crops of divided rows. A row of which nothing could be cropped has none.

    Args:
        rows: members of all data sets; `position` is that of the row.
        sources: what data sets give.

    Attributes:
        members: one for each crop, in the order of the rows; `position` is that of the crop.
    """

    def __init__(self, rows: Sequence[Member], sources: Mapping[SourceName, Rows]) -> None:
        crops: dict[tuple[SourceName, int], list[int]] = {}
        for source, given in sources.items():
            for place, row in enumerate(given.shown.rows):
                crops.setdefault((source, row), []).append(place)
        self._of = {
            row.key: [
                _shown(row, sources[row.source].shown.samples[place].id, place)
                for place in crops.get((row.source, row.position), ())
            ]
            for row in rows
        }
        self.members = [member for row in rows for member in self._of[row.key]]

    def of(self, rows: Sequence[Member]) -> list[Member]:
        """The crops of some rows."""
        return [member for row in rows for member in self._of[row.key]]

    def without(self, rows: Sequence[Member]) -> list[Member]:
        """Those of the rows that have no crop."""
        return [row for row in rows if not self._of[row.key]]


def _shown(row: Member, name: str, place: int) -> Member:
    """A crop of a row; a face among several of it has a name of its own, and they are a group."""
    if name == row.sample.id:
        return row._replace(position=place)
    sample = replace(row.sample, id=name, group=row.sample.group or row.sample.id)
    return Member(row.source, place, sample, row.sample.id)
