"""Which pictures a sample shows, whatever is cut from it and whatever it is called.

A picture is 16 hex digits: a file, by its content. Frames of a video that is used in part are
"<its digits>:<first>-<last>", so two parts show a picture in common where they overlap.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from ferkit.contracts.data import Dataset, DrawnDataset, Sample

_END = 1 << 62  # after the last frame of any video


class Shows(NamedTuple):
    """What a sample shows, the same in every run.

    name: of it as a whole, 16 hex digits; "" where it is not known. pictures: in it.
    """

    name: str
    pictures: tuple[str, ...]


UNKNOWN = Shows("", ())


def pictures(
    dataset: Dataset | DrawnDataset,
    rows: Sequence[Sample],
    crops: Sequence[int],
    keys: Sequence[str] | None,
    images: Mapping[str, Sequence[str]],
) -> tuple[Shows, ...]:
    """What each crop is of.

    Args:
        rows: of the data set.
        crops: (N,) of each crop the position of its row.
        keys: (N,) what the store files the crops of files under: their content, and after a "-"
            what else they depend on. None: it is not known.
        images: of folders that are clips, content -> the content of their images in order.
    Returns: (N,). All images of a clip, or of its part, count, also those that are not sampled.
        What is drawn is one picture, known by its id and what decides its pixels.
    """
    if isinstance(dataset, DrawnDataset):
        drawn = dataset.fingerprint()
        return tuple(_one(_name(drawn, rows[row].id)) for row in crops)
    if keys is None:
        return (UNKNOWN,) * len(crops)
    known: dict[tuple[str, tuple[int, int] | None], Shows] = {}
    found = []
    for row, key in zip(crops, keys, strict=True):
        content, span = key.partition("-")[0], rows[row].span
        if (content, span) not in known:
            known[content, span] = _of_file(content, span, images.get(content))
        found.append(known[content, span])
    return tuple(found)


def _of_file(content: str, span: tuple[int, int] | None, images: Sequence[str] | None) -> Shows:
    name = _name(content, span)
    if images is not None:
        first, last = span or (0, len(images))
        used = dict.fromkeys(one for one in images[first : last + 1] if one)
        return Shows(name, tuple(_name(one, None) for one in used))
    if span is not None:
        return Shows(name, (_part(_name(content, None), *span),))
    return _one(name)


def _one(name: str) -> Shows:
    return Shows(name, (name,))


def _name(*parts: object) -> str:
    return hashlib.blake2b(repr(parts).encode(), digest_size=8).hexdigest()


class PictureSet:
    """Pictures that are asked for others."""

    def __init__(self, shown: Iterable[str] = ()) -> None:
        self._whole: set[str] = set()
        self._parts: dict[str, list[tuple[int, int]]] = {}
        for picture in shown:
            if (file := file_of(picture)) == picture:
                self._whole.add(picture)
            else:
                self._parts.setdefault(file, []).append(_frames(picture))

    def has(self, picture: str) -> bool:
        """Whether the picture, or a frame of it, is among them."""
        file = file_of(picture)
        if file in self._whole:
            return True
        first, last = _frames(picture)
        return any(a <= last and first <= b for a, b in self._parts.get(file, ()))


def without(picture: str, others: Iterable[str]) -> tuple[str, ...]:
    """What of a picture none of the others shows: of a part of a video what is left of it."""
    file, left = file_of(picture), [_frames(picture)]
    for other in others:
        if file_of(other) == file:
            first, last = _frames(other)
            cut = [((a, min(b, first - 1)), (max(a, last + 1), b)) for a, b in left]
            left = [(a, b) for pieces in cut for a, b in pieces if a <= b]
    return tuple(_part(file, a, b) for a, b in left)


def file_of(picture: str) -> str:
    """The digits of the file that a picture is, or is a part of."""
    return picture.partition(":")[0]


def _part(file: str, first: int, last: int) -> str:
    return file if (first, last) == (0, _END) else f"{file}:{first}-{last}"


def _frames(picture: str) -> tuple[int, int]:
    """The first and the last frame."""
    span = picture.partition(":")[2]
    if not span:
        return 0, _END
    first, _, last = span.partition("-")
    return int(first), int(last)
