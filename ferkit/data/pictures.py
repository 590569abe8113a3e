"""Which picture a sample is, whatever is cut from it and whatever it is called."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from ferkit.contracts.data import Dataset, DrawnDataset, Sample


def pictures(
    dataset: Dataset | DrawnDataset,
    rows: Sequence[Sample],
    crops: Sequence[int],
    keys: Sequence[str] | None,
) -> tuple[str, ...]:
    """A name of 16 hex digits for the picture of each crop, the same in every run.

    Args:
        rows: of the data set.
        crops: (N,) of each crop the position of its row.
        keys: (N,) what the store files the crops of files under: their content, and after a "-"
            what else they depend on. None: it is not known.
    Returns: (N,); "" where the picture is not known. A file is known by its content, with the
        frames that are used of a clip; what is drawn by its id and what decides its pixels.
    """
    if isinstance(dataset, DrawnDataset):
        drawn = dataset.fingerprint()
        return tuple(_name(drawn, rows[row].id) for row in crops)
    if keys is None:
        return ("",) * len(crops)
    return tuple(
        _name(key.partition("-")[0], rows[row].span) for row, key in zip(crops, keys, strict=True)
    )


def _name(*parts: object) -> str:
    return hashlib.blake2b(repr(parts).encode(), digest_size=8).hexdigest()
