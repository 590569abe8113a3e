"""Which pictures a sample shows, whatever is cut from it and whatever it is called.

A picture is 16 hex digits: a file, by its content. Frames of a video that is used in part are
"<its digits>:<first>-<last>", so two parts show a picture in common where they overlap.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ferkit.contracts.data import Dataset, DrawnDataset, Sample

END = 1 << 62
"""After the last frame of any video."""


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
        return Shows(name, (part_of(_name(content, None), *span),))
    return _one(name)


def _one(name: str) -> Shows:
    return Shows(name, (name,))


def _name(*parts: object) -> str:
    return hashlib.blake2b(repr(parts).encode(), digest_size=8).hexdigest()


def file_of(picture: str) -> str:
    """The digits of the file that a picture is, or is a part of."""
    return picture.partition(":")[0]


def is_part(picture: str) -> bool:
    """Whether it is frames of a video, not a whole file."""
    return ":" in picture


def part_of(file: str, first: int, last: int) -> str:
    """Frames of a file; the file itself where they are all that there may be."""
    return file if (first, last) == (0, END) else f"{file}:{first}-{last}"


def frames_of(picture: str) -> tuple[int, int]:
    """The first and the last frame; of a whole file `END` is the last."""
    span = picture.partition(":")[2]
    if not span:
        return 0, END
    first, _, last = span.partition("-")
    return int(first), int(last)
