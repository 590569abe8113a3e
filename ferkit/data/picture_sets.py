"""Sets of pictures that are asked for others, however many parts of one video are among them.

Frames are kept as spans, (first, last) with both ends in; those of a set are ascending and at
least a frame apart, so that the few that matter are found by bisection.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence

from ferkit.data.pictures import END, file_of, frames_of, is_part, part_of

Span = tuple[int, int]


class PictureSet:
    """Pictures that are asked for others."""

    def __init__(self, shown: Iterable[str] = ()) -> None:
        self._whole = set(shown)
        parts = set(filter(is_part, self._whole))
        self._whole -= parts
        spans: dict[str, list[Span]] = {}
        for part in parts:
            spans.setdefault(file_of(part), []).append(frames_of(part))
        self._parts = {file: _joined(several) for file, several in spans.items()}

    def has_any(self, pictures: Collection[str]) -> bool:
        """Whether one of the pictures, or a frame of it, is among them."""
        if not self._whole.isdisjoint(pictures) or not self._parts.keys().isdisjoint(pictures):
            return True
        return any(self._has_frames(part) for part in pictures if is_part(part))

    def _has_frames(self, part: str) -> bool:
        file = file_of(part)
        return file in self._whole or any(_within(self._parts.get(file, ()), *frames_of(part)))


class OwnedPictures:
    """Pictures of several owners, to tell what of a picture the others do not have."""

    def __init__(self, owned: Iterable[tuple[str, Collection[str]]], wanted: Iterable[str]) -> None:
        """Hold what may matter.

        Args:
            owned: owner, and pictures of it; an owner may come several times.
            wanted: pictures that will be asked for; of other files nothing is held.
        """
        files = {file_of(picture) for picture in wanted}
        spans: dict[str, list[tuple[int, int, str]]] = {}
        for owner, pictures in owned:
            parts = {part for part in pictures if is_part(part) and file_of(part) in files}
            for picture in files.intersection(pictures) | parts:
                spans.setdefault(file_of(picture), []).append((*frames_of(picture), owner))
        self._every = {file: _joined((a, b) for a, b, _ in had) for file, had in spans.items()}
        self._sole = {file: _of_one_owner(had) for file, had in spans.items()}

    def left(self, picture: str, owner: str) -> tuple[str, ...]:
        """What of a picture no one but its owner has: of a part of a video what is left of it."""
        file = file_of(picture)
        if file not in self._every:
            return (picture,)
        first, last = frames_of(picture)
        own = _within(self._sole[file].get(owner, ()), first, last)
        kept = [(max(a, first), min(b, last)) for a, b in own]
        free = _between(_within(self._every[file], first, last), first, last)
        return tuple(part_of(file, a, b) for a, b in _joined((*free, *kept)))


def _joined(spans: Iterable[Span]) -> list[Span]:
    """The same frames, ascending and apart."""
    found: list[Span] = []
    for first, last in sorted(spans):
        if found and first <= found[-1][1] + 1:
            found[-1] = found[-1][0], max(last, found[-1][1])
        else:
            found.append((first, last))
    return found


def _within(spans: Sequence[Span], first: int, last: int) -> Iterator[Span]:
    """Those of joined spans that have a frame in common with one."""
    at = bisect_right(spans, (first, END))
    if at and spans[at - 1][1] >= first:
        at -= 1
    while at < len(spans) and spans[at][0] <= last:
        yield spans[at]
        at += 1


def _between(spans: Iterable[Span], first: int, last: int) -> Iterator[Span]:
    """What joined spans leave of one."""
    for a, b in spans:
        if first < a:
            yield first, a - 1
        first = b + 1
    if first <= last:
        yield first, last


def _of_one_owner(owned: Sequence[tuple[int, int, str]]) -> dict[str, list[Span]]:
    """Owner -> the frames that it alone has, joined."""
    owners = {owner for *_, owner in owned}
    if len(owners) == 1:
        return {owner: _joined((a, b) for a, b, _ in owned) for owner in owners}
    begins = [(first, 1, owner) for first, _, owner in owned]
    ends = [(last + 1, -1, owner) for _, last, owner in owned]
    found: dict[str, list[Span]] = {}
    there: Counter[str] = Counter()
    since = 0
    for frame, change, owner in sorted(begins + ends):
        if since < frame and len(there) == 1:
            found.setdefault(next(iter(there)), []).append((since, frame - 1))
        since = frame
        there[owner] += change
        if not there[owner]:
            del there[owner]
    return {owner: _joined(spans) for owner, spans in found.items()}
