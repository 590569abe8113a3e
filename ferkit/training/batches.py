"""From the ids of a step to the views that the loop asked for."""

from __future__ import annotations

import re
from collections.abc import Generator, Mapping, Sequence
from contextlib import closing
from typing import NamedTuple

import torch
from torch import Tensor

from ferkit.contracts.data import Clips
from ferkit.contracts.training import Batch, BatchIds, Part, Split, SplitSizes
from ferkit.data.augment import clean_view, weak_view
from ferkit.data.keyed import text_key
from ferkit.data.loader import SplitData, pinned, prefetch
from ferkit.data.randaugment import strong_view
from ferkit.errors import FerkitError
from ferkit.view_sections import AugmentationSection, StrongSection

SPLITS: tuple[Split, ...] = ("labelled", "unlabelled")


class Piece(NamedTuple):
    """A part of a step's batch. ids: of the piece. share: of the step's samples, sums to 1.
    last: whether the step is complete after it. keys: what the views of its samples are keyed by;
    None: their ids."""

    ids: BatchIds
    share: float
    last: bool
    keys: BatchIds | None = None


def view_keys(batches: Sequence[BatchIds], sizes: SplitSizes) -> list[BatchIds]:
    """A number for each place in an epoch's steps, so that a sample that comes again is seen anew.

    The id where it comes first, and the id + n * size of the split where it comes for the n-th time
    after that.
    """
    labelled = _unlike([batch.labelled for batch in batches], sizes.labelled)
    unlabelled = _unlike([batch.unlabelled for batch in batches], sizes.unlabelled)
    return [BatchIds(*keys) for keys in zip(labelled, unlabelled, strict=True)]


def _unlike(parts: list[Tensor], size: int) -> list[Tensor]:
    ids = torch.cat(parts)
    order = ids.argsort(stable=True)
    ordered = ids[order]
    place = torch.arange(len(ids))
    begins = torch.ones(len(ids), dtype=torch.bool)
    begins[1:] = ordered[1:] != ordered[:-1]
    first = torch.where(begins, place, 0).cummax(0).values if len(ids) else place
    times = torch.empty_like(ids)
    times[order] = place - first
    return list(torch.split(ids + times * size, [len(part) for part in parts]))


def cut(ids: BatchIds, pieces: int, keys: BatchIds | None = None) -> list[Piece]:
    """Cut a step's batch into pieces whose losses, times their shares, add up to the whole's.

    Both parts are cut evenly, so that a loss that is a mean over each part adds up too, as far
    as they divide. There are fewer pieces where one would hold a single sample, because batch
    statistics need two.
    """
    total = _size(ids)
    for number in range(pieces, 0, -1):
        made = [
            (_part(ids, i, number), None if keys is None else _part(keys, i, number))
            for i in range(number)
        ]
        made = [(piece, mine) for piece, mine in made if _size(piece)]
        if all(_size(piece) > 1 for piece, _ in made):
            break
    return [
        Piece(piece, _size(piece) / total, place == len(made) - 1, mine)
        for place, (piece, mine) in enumerate(made)
    ]


def _size(ids: BatchIds) -> int:
    return len(ids.labelled) + len(ids.unlabelled)


def _part(ids: BatchIds, number: int, pieces: int) -> BatchIds:
    return BatchIds(
        *(part[_edge(part, number, pieces) : _edge(part, number + 1, pieces)] for part in ids)
    )


def _edge(part: Tensor, number: int, pieces: int) -> int:
    return len(part) * number // pieces


def check_views(views: Mapping[Split, Sequence[str]]) -> None:
    """Refuse views that are not known. Raises: FerkitError."""
    for split in SPLITS:
        for view in views.get(split, ()):
            view_number(view)


def _is_strong(view: str) -> bool:
    return view.startswith("strong")


def view_number(view: str) -> int | None:
    """None for "clean"; 0 for "weak" and "strong", 2 for "weak2", "strong2" and so on.

    Raises: FerkitError: there is no such view.
    """
    if view == "clean":
        return None
    match = re.fullmatch(r"(?:weak|strong)(\d*)", view)
    if match is None:
        raise FerkitError(
            f"no view '{view}'.",
            where="loop",
            hint="A loop may ask for clean, weak, weak2, ..., strong, strong2, ...",
        )
    return int(match[1] or 0)


class BatchMaker:
    """Reads pieces ahead in a thread and makes their views on the device.

    Args:
        splits: the data, by split.
        views: that the loop asks for.
        augmentation: of the weak view; None: it is the clean one.
        strong: of the strong view; None: a loop may not ask for it.
        frames: of a clip per step.
        device: of the views.
        seed: of the run.
    Raises: FerkitError: the loop asks for a view that there is not.
    """

    def __init__(
        self,
        splits: Mapping[Split, SplitData],
        views: Mapping[Split, Sequence[str]],
        *,
        augmentation: AugmentationSection | None,
        strong: StrongSection | None = None,
        frames: int,
        device: torch.device,
        seed: int,
    ) -> None:
        check_views(views)
        if strong is None and any(
            _is_strong(view) for split in SPLITS for view in views.get(split, ())
        ):
            raise FerkitError(
                "it is null, and the loop asks for strong views.",
                where="training.strong",
                hint="Leave it out for the usual ones.",
            )
        self._splits, self._views, self._frames = splits, views, frames
        self._augmentation, self._strong = augmentation, strong
        self._device, self._seed = device, seed

    def batches(
        self, pieces: Sequence[Piece], *, phase: str, epoch: int
    ) -> Generator[tuple[Piece, Batch], None, None]:
        """Pieces with their pixels, in order. Close the iterator when leaving early."""
        with closing(prefetch(pieces, self._load)) as loaded:
            for piece, read in loaded:
                parts = [
                    Part(ids, self._make(split, keys, read.get(split), phase=phase, epoch=epoch))
                    for split, ids, keys in zip(
                        SPLITS, piece.ids, piece.keys or piece.ids, strict=True
                    )
                ]
                yield piece, Batch(*parts)

    def _load(self, piece: Piece) -> tuple[Piece, dict[Split, Clips]]:
        read = {
            split: pinned(self._splits[split].read(ids, self._frames), self._device)
            for split, ids in zip(SPLITS, piece.ids, strict=True)
            if len(ids) and self._views.get(split)
        }
        return piece, read

    def _make(
        self, split: Split, keys: Tensor, read: Clips | None, *, phase: str, epoch: int
    ) -> dict[str, Clips]:
        """Views by name, drawn by `keys`.

        Where a sample is valid stays on the CPU: the network looks there for the frames to
        compute, and would wait for a GPU otherwise."""
        if read is None:
            return {}
        pixels = read.frames.to(self._device, non_blocking=True)
        clips = Clips(pixels, read.valid)
        seed = text_key(f"{self._seed} {phase} {split}")
        made: dict[str, Clips] = {}
        for view in self._views[split]:
            number = view_number(view)
            if number is not None and _is_strong(view) and self._strong is not None:
                made[view] = strong_view(
                    clips,
                    settings=self._strong,
                    seed=seed,
                    epoch=epoch,
                    ids=keys,
                    view=number,
                    weak=self._augmentation,
                )
            elif number is not None and self._augmentation is not None:
                made[view] = weak_view(
                    clips,
                    settings=self._augmentation,
                    seed=seed,
                    epoch=epoch,
                    ids=keys,
                    view=number,
                )
            else:
                made[view] = clean_view(clips)
        return made
